//! `GET …/conversions/{id}/explain`: why it earned what it earned, and what it waits for.

mod next;
mod pricing;
mod words;

use super::{Place, amount, at, commissions, conversions, in_payout};
use crate::app::App;
use crate::domain::order::Scope;
use crate::domain::statement::Money;
use crate::error::Fault;
use crate::store::payout::{line, prospect};
use crate::store::read_commission::{self, ShownCommissionRow, ShownCorrectionRow};
use crate::store::read_conversion::{self, ConversionRow, FactRow, StepRow};
use crate::store::review::{self, DecisionRow};
use crate::store::{instant, merchant};
use crate::wire::explain::{AmountTold, Explanation, Fact, Next, Ruling, TimelineStep};
use axum::Json;
use axum::extract::State;
use jiff::tz::TimeZone;
use shared::id::ConversionId;
use shared::money::Currency;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::sync::Arc;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    place: Place,
) -> Result<Json<Explanation>, Fault> {
    of(&app, &place).await.map(Json)
}

/// Everything there is to tell about a place's conversion.
pub(super) async fn of(app: &App, place: &Place) -> Result<Explanation, Fault> {
    let mut connection = app.pool.acquire().await?;
    let conversion = conversions::find(&mut connection, place).await?;
    let id = conversion.conversion_id.as_str();
    let commission = commissions::of_conversion(&mut connection, place, id).await?;
    let (owner, environment) = (place.merchant.0, place.environment.as_str());
    let steps = read_conversion::steps(&mut connection, owner, environment, id).await?;
    let facts = read_conversion::facts(&mut connection, owner, environment, id).await?;
    let scope = Scope { environment: place.environment, merchant: place.merchant };
    let decision = match ConversionId::parse(id) {
        Some(id) => review::find_decision(&mut connection, scope, id).await?,
        None => None,
    };
    let found = merchant::find(&mut connection, owner).await?;
    let time_zone = found.map(|row| row.time_zone).unwrap_or_default();
    let sentence = if let Some(row) = &commission {
        what_next(&mut connection, place, row, &facts, &time_zone).await?
    } else {
        let zero = priced(&conversion, None);
        words::without_commission(&conversion, decision.as_ref(), zero.as_deref(), &time_zone)
    };
    let corrected = match &commission {
        Some(row) => corrections(&mut connection, place, row, &time_zone).await?,
        None => Vec::new(),
    };
    Ok(Explanation {
        next: Next { sentence },
        reasons: words::candidates(&conversion.attribution, &time_zone),
        decision: decision.map(decided),
        commission: commission.as_ref().map(commissions::shown),
        timeline: steps.iter().map(step).collect(),
        facts: facts.iter().map(|row| fact(row, &conversion.currency)).collect(),
        amount: told_amount(&conversion, commission.as_ref(), &corrected),
        attribution: conversion.attribution.clone(),
        conversion: conversions::shown(&conversion),
    })
}

fn decided(row: DecisionRow) -> Ruling {
    Ruling {
        decision: row.decision,
        affiliate_id: row.affiliate_id,
        campaign_id: row.campaign_id,
        decided_at: at(row.decided_at),
    }
}

/// Of reports that wait for the bank's answer.
const PARKED: &str = "What you reported of it since is kept until then: it applies if the payout \
                      fails, and is skipped if it is paid.";

/// What the payout that holds the commission says, else what its own state does.
async fn what_next(
    connection: &mut PgConnection,
    place: &Place,
    commission: &ShownCommissionRow,
    facts: &[FactRow],
    time_zone: &str,
) -> Result<String, Fault> {
    let owner = (place.environment.as_str(), place.merchant.0);
    let held_by = line::holder(connection, owner, &commission.commission_id).await?;
    let when = |at: Option<OffsetDateTime>| at.map(|at| local(at, time_zone)).unwrap_or_default();
    let held_by =
        held_by.and_then(|row| in_payout::sentence(&row, &when(row.moved_at), &when(row.again_at)));
    if let Some(sentence) = held_by.filter(|_| !commission.net_amount.is_zero()) {
        let parked = read_commission::has_parked(connection, owner, &commission.conversion_id);
        return Ok(if parked.await? { format!("{sentence} {PARKED}") } else { sentence });
    }
    let prospect = match commission.state.as_str() {
        "payable" => Some(prospect::find(connection, owner, commission).await?),
        _ => None,
    };
    Ok(next::sentence(commission, facts, prospect.as_ref(), time_zone))
}

