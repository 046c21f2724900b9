//! What merchants tell in a history, in integers of minor units, and the text the edge stores.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use shared::id::EventKind;

/// Microseconds since 1970.
pub type Micros = i64;
pub const SECOND: Micros = 1_000_000;
pub const DAY: Micros = 86_400 * SECOND;

/// Currencies of a history with their minor digits.
pub const CURRENCIES: [(&str, usize); 3] = [("NPR", 2), ("JPY", 0), ("KWD", 3)];
/// Zones in whose offset instants are written: +05:45, and two that change it over the year.
pub const ZONES: [&str; 4] = ["Asia/Kathmandu", "America/New_York", "Europe/Lisbon", "UTC"];

/// An amount in whole minor units.
pub fn amount_text(minor: i64, currency: usize) -> String {
    let digits = CURRENCIES[currency].1;
    if digits == 0 {
        return minor.to_string();
    }
    let unit = 10_i64.pow(u32::try_from(digits).expect("few digits"));
    format!("{}.{:0digits$}", minor / unit, minor % unit)
}

/// A click id as a merchant sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct SentClick {
    pub text: String,
    pub truth: Truth,
}

/// What a click id really is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Truth {
    Made { link: u64, second: i64, is_human: bool },
    Damaged,
    Forged,
}

#[derive(Debug, Clone)]
pub struct Line {
    pub sku: &'static str,
    pub quantity: i64,
    pub price: i64,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "the wire's own names")]
pub struct Order {
    pub order: String,
    pub amount: i64,
    pub currency: usize,
    pub click: Option<SentClick>,
    pub product: Option<&'static str>,
    pub lines: Vec<Line>,
    pub status: Option<&'static str>,
    pub ordered_at: Option<Micros>,
}

#[derive(Debug, Clone)]
pub struct Report {
    pub order: String,
    pub status: &'static str,
    pub at: Option<Micros>,
    /// The zone it is written in.
    pub zone: usize,
    /// Minor units of the order's currency.
    pub refunded: Option<Refunded>,
    /// Sorted by SKU, each once.
    pub items: Vec<(&'static str, i64)>,
}

/// A total taken back, as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Refunded {
    Minor { minor: i64, currency: usize },
    TooFine,
}

#[derive(Debug, Clone)]
pub enum Told {
    Order(Order),
    Report(Report),
    Advance(i64),
    Garbage,
}

impl Told {
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Order(_) | Self::Garbage => EventKind::Conversion,
            Self::Report(_) => EventKind::OrderStatus,
            Self::Advance(_) => EventKind::ClockAdvance,
        }
    }

    /// The stored text.
    pub fn body(&self) -> String {
        match self {
            Self::Order(order) => order.body(),
            Self::Report(report) => report.body(),
            Self::Advance(seconds) => json!({ "seconds": seconds }).to_string(),
            Self::Garbage => r#"{"externalOrderId":7}"#.to_owned(),
        }
    }
}

fn written(at: Micros, zone: usize) -> String {
    let at = Timestamp::from_microsecond(at).expect("this millennium");
    let zone = TimeZone::get(ZONES[zone]).expect("a bundled zone");
    at.display_with_offset(zone.to_offset(at)).to_string()
}

impl Order {
    fn body(&self) -> String {
        let mut body = json!({
            "externalOrderId": self.order,
            "orderAmount": amount_text(self.amount, self.currency),
            "currency": CURRENCIES[self.currency].0,
        });
        if let Some(click) = &self.click {
            body["clickId"] = click.text.clone().into();
        }
        if let Some(product) = self.product {
            body["externalProductId"] = product.into();
        }
        if let Some(status) = self.status {
            body["orderStatus"] = status.into();
        }
        if let Some(at) = self.ordered_at {
            body["orderedAt"] = written(at, 0).into();
        }
        if !self.lines.is_empty() {
            let line = |line: &Line| {
                json!({
                    "sku": line.sku,
                    "quantity": line.quantity,
                    "unitPrice": amount_text(line.price, self.currency),
                })
            };
            body["items"] = self.lines.iter().map(line).collect();
        }
        body.to_string()
    }
}

impl Report {
    /// What an order's own status reports.
    pub fn inside(order: &Order, status: &'static str) -> Self {
        let order = order.order.clone();
        Self { order, status, at: None, zone: 0, refunded: None, items: Vec::new() }
    }

    fn body(&self) -> String {
        let mut body = json!({ "externalOrderId": self.order, "status": self.status });
        if let Some(at) = self.at {
            body["statusUpdatedAt"] = written(at, self.zone).into();
        }
        match &self.refunded {
            Some(Refunded::Minor { minor, currency }) => {
                body["refundedAmount"] = amount_text(*minor, *currency).into();
            }
            Some(Refunded::TooFine) => body["refundedAmount"] = "1.00005".into(),
            None => {}
        }
        if !self.items.is_empty() {
            let item = |(sku, quantity): &(&str, i64)| json!({ "sku": sku, "quantity": quantity });
            body["items"] = self.items.iter().map(item).collect();
        }
        body.to_string()
    }
}
