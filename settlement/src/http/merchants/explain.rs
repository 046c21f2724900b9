//! `GET …/conversions/{id}/explain`: why it earned what it earned, and what it waits for.

use super::{Place, amount, at, commissions, conversions, in_payout};
use crate::app::App;
use crate::error::Fault;
use crate::store::payout::line;
use crate::store::read_commission::ShownCommissionRow;
use crate::store::read_conversion::{self, ConversionRow, FactRow, StepRow};
use crate::store::{instant, merchant};
use crate::wire::explain::{Explanation, Fact, Next, TimelineStep};
use axum::Json;
use axum::extract::State;
use jiff::tz::TimeZone;
use serde_json::Value;
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
    let found = merchant::find(&mut connection, owner).await?;
    let time_zone = found.map(|row| row.time_zone).unwrap_or_default();
    let held_by = holder(&mut connection, place, commission.as_ref(), &time_zone).await?;
    Ok(Explanation {
        next: Next {
            sentence: held_by
                .unwrap_or_else(|| sentence(&conversion, commission.as_ref(), &time_zone)),
        },
        commission: commission.as_ref().map(commissions::shown),
        timeline: steps.iter().map(step).collect(),
        facts: facts.iter().map(|row| fact(row, &conversion.currency)).collect(),
        attribution: conversion.attribution.clone(),
        conversion: conversions::shown(&conversion),
    })
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
    time_zone: &str,
) -> String {
    let Some(commission) = commission else {
        if conversion.state == "attributed" {
            return "Attributed; its rules earn nothing on this order, so there is no commission."
                .to_owned();
        }
        let why = conversion.attribution.get("why").and_then(Value::as_str).unwrap_or_default();
        return format!("Nobody earns this order yet: it waits in the review queue. {why}");
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
        ("approved", _) => "The return window is over; a risk check is still open.".to_owned(),
        ("payable", _) => "Payable; goes out with the next payout.".to_owned(),
        ("paid", _) => "Paid.".to_owned(),
        ("rejected", _) => match &commission.reason {
            Some(reason) => format!("Rejected: {reason}"),
            None => "Rejected: the order was taken back.".to_owned(),
        },
        (other, _) => format!("It is {other}."),
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