/// The corrections of a commission in words, oldest first.
async fn corrections(
    connection: &mut PgConnection,
    place: &Place,
    commission: &ShownCommissionRow,
    time_zone: &str,
) -> Result<Vec<String>, Fault> {
    let owner = (place.environment.as_str(), place.merchant.0);
    let id = commission.commission_id.as_str();
    let Some(currency) = Currency::parse(&commission.currency) else { return Ok(Vec::new()) };
    let rows = read_commission::corrections(connection, owner, id).await?;
    let tell = |row: &ShownCorrectionRow| {
        let when = local(row.effective_at, time_zone);
        pricing::corrected(Money { currency, amount: row.amount }, &when, &row.reason)
    };
    Ok(rows.iter().map(tell).collect())
}

/// How the amount came to be, and what became of it since; `None` when nothing was priced.
fn told_amount(
    conversion: &ConversionRow,
    commission: Option<&ShownCommissionRow>,
    corrected: &[String],
) -> Option<AmountTold> {
    let currency = Currency::parse(&conversion.currency)?;
    let mut sentences = vec![priced(conversion, commission)?];
    if let Some(row) = commission {
        let is_rejected = row.state == "rejected";
        sentences.extend(pricing::left(currency, row.amount, row.net_amount, is_rejected));
    }
    sentences.extend_from_slice(corrected);
    Some(AmountTold { sentence: sentences.join(" ") })
}

fn priced(conversion: &ConversionRow, commission: Option<&ShownCommissionRow>) -> Option<String> {
    let currency = Currency::parse(&conversion.currency)?;
    let order = pricing::Order { currency, total: conversion.order_amount };
    let receipt = conversion.attribution.get("pricing");
    pricing::sentence(order, commission.map_or(receipt, |row| Some(&row.terms))?)
}

fn step(row: &StepRow) -> TimelineStep {
    let told = |name: &str| row.data.get(name).cloned().unwrap_or_default();
    TimelineStep {
        at: at(row.occurred_at),
        kind: row.kind.clone(),
        from: told("from"),
        to: told("to"),
        amount: told("amount"),
        net_amount: told("netAmount"),
        reason: told("reason"),
    }
}

fn fact(row: &FactRow, currency: &str) -> Fact {
    Fact {
        event_id: row.event_id.clone(),
        status: row.status.clone(),
        status_updated_at: at(row.status_updated_at),
        received_at: at(row.received_at),
        refunded_amount: row.refunded_amount.map(|refunded| amount(refunded, currency)),
        items: row.items.clone(),
        reason: row.reason.clone(),
        outcome: row.outcome.clone(),
    }
}

/// An instant as the merchant's clock shows it.
fn local(until: OffsetDateTime, time_zone: &str) -> String {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let name = zone.iana_name().unwrap_or("UTC").to_owned();
    let shown = instant::from_row(until).to_zoned(zone).strftime("%-d %B %Y, %H:%M");
    format!("{shown} ({name})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_ends_on_the_merchant_s_own_clock() {
        let until: jiff::Timestamp = "2026-07-04T20:00:00Z".parse().unwrap();
        let until = instant::to_row(until);
        assert_eq!(local(until, "Asia/Kathmandu"), "5 July 2026, 01:45 (Asia/Kathmandu)");
        assert_eq!(local(until, "nowhere"), "4 July 2026, 20:00 (UTC)");
    }
}
