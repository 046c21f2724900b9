//! `GET …/commissions` and `GET …/commissions/{id}`.

use super::page::{self, Filter, List};
use super::{Place, amount, at};
use crate::app::App;
use crate::domain::risk::{Outcome, Review};
use crate::error::Fault;
use crate::store::read_commission::{self, CommissionFilter, ShownCommissionRow};
use crate::wire::commission::Commission;
use crate::wire::risk::Risk;
use axum::Json;
use axum::extract::{RawQuery, State};
use shared::id::ConversionId;
use std::sync::Arc;

const STATES: &[&str] = &["pending", "hold", "approved", "payable", "paid", "rejected"];
const FILTERS: &[Filter] = &[("conversionId", &[]), ("externalOrderId", &[]), ("state", STATES)];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Commission>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let filter = CommissionFilter {
        conversion_id: page.take("conversionId"),
        external_order_id: page.take("externalOrderId"),
        state: page.take("state"),
        after: page.after.clone(),
        rows_max: page.rows_max(),
        ..of(&place)
    };
    let rows = read_commission::list(&mut *app.pool.acquire().await?, &filter).await?;
    let key = |row: &ShownCommissionRow| (row.created_at, row.commission_id.clone());
    Ok(Json(page::list(rows, &page, key, |row| shown(&row))))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    place: Place,
) -> Result<Json<Commission>, Fault> {
    let unknown = || Fault::NotFound("commission");
    // A commission's id is its conversion's characters after another prefix.
    let characters = place.id.strip_prefix("com_").ok_or_else(unknown)?;
    let id = ConversionId::parse(&format!("cnv_{characters}")).ok_or_else(unknown)?;
    let filter = CommissionFilter { commission_id: Some(id.commission_id()), ..of(&place) };
    let mut rows = read_commission::list(&mut *app.pool.acquire().await?, &filter).await?;
    rows.pop().map(|row| Json(shown(&row))).ok_or_else(unknown)
}

/// The one commission a conversion of the merchant can have.
pub(super) async fn of_conversion(
    connection: &mut sqlx::PgConnection,
    place: &Place,
    conversion_id: &str,
) -> Result<Option<ShownCommissionRow>, Fault> {
    let filter = CommissionFilter { conversion_id: Some(conversion_id.to_owned()), ..of(place) };
    Ok(read_commission::list(connection, &filter).await?.pop())
}

fn of(place: &Place) -> CommissionFilter {
    CommissionFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        conversion_id: None,
        external_order_id: None,
        state: None,
        commission_id: None,
        after: None,
        rows_max: 1,
    }
}

pub(super) fn shown(row: &ShownCommissionRow) -> Commission {
    Commission {
        id: row.commission_id.clone(),
        conversion_id: row.conversion_id.clone(),
        external_order_id: row.external_order_id.clone(),
        affiliate_id: row.affiliate_id,
        campaign_id: row.campaign_id,
        state: row.state.clone(),
        currency: row.currency.clone(),
        amount: amount(row.amount, &row.currency),
        net_amount: amount(row.net_amount, &row.currency),
        rule: row.terms.get("rule").cloned().unwrap_or_default(),
        hold_until: row.hold_until.map(at),
        reason: row.reason.clone(),
        risk: risk(row),
        created_at: at(row.created_at),
        updated_at: at(row.updated_at),
    }
}

fn risk(row: &ShownCommissionRow) -> Option<Risk> {
    // Words of the table's own constraint; one that only a newer version knows is a review.
    let outcome = Outcome::parse(row.risk_outcome.as_ref()?).unwrap_or(Outcome::Review);
    let review = Review::of(outcome, &row.state, row.risk_refused);
    Some(Risk {
        state: review.as_str(),
        score: row.risk_points?,
        threshold: row.risk_threshold?,
        reasons: row.risk_reasons.clone()?,
        awaits: (review == Review::Waiting).then_some("operator"),
        scored_at: at(row.risk_scored_at?),
    })
}
