//! Accepted events as the edge stores them and settlement reads them.

use crate::money::Currency;
use crate::order_status::OrderStatus;
use crate::shop::ShopEvent;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The merchant's SKU.
    pub sku: String,
    /// Units, 1–1,000,000.
    pub quantity: u32,
    /// Price of one unit in the order's currency.
    pub unit_price: Decimal,
}

/// An order reported for attribution, validated. Field rules: PRODUCT §3.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversion {
    /// The merchant's order id, byte for byte.
    pub external_order_id: String,
    /// Order total in `currency`.
    pub order_amount: Decimal,
    /// The order's currency; the edge has put in the merchant's when none was sent.
    pub currency: Currency,
    /// The click id as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub click_id: Option<String>,
    /// The SKU that enables product rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_product_id: Option<String>,
    /// The order's status when it was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_status: Option<OrderStatus>,
    /// When the order was placed; absent means when the event was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_at: Option<Timestamp>,
    /// The coupon used, in the spelling sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_code: Option<String>,
    /// Keyed hash of the merchant's customer id; the id itself is never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_hash: Option<String>,
    /// The order's lines; empty when none were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// The merchant's own object, text as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
}

/// One line taken back so far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReturnedItem {
    /// The merchant's SKU.
    pub sku: String,
    /// Units taken back so far, in total.
    pub quantity: u32,
}

/// News about an order, validated. Field rules: PRODUCT §4, MONEY §3.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderStatusReport {
    /// The merchant's order id, byte for byte.
    pub external_order_id: String,
    /// What happened to the order.
    pub status: OrderStatus,
    /// The click id as sent; noted when it differs, never used to match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub click_id: Option<String>,
    /// When it happened; absent means when the event was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_updated_at: Option<Timestamp>,
    /// The merchant's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The total taken back from the order so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded_amount: Option<Decimal>,
    /// The lines taken back so far, sorted by SKU; empty when none were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ReturnedItem>,
    /// The merchant's own object, text as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<RawValue>>,
}

/// A move of a merchant's test clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockAdvance {
    /// How far forward, in seconds: 1 to 366 days.
    pub seconds: u32,
}

/// Any accepted event.
#[derive(Debug, Clone)]
pub enum Event {
    /// An order reported for attribution.
    Conversion(Conversion),
    /// News about an order.
    OrderStatus(OrderStatusReport),
    /// A move of the test clock.
    ClockAdvance(ClockAdvance),
    /// A shop's own webhook.
    Shop(Box<ShopEvent>),
}

impl Event {
    /// What kind of event it is.
    pub fn kind(&self) -> crate::id::EventKind {
        match self {
            Self::Conversion(_) => crate::id::EventKind::Conversion,
            Self::OrderStatus(_) => crate::id::EventKind::OrderStatus,
            Self::ClockAdvance(_) => crate::id::EventKind::ClockAdvance,
            Self::Shop(_) => crate::id::EventKind::Webhook,
        }
    }

    /// The stored text: the event as the edge re-serialises it.
    pub fn to_json(&self) -> String {
        let text = match self {
            Self::Conversion(event) => serde_json::to_string(event),
            Self::OrderStatus(event) => serde_json::to_string(event),
            Self::ClockAdvance(event) => serde_json::to_string(event),
            Self::Shop(event) => serde_json::to_string(event),
        };
        text.expect("validated events always serialise")
    }

    /// Reads a stored text back.
    pub fn from_json(kind: crate::id::EventKind, text: &str) -> Result<Self, serde_json::Error> {
        match kind {
            crate::id::EventKind::Conversion => serde_json::from_str(text).map(Self::Conversion),
            crate::id::EventKind::OrderStatus => serde_json::from_str(text).map(Self::OrderStatus),
            crate::id::EventKind::ClockAdvance => {
                serde_json::from_str(text).map(Self::ClockAdvance)
            }
            crate::id::EventKind::Webhook => serde_json::from_str(text).map(Self::Shop),
        }
    }

    /// What makes two events the same by content (PRODUCT §3, §4); a clock move is never a
    /// repeat of another by content, so it has none.
    pub fn content_key(&self) -> Option<String> {
        match self {
            Self::Conversion(event) => Some(format!("c:{}", event.external_order_id)),
            Self::OrderStatus(event) => Some(event.content_key()),
            // A shop's webhook is known by its id, which is no part of what it says.
            Self::ClockAdvance(_) | Self::Shop(_) => None,
        }
    }
}

impl OrderStatusReport {
    /// Order, status, and each given of: `statusUpdatedAt` as an instant, `refundedAmount` as a
    /// number, `items` by digest. Hashed, so that its length is bounded.
    pub fn content_key(&self) -> String {
        let mut digest = Sha256::new();
        let mut part = |text: &str| {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        };
        part(&self.external_order_id);
        part(self.status.as_str());
        part(&self.status_updated_at.map(|at| at.as_microsecond().to_string()).unwrap_or_default());
        part(&self.refunded_amount.map(|r| r.normalize().to_string()).unwrap_or_default());
        let mut items = String::new();
        for item in &self.items {
            writeln!(items, "{}:{}={}", item.sku.len(), item.sku, item.quantity)
                .expect("writing to a string cannot fail");
        }
        part(&items);
        format!("s:{}", hex::encode(digest.finalize()))
    }
}
