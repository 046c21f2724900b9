//! The return window: what starts it, when it ends, and what an order status means for it.

use super::lifecycle::Event;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::order_status::OrderStatus;

/// Days of the return window where neither campaign nor merchant says otherwise.
pub const HOLD_DAYS_DEFAULT: u32 = 14;
const DAY_SECONDS: i64 = 86_400;

/// The first order status that starts the return window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldStart {
    /// Any forward status starts it.
    Confirmed,
    /// Payment or delivery starts it.
    Paid,
    /// Only delivery starts it.
    Delivered,
}

impl HoldStart {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Paid => "paid",
            Self::Delivered => "delivered",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Confirmed, Self::Paid, Self::Delivered].into_iter().find(|s| s.as_str() == text)
    }
}

/// What a forward status means under a hold-start policy; `None` for reversals and decisions.
pub fn forward_event(status: OrderStatus, policy: HoldStart) -> Option<Event> {
    let rank = match status {
        OrderStatus::Pending => return Some(Event::OrderPending),
        OrderStatus::Confirmed => HoldStart::Confirmed,
        OrderStatus::Paid => HoldStart::Paid,
        OrderStatus::Delivered => HoldStart::Delivered,
        OrderStatus::Cancelled
        | OrderStatus::Returned
        | OrderStatus::Refunded
        | OrderStatus::CommissionApproved
        | OrderStatus::CommissionRejected => return None,
    };
    Some(if rank >= policy { Event::HoldStart } else { Event::OrderProgress })
}

/// When a window that a status starts ends: the status's instant, clipped to the order's life,
/// plus whole days.
pub fn hold_until(
    status_updated_at: Timestamp,
    ordered_at: Timestamp,
    received_at: Timestamp,
    hold_days: u32,
) -> Timestamp {
    // An order dated after its own status report is clipped from above last: the edge's clock wins.
    let start = status_updated_at.max(ordered_at).min(received_at);
    super::clock::later(start, i64::from(hold_days) * DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a second of the test")
    }

    #[test]
    fn the_first_status_of_the_policy_s_rank_or_above_starts_the_window() {
        use OrderStatus as O;
        let cases = [
            (O::Pending, HoldStart::Confirmed, Some(Event::OrderPending)),
            (O::Confirmed, HoldStart::Confirmed, Some(Event::HoldStart)),
            (O::Confirmed, HoldStart::Paid, Some(Event::OrderProgress)),
            (O::Paid, HoldStart::Paid, Some(Event::HoldStart)),
            (O::Paid, HoldStart::Delivered, Some(Event::OrderProgress)),
            (O::Delivered, HoldStart::Delivered, Some(Event::HoldStart)),
            (O::Delivered, HoldStart::Confirmed, Some(Event::HoldStart)),
            (O::Refunded, HoldStart::Confirmed, None),
            (O::CommissionApproved, HoldStart::Confirmed, None),
        ];
        for (status, policy, expected) in cases {
            assert_eq!(forward_event(status, policy), expected, "{status:?} {policy:?}");
        }
    }

    #[test]
    fn a_policy_s_word_reads_back_and_no_other_does() {
        for policy in [HoldStart::Confirmed, HoldStart::Paid, HoldStart::Delivered] {
            assert_eq!(HoldStart::parse(policy.as_str()), Some(policy));
            assert_eq!(serde_json::json!(policy), policy.as_str());
        }
        for text in ["", "pending", "PAID"] {
            assert_eq!(HoldStart::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_start_is_clipped_to_the_order_s_life() {
        let day = 86_400;
        let cases = [(500, 500 + day), (50, 100 + day), (5_000, 1_000 + day)];
        for (reported, expected) in cases {
            assert_eq!(hold_until(at(reported), at(100), at(1_000), 1), at(expected), "{reported}");
        }
        assert_eq!(hold_until(at(500), at(100), at(1_000), 0), at(500));
    }
}
