//! The words of a statement: amounts, instants, terms, and why something is not paid.

use super::{Head, Money};
use crate::domain::hold::HoldStart;
use crate::domain::pricing::FrozenRule;
use crate::domain::rule::Level;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

/// Basis points of one percent.
const BPS_PER_PERCENT: i64 = 100;
/// Digits between two separators of a whole number.
const GROUP_DIGITS: usize = 3;

/// `NPR 2,999.00`, `NPR −50.00`.
pub fn money(money: Money) -> String {
    let text = money.currency.format(money.amount.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), ""), |parts| parts);
    let mut grouped = String::new();
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at).is_multiple_of(GROUP_DIGITS) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let rounded = money.currency.round_half_even(money.amount);
    let sign = if rounded < Decimal::ZERO { "−" } else { "" };
    format!("{} {sign}{grouped}{point}{fraction}", money.currency)
}

/// `5 July 2026`.
pub fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %B %Y").to_string()
}

/// `5 July 2026, 01:45`.
pub fn instant(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %B %Y, %H:%M").to_string()
}

/// The frozen terms: `10 % of NPR 2,999.00`. `pieces`: units of the lines under this rule.
pub fn terms(rule: &FrozenRule, base: Money, pieces: u64, has_other_rules: bool) -> String {
    let of = |amount| money(Money { amount, ..base });
    let text = match (rule.rate_bps, rule.flat_amount) {
        (Some(bps), _) => {
            let percent = Decimal::from(bps) / Decimal::from(BPS_PER_PERCENT);
            let more = if has_other_rules { " and other rates" } else { "" };
            format!("{} %{more} of {}", percent.normalize(), money(base))
        }
        (None, flat) => {
            let per = match (rule.level == Level::Product, pieces) {
                (true, 1) => "piece".to_owned(),
                (true, pieces) => format!("piece × {pieces}"),
                (false, _) => "order".to_owned(),
            };
            let more = if has_other_rules { " and other rates" } else { "" };
            format!("{} per {per}{more}", of(flat.unwrap_or_default()))
        }
    };
    match rule.cap_amount {
        Some(cap) => format!("{text}, at most {}", of(cap)),
        None => text,
    }
}

/// Where an unpaid commission stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// pending, hold, approved, payable.
    pub state: &'a str,
    /// Whether a payout with it is on its way.
    pub in_flight: bool,
    /// End of the return window.
    pub hold_until: Option<Timestamp>,
    /// Days of the return window.
    pub hold_days: u32,
    /// What starts it.
    pub hold_start: HoldStart,
    /// The least that is paid in the commission's currency; `None`: anything above zero.
    pub minimum: Option<Money>,
    /// Whether refunds left nothing of it.
    pub is_empty: bool,
    /// Where the other payout stands that holds it.
    pub held_by: Option<&'a str>,
    /// Whether all that is payable in its currency comes to nothing or less.
    pub is_set_off: bool,
}

/// What an order waits for before its return window begins, and how long that will be.
pub fn before_window(hold_start: HoldStart, hold_days: u64) -> String {
    let what = match hold_start {
        HoldStart::Confirmed => "confirmed",
        HoldStart::Paid => "paid",
        HoldStart::Delivered => "delivered",
    };
    let then = match hold_days {
        0 => "its return window is over at once".to_owned(),
        1 => "it can be returned for 1 day".to_owned(),
        days => format!("it can be returned for {days} days"),
    };
    format!("The order is not {what} yet; then {then}.")
}

/// Why a commission is not paid yet, and until when that is so, for the affiliate to read.
pub fn why_not_yet(standing: Standing<'_>, zone: &TimeZone) -> String {
    if standing.is_empty {
        return "Refunds left nothing of it.".to_owned();
    }
    match (standing.state, standing.hold_until) {
        ("pending", _) => "The shop has not confirmed the order yet.".to_owned(),
        ("hold", None) => before_window(standing.hold_start, standing.hold_days.into()),
        ("hold", Some(until)) => {
            format!("The order can be returned until {}.", instant(until, zone))
        }
        ("approved", _) => "Under review.".to_owned(),
        ("payable", _) if standing.in_flight => held("processing"),
        ("payable", _) if standing.held_by.is_some() => held(standing.held_by.unwrap_or_default()),
        ("payable", _) if standing.is_set_off => "Payable, but set off against what is owed: \
             nothing goes out before the balance is above zero."
            .to_owned(),
        _ => format!("Payable: {}", next_payout(standing.minimum)),
    }
}

/// Why a line that is no commission is not in the payout. `held_by`: where the other payout stands
/// that holds it; `minimum`: the least that is paid in its currency.
pub fn why_carried(net: Money, held_by: Option<&str>, minimum: Option<Money>) -> String {
    match held_by {
        Some(state) => held(state),
        None if net.amount < Decimal::ZERO => {
            "Carried over: set off against what is earned next.".to_owned()
        }
        None => format!("Carried over: {}", next_payout(minimum)),
    }
}

/// What another payout that holds it says, by where it stands.
fn held(state: &str) -> String {
    match state {
        "processing" => "In another payout, on its way.".to_owned(),
        _ => "In another payout, which is not sent yet.".to_owned(),
    }
}

fn next_payout(minimum: Option<Money>) -> String {
    match minimum {
        Some(minimum) => {
            format!("goes out with the next payout that reaches the minimum of {}.", money(minimum))
        }
        None => "goes out with the next payout.".to_owned(),
    }
}

/// What stands above a payout's orders.
pub fn orders_headed(payout: &Head) -> &'static str {
    match payout.state.as_str() {
        "settled" => "Orders paid",
        "failed" | "cancelled" | "returned" => "Orders it was for",
        _ => "Orders to be paid",
    }
}

/// Why a commission will not be paid. `told` is the shop's own reason; `None` when the decision was
/// the network's, whose reasons an affiliate does not see.
pub fn why_not(told: Option<&str>) -> String {
    match told.map(str::trim).filter(|reason| !reason.is_empty()) {
        Some("cancelled") => "The order was cancelled.".to_owned(),
        Some("returned") => "The order was returned.".to_owned(),
        Some("refunded") => "The order was refunded.".to_owned(),
        Some("commission_rejected") => "The shop rejected it.".to_owned(),
        Some(reason) => format!("The shop's reason: {reason}"),
        None => "Rejected after a review.".to_owned(),
    }
}

/// How far a payout is, in a sentence.
pub fn progress(payout: &Head, zone: &TimeZone) -> String {
    let on = |at: Option<Timestamp>| at.map(|at| day(at, zone)).unwrap_or_default();
    let words = payout.reason.as_deref().map(str::trim).filter(|words| !words.is_empty());
    let said = words.map_or_else(String::new, |words| format!(" ({words})"));
    match payout.state.as_str() {
        "draft" => "A draft: it can still change.".to_owned(),
        "approved" => "Approved: it will be sent soon.".to_owned(),
        "processing" => format!("On its way since {}.", on(payout.sent_at)),
        "settled" => format!("Paid on {}.", on(payout.answered_at)),
        "failed" => format!(
            "Failed on {}{said}: nothing was paid, and its lines go out with a later payout.",
            on(payout.answered_at)
        ),
        "returned" => format!(
            "Returned by the bank on {}{said}: what came back goes out with a later payout.",
            on(payout.answered_at)
        ),
        _ => "Cancelled: its lines go out with a later payout.".to_owned(),
    }
}

#[cfg(test)]
mod tests;
