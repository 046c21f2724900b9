//! Where an order and its commission stand after each of their notices, as far as the affiliate
//! order event shows it. The notices alone say it: never what came after them.

use crate::domain::notice::Kind;
use crate::domain::webhook::khata_body;
use rust_decimal::Decimal;
use serde_json::Value;

/// What becomes of an order, in the event's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// Nothing has started the return window.
    Pending,
    /// It has.
    Completed,
    /// The order was refunded or returned.
    Refunded,
    /// The commission was rejected for anything else.
    Failed,
}

impl OrderStatus {
    /// Every case.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Completed, Self::Refunded, Self::Failed];

    /// The word of the specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Refunded => "refunded",
            Self::Failed => "failed",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What of an event can change; a new one is sent when it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// `order_status`.
    pub order_status: OrderStatus,
    /// `commission_amount`.
    pub commission_amount: Decimal,
    /// `order_adjustment`.
    pub order_adjustment: Decimal,
}

/// How far a commission's notices have told its story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    status: OrderStatus,
    is_reversed: bool,
    net: Decimal,
    corrections: Decimal,
    taken_back: Decimal,
}

impl Standing {
    /// After one more notice of the same commission. What is no step of a commission, or says
    /// nothing readable of where it stands, changes nothing.
    #[must_use]
    pub fn after(before: Option<Self>, kind: Kind, data: &Value) -> Option<Self> {
        let text = |name: &str| data.get(name).and_then(Value::as_str);
        let amount = |name: &str| text(name).and_then(|text| text.parse::<Decimal>().ok());
        let (Some(to), Some(net)) = (text("to"), amount("netAmount")) else { return before };
        if !khata_body::is_of_commission(kind) {
            return before;
        }
        let known = before.unwrap_or(Self {
            status: OrderStatus::Pending,
            is_reversed: false,
            net,
            corrections: Decimal::ZERO,
            taken_back: Decimal::ZERO,
        });
        if text("correctionId").is_some() {
            let corrections = known.corrections + amount("delta").unwrap_or_default();
            return Some(Self { net, corrections, ..known });
        }
        let back = amount("refundedAmount").max(amount("returnedAmount")).unwrap_or_default();
        let reversed_by = text("orderStatus").filter(|_| to == "rejected");
        let status = match (to, reversed_by) {
            ("pending", _) => OrderStatus::Pending,
            ("hold", _) if text("holdUntil").is_none() => OrderStatus::Pending,
            ("rejected", Some("refunded" | "returned")) => OrderStatus::Refunded,
            ("rejected", _) => OrderStatus::Failed,
            _ => OrderStatus::Completed,
        };
        let taken_back = known.taken_back.max(back);
        Some(Self { status, is_reversed: reversed_by.is_some(), net, taken_back, ..known })
    }

    /// What the event of an order of this amount shows.
    pub fn shown(&self, order_amount: Decimal) -> Shown {
        let is_whole = self.is_reversed || self.taken_back.is_zero();
        let left = (order_amount - self.taken_back).max(Decimal::ZERO);
        Shown {
            order_status: self.status,
            commission_amount: self.net + self.corrections,
            order_adjustment: if is_whole { Decimal::ZERO } else { left },
        }
    }
}
