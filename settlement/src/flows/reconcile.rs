//! A merchant compares a day of its orders with ours. Nothing of the books is written.

use super::actor::Actor;
use crate::domain::order::Scope;
use crate::domain::reconcile::{self, Comparison, KnownOrder, Span};
use crate::error::Fault;
use crate::store::reconcile::{self as orders, ExtraRow, OrderRow};
use crate::store::{instant, merchant, terms};
use jiff::tz::TimeZone;
use shared::money::Currency;
use shared::validate::resource::Day;
use sqlx::PgConnection;

/// Entries of each list in an answer at most; the counts tell the whole.
pub const LISTED_MAX: usize = 1_000;

/// A day compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// The merchant's, IANA name.
    pub time_zone: String,
    /// The day in it.
    pub span: Span,
    /// What became of the orders sent.
    pub comparison: Comparison,
    /// Orders of ours of that day that were not sent, the earliest first, at most [`LISTED_MAX`].
    pub extra: Vec<OrderRow>,
    /// How many of those there are.
    pub extra_total: usize,
}

/// Compares a day on the caller's connection. What is accepted and not settled yet is not ours yet.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    day: &Day,
) -> Result<Reconciled, Fault> {
    actor.may_change(scope.merchant)?;
    let found = merchant::find(connection, scope.merchant.0).await?;
    let time_zone = found.ok_or(Fault::NotFound("merchant"))?.time_zone;
    let zone = TimeZone::get(&time_zone)
        .map_err(|cause| Fault::Corrupt(format!("a merchant's time zone is none: {cause}")))?;
    let span = reconcile::span(day.date, &zone)
        .ok_or_else(|| Fault::invalid("date must be a day of the calendar"))?;
    let ids: Vec<&str> = day.orders.iter().map(|order| order.external_order_id.as_str()).collect();
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    let rows = orders::known(connection, environment, owner, &ids).await?;
    let known = rows.into_iter().map(known_order).collect::<Result<Vec<_>, _>>()?;
    let bounds = (instant::to_row(span.from), instant::to_row(span.to));
    let rows_max = i64::try_from(LISTED_MAX).unwrap_or(i64::MAX);
    let extra = orders::extra(connection, environment, owner, bounds, &ids, rows_max).await?;
    let extra_total = extra.first().map_or(0, |row| usize::try_from(row.total).unwrap_or(0));
    Ok(Reconciled {
        comparison: reconcile::compare(day, &known, &zone),
        time_zone,
        span,
        extra: extra.into_iter().map(|ExtraRow { order, .. }| order).collect(),
        extra_total,
    })
}

fn known_order(row: OrderRow) -> Result<KnownOrder, sqlx::Error> {
    let currency = Currency::parse(&row.currency);
    Ok(KnownOrder {
        currency: currency.ok_or_else(|| terms::unknown("conversion", &row.currency))?,
        external_order_id: row.external_order_id,
        status: row.order_status,
        amount: row.order_amount,
        ordered_at: instant::from_row(row.ordered_at),
    })
}
