//! What comes next for a commission, or why nothing does, in a sentence for a shop owner.

use super::local;
use crate::domain::hold::HoldStart;
use crate::domain::statement::Money;
use crate::domain::statement::words::{before_window, money};
use crate::store::payout::prospect::ProspectRow;
use crate::store::read_commission::ShownCommissionRow;
use crate::store::read_conversion::FactRow;
use rust_decimal::Decimal;
use shared::money::Currency;

/// What came of a commission that no payout holds. `facts` are those of its order, `prospect` is
/// what a payable one meets in the next payout.
pub(super) fn sentence(
    commission: &ShownCommissionRow,
    facts: &[FactRow],
    prospect: Option<&ProspectRow>,
    time_zone: &str,
) -> String {
    let term = |name: &str| commission.terms.get(name).cloned().unwrap_or_default();
    let days = term("holdDays").as_u64().unwrap_or_default();
    let start = term("holdStart").as_str().and_then(HoldStart::parse);
    let start = start.unwrap_or(HoldStart::Delivered);
    if commission.net_amount.is_zero() && commission.state != "rejected" {
        return "Refunds left nothing of it, so there is nothing to pay out.".to_owned();
    }
    match (commission.state.as_str(), commission.hold_until) {
        ("pending", _) => "Waiting for the order to be confirmed or delivered.".to_owned(),
        ("hold", None) => before_window(start, days),
        ("hold", Some(until)) => {
            let when = local(until, time_zone);
            format!(
                "The return window ends on {when}; then it is payable, unless the order is taken \
                 back or a risk check holds it."
            )
        }
        ("approved", _) => in_review(commission),
        ("payable", _) => payable(commission, prospect, time_zone),
        ("paid", _) => "Paid.".to_owned(),
        ("rejected", _) => rejected(commission, facts),
        (other, _) => format!("It is {other}."),
    }
}

/// What a payable commission waits for.
fn payable(
    commission: &ShownCommissionRow,
    prospect: Option<&ProspectRow>,
    time_zone: &str,
) -> String {
    let currency = Currency::parse(&commission.currency);
    let (Some(prospect), Some(currency)) = (prospect, currency) else {
        return "Payable; goes out with the next payout.".to_owned();
    };
    let of = |amount: Decimal| money(Money { currency, amount });
    let refused = match (prospect.refused_payout_id, prospect.refused_at) {
        (Some(payout), Some(at)) => {
            let when = local(at, time_zone);
            let words = prospect.refused_reason.as_deref().map(str::trim).unwrap_or_default();
            let said = if words.is_empty() { String::new() } else { format!(" ({words})") };
            format!("Payout {payout} failed on {when}{said}. ")
        }
        _ => String::new(),
    };
    if prospect.is_converted {
        return format!(
            "{refused}Payable; the network took the affiliate's balance with your shop into another \
             currency, and it goes out in that one."
        );
    }
    if prospect.balance <= Decimal::ZERO {
        return format!(
            "{refused}Payable, but set off: with your shop the affiliate's open lines come to {}; \
             it goes out once all that is open for the affiliate is above zero.",
            of(prospect.balance)
        );
    }
    match prospect.minimum.filter(|minimum| !minimum.is_zero()) {
        Some(minimum) if prospect.balance < minimum => format!(
            "{refused}Payable; with your shop the affiliate has {} open, and a payout goes out \
             once all that is open for it reaches the minimum of {}.",
            of(prospect.balance),
            of(minimum)
        ),
        // What other shops have open for the affiliate counts too, and may be below zero.
        Some(_) | None => format!(
            "{refused}Payable; goes out with the next payout, unless the affiliate owes more \
             elsewhere."
        ),
    }
}

