//! The affiliate order event: one order and its commission as they stand after a step, in the
//! fields that MONEY §13 maps. Numbers are JSON numbers, written from decimals.

pub mod rate;
pub mod standing;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::event::Item;
use shared::id::AffiliateId;
use shared::money::Currency;
use standing::{OrderStatus, Shown, Standing};

/// What an event is written from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Who earns the commission.
    pub affiliate: AffiliateId,
    /// Under which name.
    pub affiliate_name: &'a str,
    /// The order.
    pub order: &'a Order,
    /// Where order and commission stand after the step.
    pub shown: Shown,
    /// When the step took effect.
    pub at: Timestamp,
}

/// What stays the same of an order, whatever happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// cnv_….
    pub conversion_id: String,
    /// `orderAmount` as reported.
    pub amount: Decimal,
    /// Currency of every amount.
    pub currency: Currency,
    /// Percent.
    pub rate: Decimal,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Σ quantity × price of the lines that were sent; `None`: none were.
    pub lines_sum: Option<Decimal>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The merchant's SKU.
    pub sku: String,
    /// The product's name, or its SKU where no product is known by it.
    pub name: String,
    /// Units.
    pub quantity: u32,
    /// Price of one unit.
    pub price: Decimal,
}

/// An order's lines: its items, or one of the SKU that was sent beside the total, or none.
/// `name_of` knows products by their SKU.
pub fn lines<'a>(
    items: &[Item],
    product: Option<&str>,
    order_amount: Decimal,
    name_of: impl Fn(&str) -> Option<&'a str>,
) -> Vec<Line> {
    let line = |sku: &str, quantity, price| Line {
        sku: sku.to_owned(),
        name: name_of(sku).unwrap_or(sku).to_owned(),
        quantity,
        price,
    };
    if items.is_empty() {
        return product.map(|sku| line(sku, 1, order_amount)).into_iter().collect();
    }
    items.iter().map(|item| line(&item.sku, item.quantity, item.unit_price)).collect()
}

/// What the items come to before any discount; `None` without items.
pub fn sum(items: &[Item]) -> Option<Decimal> {
    let price = |item: &Item| item.unit_price * Decimal::from(item.quantity);
    (!items.is_empty()).then(|| items.iter().map(price).sum())
}

impl Order {
    /// What the buyer did not have to pay of the items.
    fn discount(&self) -> Decimal {
        self.lines_sum.map_or(Decimal::ZERO, |sum| (sum - self.amount).max(Decimal::ZERO))
    }

    /// What the event shows of where the commission stands.
    pub fn show(&self, standing: &Standing) -> Shown {
        standing.shown(self.amount)
    }
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the fields are named by the specification")]
struct Event<'a> {
    event_category: &'static str,
    event_type: &'static str,
    timestamp: i64,
    partner_name: &'a str,
    partner_id: AffiliateId,
    commission_rate: Box<RawValue>,
    commission_amount: Box<RawValue>,
    order_data: OrderData<'a>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the fields are named by the specification")]
struct OrderData<'a> {
    order_id: &'a str,
    order_total: Box<RawValue>,
    order_adjustment: Box<RawValue>,
    order_subtotal: Box<RawValue>,
    order_discount: Box<RawValue>,
    order_currency: &'static str,
    order_status: &'static str,
    order_items: Vec<OrderItem<'a>>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the fields are named by the specification")]
struct OrderItem<'a> {
    item_id: &'a str,
    item_name: &'a str,
    item_quantity: u32,
    item_price: Box<RawValue>,
}

/// What is sent, byte for byte.
pub fn body(facts: Facts<'_>) -> String {
    let order = facts.order;
    let money = |amount: Decimal| number(order.currency.format(amount));
    let event = Event {
        event_category: "affiliate",
        event_type: "order",
        timestamp: facts.at.as_second(),
        partner_name: facts.affiliate_name,
        partner_id: facts.affiliate,
        commission_rate: number(rate::text(order.rate)),
        commission_amount: money(facts.shown.commission_amount),
        order_data: OrderData {
            order_id: &order.conversion_id,
            order_total: money(order.amount),
            order_adjustment: money(facts.shown.order_adjustment),
            order_subtotal: money(order.amount + order.discount()),
            order_discount: money(order.discount()),
            order_currency: order.currency.code(),
            order_status: facts.shown.order_status.as_str(),
            order_items: order.lines.iter().map(|line| item(line, order.currency)).collect(),
        },
    };
    serde_json::to_string(&event).expect("texts and numbers are plain data")
}

/// An event of an order of nothing, to try an endpoint: no conversion has its id.
pub fn of_nothing(affiliate: AffiliateId, affiliate_name: &str, at: Timestamp) -> String {
    let order = Order {
        conversion_id: "test".to_owned(),
        amount: Decimal::ZERO,
        currency: Currency::parse("USD").expect("the specification's own currency is one"),
        rate: Decimal::ZERO,
        lines: Vec::new(),
        lines_sum: None,
    };
    let shown = Shown {
        order_status: OrderStatus::Pending,
        commission_amount: Decimal::ZERO,
        order_adjustment: Decimal::ZERO,
    };
    body(Facts { affiliate, affiliate_name, order: &order, shown, at })
}

fn item(line: &Line, currency: Currency) -> OrderItem<'_> {
    OrderItem {
        item_id: &line.sku,
        item_name: &line.name,
        item_quantity: line.quantity,
        item_price: number(currency.format(line.price)),
    }
}

/// A decimal's text as a JSON number: exactly its digits.
fn number(text: String) -> Box<RawValue> {
    RawValue::from_string(text).expect("a decimal's text is a JSON number")
}

#[cfg(test)]
mod tests;
