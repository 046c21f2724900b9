//! `POST /api/v1/reconcile`: body to a day of orders.

use super::super::EXTERNAL_ID_CHARACTERS_MAX;
use super::super::fields::{Fields, Need, id_fault, shown};
use super::DAY_ORDERS_MAX;
use crate::fault::Faults;
use crate::json::Node;
use crate::money;
use crate::order_status::OrderStatus;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// What an order's status can be, in the documented order.
pub const ORDER_STATUSES: [OrderStatus; 7] = [
    OrderStatus::Pending,
    OrderStatus::Confirmed,
    OrderStatus::Paid,
    OrderStatus::Delivered,
    OrderStatus::Cancelled,
    OrderStatus::Returned,
    OrderStatus::Refunded,
];

/// One order as the merchant's books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOrder {
    /// The merchant's order id.
    pub external_order_id: String,
    /// Its status now.
    pub status: OrderStatus,
    /// Its total.
    pub amount: Decimal,
}

/// A day of orders as the merchant's books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Which day, in the merchant's time zone.
    pub date: Date,
    /// Its orders, each once.
    pub orders: Vec<DayOrder>,
}

/// Reads a day, or every fault of the body.
pub fn day(body: &[u8]) -> Result<Day, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let date = date(&mut fields);
    let orders = orders(&mut fields);
    fields.refuse_unknown(&[("day", "date")]);
    match (date, orders, fields.faults.is_empty()) {
        (Some(date), Some(orders), true) => Ok(Day { date, orders }),
        _ => Err(fields.faults),
    }
}

fn date(fields: &mut Fields) -> Option<Date> {
    let date = match fields.word("date", Need::Required)? {
        Node::Text(text) => parse_date(&text),
        _ => None,
    };
    if date.is_none() {
        fields.faults.push("date must be a calendar day like \"2026-06-14\"");
    }
    date
}

/// Reads `YYYY-MM-DD`; a lenient reader would take other shapes too.
fn parse_date(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date: Date = text.parse().ok().filter(|_| shape)?;
    (1970..=9998).contains(&date.year()).then_some(date)
}

fn orders(fields: &mut Fields) -> Option<Vec<DayOrder>> {
    let nodes = match fields.word("orders", Need::Required)? {
        Node::List(nodes) if nodes.len() <= DAY_ORDERS_MAX => nodes,
        Node::List(_) => {
            fields.faults.push(format!("orders must have at most {DAY_ORDERS_MAX} entries"));
            return None;
        }
        _ => {
            fields.faults.push("orders must be an array");
            return None;
        }
    };
    let mut orders = Vec::with_capacity(nodes.len());
    let mut seen = HashMap::with_capacity(nodes.len());
    for (at, node) in nodes.into_iter().enumerate() {
        let Some(order) = order(at, node, &mut fields.faults) else { continue };
        let first = *seen.entry(order.external_order_id.clone()).or_insert(at);
        if first != at {
            fields.faults.push(format!(
                "orders[{at}].externalOrderId must not be repeated: orders[{first}] has it"
            ));
        }
        orders.push(order);
    }
    Some(orders)
}

fn order(at: usize, node: Node, faults: &mut Faults) -> Option<DayOrder> {
    let Node::Object(properties) = node else {
        faults.push(format!("orders[{at}] must be an object"));
        return None;
    };
    let (mut id, mut status, mut amount) = (None, None, None);
    for (name, value) in properties {
        match name.as_str() {
            "externalOrderId" => id = Some(order_id(at, value, faults)),
            "status" => status = Some(order_status(at, &value, faults)),
            "amount" => amount = Some(order_amount(at, &value, faults)),
            other => {
                faults.push(format!("orders[{at}].{} is not a property here", shown(other)));
            }
        }
    }
    let named = [
        ("externalOrderId", id.is_none()),
        ("status", status.is_none()),
        ("amount", amount.is_none()),
    ];
    for (name, _) in named.into_iter().filter(|(_, is_missing)| *is_missing) {
        faults.push(format!("orders[{at}].{name} is required"));
    }
    Some(DayOrder { external_order_id: id??, status: status??, amount: amount?? })
}

fn order_id(at: usize, value: Node, faults: &mut Faults) -> Option<String> {
    let Node::Text(id) = value else {
        faults.push(format!("orders[{at}].externalOrderId must be a string"));
        return None;
    };
    let too_long = id.chars().count() > EXTERNAL_ID_CHARACTERS_MAX;
    let reason = if too_long { Some("must be at most 160 characters") } else { id_fault(&id) };
    if let Some(reason) = reason {
        faults.push(format!("orders[{at}].externalOrderId {reason}"));
        return None;
    }
    Some(id)
}

fn order_status(at: usize, value: &Node, faults: &mut Faults) -> Option<OrderStatus> {
    let status = match value {
        Node::Text(word) => {
            ORDER_STATUSES.into_iter().find(|status| status.as_str() == word.as_str())
        }
        _ => None,
    };
    if status.is_none() {
        let words: Vec<_> = ORDER_STATUSES.into_iter().map(OrderStatus::as_str).collect();
        let what = format!("orders[{at}].status must be one of {}", words.join(", "));
        faults.push_order_status(what);
    }
    status
}

fn order_amount(at: usize, value: &Node, faults: &mut Faults) -> Option<Decimal> {
    let amount = match value {
        Node::Text(text) => money::parse_amount(text),
        _ => None,
    };
    if amount.is_none() {
        faults.push(format!("orders[{at}].amount must be a decimal string like \"2999.00\""));
    }
    amount
}