/// Why a commission was rejected: by what the shop reported, else by a person of the network.
fn rejected(commission: &ShownCommissionRow, facts: &[FactRow]) -> String {
    let told = commission.reason.as_deref();
    let is_cause = |fact: &&FactRow| match fact.status.as_str() {
        "commission_rejected" => fact.reason.as_deref() == told,
        "cancelled" | "returned" | "refunded" => {
            Some(fact.reason.as_deref().unwrap_or(&fact.status)) == told
        }
        _ => false,
    };
    let own_words = |words: Option<&str>| match words.map(str::trim).filter(|w| !w.is_empty()) {
        Some(words) => format!(" Reason given: {words}"),
        None => String::new(),
    };
    if commission.risk_refused {
        return "Rejected: an operator refused it in the risk review.".to_owned();
    }
    match facts.iter().filter(is_cause).min_by_key(|fact| fact.received_at) {
        Some(fact) if fact.status == "commission_rejected" => {
            format!("Rejected: your shop rejected the commission.{}", own_words(told))
        }
        Some(fact) => {
            format!("Rejected: the order was {}.{}", fact.status, own_words(fact.reason.as_deref()))
        }
        None => match told {
            Some(word @ ("cancelled" | "returned" | "refunded")) => {
                format!("Rejected: the order was {word}.")
            }
            Some(reason) => format!("Rejected.{}", own_words(Some(reason))),
            None => "Rejected; no reason was given.".to_owned(),
        },
    }
}

