//! Attribution in words for a shop owner: each candidate, and why an order earns nothing yet or at
//! all.

use super::{instant, local};
use crate::domain::attribution::{Candidate, Kind, Outcome, Receipt, Setting};
use crate::store::read_conversion::ConversionRow;
use crate::store::review::DecisionRow;
use crate::wire::explain::CandidateTold;
use serde_json::Value;
use shared::click_id::ClickClass;

/// Every candidate of a receipt, in the order in which they were considered.
pub(super) fn candidates(attribution: &Value, time_zone: &str) -> Vec<CandidateTold> {
    // What cannot be read is told by the receipt itself, which stands beside this.
    let Ok(receipt) = serde_json::from_value::<Receipt>(attribution.clone()) else {
        return Vec::new();
    };
    let setting = receipt.setting();
    let tell = |candidate: &Candidate| CandidateTold {
        kind: candidate.kind.as_str(),
        sentence: told(candidate, &setting, time_zone),
    };
    receipt.candidates.iter().map(tell).collect()
}

fn told(candidate: &Candidate, setting: &Setting, time_zone: &str) -> String {
    let until = candidate.window_until.map(|at| local(instant::to_row(at), time_zone));
    match (candidate.result, candidate.reason) {
        (Outcome::NotReached, _) => {
            "Not looked at: what stands before it in your order of candidates decides.".to_owned()
        }
        (Outcome::Lost, Some(reason)) => match until {
            Some(until) if reason == crate::domain::attribution::Reason::WindowPassed => {
                format!("{} It ended on {until}.", reason.sentence(candidate.kind))
            }
            _ => reason.sentence(candidate.kind).to_owned(),
        },
        (Outcome::Lost, None) => "It does not hold.".to_owned(),
        (Outcome::Won, _) => won(candidate, setting, until.as_deref()),
    }
}

fn won(candidate: &Candidate, setting: &Setting, until: Option<&str>) -> String {
    let until = until.map_or_else(String::new, |until| format!(", which runs until {until}"));
    let waits = if setting.is_automatic(candidate.kind) {
        ""
    } else {
        " A person confirms it before it earns."
    };
    let told = match candidate.kind {
        Kind::Click => format!("A click led to the order inside its cookie window{until}."),
        Kind::Coupon => {
            "Its coupon belonged to one affiliate when the order was placed.".to_owned()
        }
        Kind::Customer => format!(
            "The customer's last order by a click is inside that click's cookie window{until}."
        ),
    };
    let class = candidate.class.filter(|class| *class != ClickClass::Human);
    let doubt = class.map_or_else(String::new, |class| {
        format!(
            " The click does not look like a person's ({}), which counts as a risk.",
            class.as_str()
        )
    });
    told + waits + &doubt
}

/// Why an order has no commission, and whether it may get one; `zero` says how its amount comes to
/// nothing.
pub(super) fn without_commission(
    conversion: &ConversionRow,
    decision: Option<&DecisionRow>,
    zero: Option<&str>,
    time_zone: &str,
) -> String {
    let why = conversion.attribution.get("why").and_then(Value::as_str).unwrap_or_default();
    let is_attributed = conversion.state == "attributed";
    match (conversion.review.as_deref(), decision) {
        (Some("rejected"), Some(decision)) => {
            let when = local(decision.decided_at, time_zone);
            format!("Nobody earns this order: a person decided so in the review queue on {when}.")
        }
        (Some("waiting"), _) => match (&conversion.reversed_by, is_attributed) {
            (Some(status), _) => format!(
                "Nobody earns this order: it was {status} whole before anybody decided on it."
            ),
            (None, true) => format!(
                "Waits in the review queue until a person confirms or rejects who earns it. {why}"
            ),
            (None, false) => {
                format!("Nobody earns this order yet: it waits in the review queue. {why}")
            }
        },
        _ => {
            let zero = zero.unwrap_or("Its rules earn nothing on this order.");
            format!("Attributed, and there is no commission. {zero}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_candidate_is_told_in_a_sentence() {
        let receipt = json!({
            "order": ["click", "coupon", "customer"], "automatic": ["customer"],
            "judgedAt": "2026-06-14T03:45:00Z", "confidence": "MEDIUM", "riskReasons": [],
            "why": "", "candidates": [
                {"kind": "click", "result": "lost", "reason": "window_passed",
                 "windowUntil": "2026-07-04T20:00:00Z"},
                {"kind": "coupon", "result": "won"},
                {"kind": "customer", "result": "not_reached"},
            ],
        });
        let told: Vec<_> = candidates(&receipt, "Asia/Kathmandu")
            .into_iter()
            .map(|told| format!("{}: {}", told.kind, told.sentence))
            .collect();
        assert_eq!(
            told,
            [
                "click: The order came after the campaign's cookie window had passed. It ended on \
                 5 July 2026, 01:45 (Asia/Kathmandu).",
                "coupon: Its coupon belonged to one affiliate when the order was placed. A person \
                 confirms it before it earns.",
                "customer: Not looked at: what stands before it in your order of candidates \
                 decides.",
            ]
        );
        assert!(candidates(&json!({"order": 5}), "UTC").is_empty());
    }
}
