//! The two lists of words a merchant may report about an order.

use serde::{Deserialize, Serialize};

/// What a merchant says of an order after the conversion was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed, not yet confirmed.
    Pending,
    /// Confirmed by the merchant.
    Confirmed,
    /// Payment captured.
    Paid,
    /// In the buyer's hands.
    Delivered,
    /// Called off.
    Cancelled,
    /// Sent back.
    Returned,
    /// Money given back.
    Refunded,
    /// The merchant grants the commission without waiting for the hold.
    CommissionApproved,
    /// The merchant refuses the commission.
    CommissionRejected,
}

impl OrderStatus {
    /// Every status, in the documented order.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Confirmed,
        Self::Paid,
        Self::Delivered,
        Self::Cancelled,
        Self::Returned,
        Self::Refunded,
        Self::CommissionApproved,
        Self::CommissionRejected,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Paid => "paid",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
            Self::Refunded => "refunded",
            Self::CommissionApproved => "commission_approved",
            Self::CommissionRejected => "commission_rejected",
        }
    }

    /// Reads a word of an order-status event.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Reads a word of a conversion's `orderStatus`: the shorter list.
    pub fn parse_in_conversion(text: &str) -> Option<Self> {
        Self::parse(text).filter(|status| {
            !matches!(status, Self::Paid | Self::CommissionApproved | Self::CommissionRejected)
        })
    }

    /// Whether the status takes an order, or part of it, back.
    pub fn is_reversal(self) -> bool {
        matches!(self, Self::Cancelled | Self::Returned | Self::Refunded)
    }

    /// Whether the status is the merchant's word on the commission rather than on the order.
    pub fn is_decision(self) -> bool {
        matches!(self, Self::CommissionApproved | Self::CommissionRejected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reads_back_and_nothing_else_does() {
        for status in OrderStatus::ALL {
            assert_eq!(OrderStatus::parse(status.as_str()), Some(status));
        }
        for text in ["", "Delivered", "DELIVERED", "shipped", "delivered "] {
            assert_eq!(OrderStatus::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_conversion_takes_the_shorter_list() {
        let taken: Vec<_> = OrderStatus::ALL
            .into_iter()
            .filter_map(|status| OrderStatus::parse_in_conversion(status.as_str()))
            .map(OrderStatus::as_str)
            .collect();
        let listed = ["pending", "confirmed", "delivered", "cancelled", "returned", "refunded"];
        assert_eq!(taken, listed);
    }

    #[test]
    fn a_status_reverses_the_order_or_decides_on_the_commission_or_neither() {
        let words = |is: fn(OrderStatus) -> bool| -> Vec<_> {
            OrderStatus::ALL.into_iter().filter(|s| is(*s)).map(OrderStatus::as_str).collect()
        };
        assert_eq!(words(OrderStatus::is_reversal), ["cancelled", "returned", "refunded"]);
        assert_eq!(words(OrderStatus::is_decision), ["commission_approved", "commission_rejected"]);
        for status in OrderStatus::ALL {
            assert_eq!(serde_json::json!(status), status.as_str());
        }
    }
}