/// What an approved commission waits for.
fn in_review(commission: &ShownCommissionRow) -> String {
    // The end of the window moves a commission at the window's own end; a shop's word, before it.
    let is_over = commission.hold_until.is_some_and(|until| until <= commission.updated_at);
    let open = if is_over {
        "The return window is over; a risk check is still open."
    } else {
        "Your shop approved it before the return window was over; a risk check is still open."
    };
    let (Some(points), Some(threshold)) = (commission.risk_points, commission.risk_threshold)
    else {
        return open.to_owned();
    };
    let told = commission.risk_reasons.as_ref().and_then(serde_json::Value::as_array);
    let sentences = told.into_iter().flatten().filter_map(|r| r.get("sentence")?.as_str());
    let why: Vec<&str> = sentences.collect();
    // Some reasons are looked at whatever the points.
    if points < threshold {
        return format!("{open} An operator looks at it: {}", why.join(" "));
    }
    format!("{open} An operator looks at it, {points} points of {threshold}: {}", why.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::instant;
    use serde_json::json;
    use sqlx::types::time::OffsetDateTime;
    use uuid::Uuid;

    fn at(text: &str) -> OffsetDateTime {
        instant::to_row(text.parse().unwrap())
    }

    fn commission(state: &str) -> ShownCommissionRow {
        ShownCommissionRow {
            commission_id: "com_1".to_owned(),
            conversion_id: "cnv_1".to_owned(),
            external_order_id: "1".to_owned(),
            affiliate_id: Uuid::nil(),
            campaign_id: None,
            state: state.to_owned(),
            currency: "NPR".to_owned(),
            amount: Decimal::from(300),
            net_amount: Decimal::from(300),
            terms: json!({"holdDays": 14, "holdStart": "delivered"}),
            hold_until: None,
            reason: None,
            created_at: at("2026-06-14T00:00:00Z"),
            updated_at: at("2026-06-20T00:00:00Z"),
            risk_outcome: None,
            risk_points: None,
            risk_threshold: None,
            risk_reasons: None,
            risk_scored_at: None,
            risk_refused: false,
        }
    }

    fn fact(status: &str, reason: Option<&str>) -> FactRow {
        FactRow {
            event_id: "osevt_1".to_owned(),
            status: status.to_owned(),
            status_updated_at: at("2026-06-15T00:00:00Z"),
            received_at: at("2026-06-15T00:00:00Z"),
            refunded_amount: None,
            items: json!([]),
            reason: reason.map(str::to_owned),
            outcome: None,
        }
    }

    #[test]
    fn a_rejection_names_who_rejected_and_never_an_order_that_was_not_taken_back() {
        let told = |reason: Option<&str>, facts: &[FactRow]| {
            let row =
                ShownCommissionRow { reason: reason.map(str::to_owned), ..commission("rejected") };
            sentence(&row, facts, None, "UTC")
        };
        let shop = "Rejected: your shop rejected the commission.";
        let back = fact("returned", None);
        let cases = [
            (told(None, &[fact("commission_rejected", None)]), shop.to_owned()),
            // What was reported of the order afterwards rejected nothing.
            (told(None, &[fact("commission_rejected", None), back]), shop.to_owned()),
            (
                told(Some("a resale"), &[fact("commission_rejected", Some("a resale"))]),
                format!("{shop} Reason given: a resale"),
            ),
            (
                told(Some("refunded"), &[fact("refunded", None)]),
                "Rejected: the order was \
                 refunded."
                    .to_owned(),
            ),
            (
                told(Some("tin open"), &[fact("returned", Some("tin open"))]),
                "Rejected: the order was returned. Reason given: tin open".to_owned(),
            ),
            (told(Some("cancelled"), &[]), "Rejected: the order was cancelled.".to_owned()),
            (told(Some("by hand"), &[]), "Rejected. Reason given: by hand".to_owned()),
            (told(None, &[]), "Rejected; no reason was given.".to_owned()),
        ];
        for (sentence, expected) in cases {
            assert_eq!(sentence, expected);
        }
        let refused = ShownCommissionRow { risk_refused: true, ..commission("rejected") };
        let refused = sentence(&refused, &[], None, "UTC");
        assert_eq!(refused, "Rejected: an operator refused it in the risk review.");
    }

    #[test]
    fn a_payable_commission_says_what_keeps_it_from_the_next_payout() {
        let told = |balance: i64, minimum: Option<i64>, refused_reason: Option<&str>| {
            let prospect = ProspectRow {
                minimum: minimum.map(Decimal::from),
                balance: Decimal::from(balance),
                is_converted: false,
                refused_payout_id: refused_reason.map(|_| Uuid::from_u128(7)),
                refused_at: refused_reason.map(|_| at("2026-07-04T20:00:00Z")),
                refused_reason: refused_reason.map(str::to_owned),
            };
            sentence(&commission("payable"), &[], Some(&prospect), "Asia/Kathmandu")
        };
        let goes =
            "Payable; goes out with the next payout, unless the affiliate owes more elsewhere.";
        let cases = [
            (told(300, None, None), goes.to_owned()),
            (told(1000, Some(1000), None), goes.to_owned()),
            (
                told(300, Some(1000), None),
                "Payable; with your shop the affiliate has NPR 300.00 open, and a payout goes out \
                 once all that is open for it reaches the minimum of NPR 1,000.00."
                    .to_owned(),
            ),
            (
                told(-50, Some(1000), None),
                "Payable, but set off: with your shop the affiliate's open lines come to NPR \
                 −50.00; it goes out once all that is open for the affiliate is above zero."
                    .to_owned(),
            ),
            (
                told(300, None, Some("account closed")),
                format!(
                    "Payout 00000000-0000-0000-0000-000000000007 failed on 5 July 2026, 01:45 \
                     (Asia/Kathmandu) (account closed). {goes}"
                ),
            ),
        ];
        for (sentence, expected) in cases {
            assert_eq!(sentence, expected);
        }
        let nothing = ShownCommissionRow { net_amount: Decimal::ZERO, ..commission("payable") };
        let nothing = sentence(&nothing, &[], None, "UTC");
        assert_eq!(nothing, "Refunds left nothing of it, so there is nothing to pay out.");
    }

    #[test]
    fn a_review_says_whether_the_return_window_is_over() {
        let told = |hold_until: Option<&str>| {
            let row =
                ShownCommissionRow { hold_until: hold_until.map(at), ..commission("approved") };
            sentence(&row, &[], None, "UTC")
        };
        let early =
            "Your shop approved it before the return window was over; a risk check is still open.";
        assert_eq!(told(None), early);
        assert_eq!(told(Some("2026-06-20T00:00:01Z")), early);
        let over = "The return window is over; a risk check is still open.";
        assert_eq!(told(Some("2026-06-20T00:00:00Z")), over);
    }
}
