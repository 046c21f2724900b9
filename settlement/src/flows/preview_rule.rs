//! What a rule would change: the last days' orders priced as if it had been in force over all of
//! them. Nothing is written.

use super::actor::Actor;
use super::change_campaign::world_now;
use super::set_rule::{self, NewRule};
use crate::domain::order::Scope;
use crate::domain::preview::{Comparison, Difference, Sale};
use crate::domain::rule::{RuleBook, RuleVersion};
use crate::error::Fault;
use crate::store::{merchant, preview, terms};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Days looked back on at most.
pub const PREVIEW_DAYS_MAX: u32 = 92;
/// Orders priced at most; the oldest of the days come first.
pub const PREVIEW_ORDERS_MAX: u64 = 200_000;
/// Orders read at once.
const PAGE_ORDERS_MAX: i64 = 5_000;
const DAY_HOURS: i64 = 24;

/// What a proposed rule would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Per affiliate and currency.
    pub differences: Vec<Difference>,
    /// Orders counted.
    pub orders: u64,
    /// Whether the days held more orders than are counted.
    pub is_cut_short: bool,
}

/// Compares what a merchant's orders of the last days earned with what a proposed rule would give.
/// A platform rule is previewed on one merchant's orders too.
pub async fn run(
    pool: &PgPool,
    by: Actor,
    scope: Scope,
    proposed: NewRule,
    days: u32,
    now: Timestamp,
) -> Result<Preview, Fault> {
    by.may_change(scope.merchant)?;
    set_rule::check(&proposed)?;
    if !(1..=PREVIEW_DAYS_MAX).contains(&days) {
        return Err(Fault::invalid(format!("days must be 1 to {PREVIEW_DAYS_MAX}")));
    }
    let proposed = as_version(proposed);
    let mut transaction = pool.begin().await?;
    let connection = &mut *transaction;
    merchant::find(connection, scope.merchant.0).await?.ok_or(Fault::NotFound("merchant"))?;
    let until = world_now(connection, scope, now).await?;
    let span = SignedDuration::from_hours(i64::from(days) * DAY_HOURS);
    let since = until.saturating_sub(span).unwrap_or(Timestamp::MIN);
    let mut comparison = Comparison::default();
    let (mut orders, mut after) = (0, None);
    loop {
        let (sales, last) =
            preview::sales(connection, scope, since, after, PAGE_ORDERS_MAX).await?;
        if sales.is_empty() || orders >= PREVIEW_ORDERS_MAX {
            let is_cut_short = !sales.is_empty();
            let differences = comparison.differences();
            return Ok(Preview { differences, orders, is_cut_short });
        }
        let mut rules = terms::rules(connection, &[scope], &skus(&sales)).await?;
        let book = RuleBook(rules.remove(&scope).unwrap_or_default());
        let book = book.with_proposed(proposed.clone());
        sales.iter().for_each(|sale| comparison.add(sale, &book));
        orders += sales.len() as u64;
        after = last;
    }
}

fn skus(sales: &[Sale]) -> Vec<String> {
    let of_items = sales.iter().flat_map(|sale| &sale.items).map(|item| &item.sku);
    let named: BTreeSet<_> =
        sales.iter().filter_map(|s| s.product.as_ref()).chain(of_items).collect();
    named.into_iter().cloned().collect()
}

/// The proposal as a version that no book has yet.
fn as_version(proposed: NewRule) -> RuleVersion {
    RuleVersion {
        // No rule has the nil id, so a cap bounds the proposal's own lines alone.
        id: Uuid::nil(),
        version: 1,
        subject: proposed.subject,
        kind: proposed.kind,
        cap: proposed.cap,
        minimum_order: proposed.minimum_order,
        currency: proposed.currency,
        in_force_from: Timestamp::MIN,
        ended_at: None,
    }
}
