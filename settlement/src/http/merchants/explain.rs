//! `GET …/conversions/{id}/explain`: why it earned what it earned, and what it waits for.

mod pricing;
mod words;

use super::{Place, amount, at, commissions, conversions, in_payout};
use crate::app::App;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::store::payout::line;
use crate::store::read_commission::ShownCommissionRow;
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
    let held_by = holder(&mut connection, place, commission.as_ref(), &time_zone).await?;
    Ok(Explanation {
        next: Next {
            sentence: held_by.unwrap_or_else(|| {
                sentence(&conversion, commission.as_ref(), decision.as_ref(), &time_zone)
            }),
        },
        reasons: words::candidates(&conversion.attribution, &time_zone),
        decision: decision.map(decided),
        commission: commission.as_ref().map(commissions::shown),
        timeline: steps.iter().map(step).collect(),
        facts: facts.iter().map(|row| fact(row, &conversion.currency)).collect(),
        amount: told_amount(&conversion, commission.as_ref()),
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

/// What the payout that holds the commission says; `None` when none does.
async fn holder(
    connection: &mut PgConnection,
    place: &Place,
    commission: Option<&ShownCommissionRow>,
    time_zone: &str,
) -> Result<Option<String>, Fault> {
    let Some(commission) = commission else { return Ok(None) };
    let owner = (place.environment.as_str(), place.merchant.0);
    let held_by = line::holder(connection, owner, &commission.commission_id).await?;
    Ok(held_by.and_then(|row| {
        let when = row.moved_at.map(|at| local(at, time_zone)).unwrap_or_default();
        in_payout::sentence(&row, &when)
    }))
}

/// How the amount came to be, and what became of it since; `None` when nothing was priced.
fn told_amount(
    conversion: &ConversionRow,
    commission: Option<&ShownCommissionRow>,
) -> Option<AmountTold> {
    let currency = Currency::parse(&conversion.currency)?;
    let mut sentence = priced(conversion, commission)?;
    if let Some(row) = commission {
        let is_rejected = row.state == "rejected";
        let left = pricing::left(currency, row.amount, row.net_amount, is_rejected);
        if !left.is_empty() {
            sentence = format!("{sentence} {left}");
        }
    }
    Some(AmountTold { sentence })
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
    }
}

/// What happens next, for a shop owner.
fn sentence(
    conversion: &ConversionRow,
    commission: Option<&ShownCommissionRow>,
    decision: Option<&DecisionRow>,
    time_zone: &str,
) -> String {
    let Some(commission) = commission else {
        let zero = priced(conversion, None);
        return words::without_commission(conversion, decision, zero.as_deref(), time_zone);
    };
    let term = |name: &str| commission.terms.get(name).cloned().unwrap_or_default();
    let days = term("holdDays").as_i64().unwrap_or_default();
    let start = term("holdStart").as_str().unwrap_or("delivered").to_owned();
    match (commission.state.as_str(), commission.hold_until) {
        ("pending", _) => "Waiting for the order to be confirmed or delivered.".to_owned(),
        ("hold", None) => {
            let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            format!("Waiting for {start}: it starts the return window of {days}.")
        }
        ("hold", Some(until)) => {
            let when = local(until, time_zone);
            format!("Payable on {when} unless the order is taken back.")
        }
        ("approved", _) => in_review(commission),
        ("payable", _) => "Payable; goes out with the next payout.".to_owned(),
        ("paid", _) => "Paid.".to_owned(),
        ("rejected", _) => match &commission.reason {
            Some(reason) => format!("Rejected: {reason}"),
            None => "Rejected: the order was taken back.".to_owned(),
        },
        (other, _) => format!("It is {other}."),
    }
}

/// What an approved commission waits for.
fn in_review(commission: &ShownCommissionRow) -> String {
    let open = "The return window is over; a risk check is still open.";
    let (Some(points), Some(threshold)) = (commission.risk_points, commission.risk_threshold)
    else {
        return open.to_owned();
    };
    let told = commission.risk_reasons.as_ref().and_then(serde_json::Value::as_array);
    let sentences = told.into_iter().flatten().filter_map(|r| r.get("sentence")?.as_str());
    let why: Vec<&str> = sentences.collect();
    format!("{open} An operator looks at it, {points} points of {threshold}: {}", why.join(" "))
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
