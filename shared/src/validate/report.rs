//! `POST /api/v1/order-status` and the test clock: body to event. Rules: PRODUCT §4, MONEY §3, §11.

use super::conversion::{item_quantity, item_sku, missing};
use super::fields::{Fields, Need, shown};
use super::{
    CLICK_ID_CHARACTERS_MAX, CLOCK_ADVANCE_SECONDS_MAX, Context, EXTERNAL_ID_CHARACTERS_MAX,
    ITEMS_MAX, REASON_CHARACTERS_MAX,
};
use crate::event::{ClockAdvance, OrderStatusReport, ReturnedItem};
use crate::fault::Faults;
use crate::json::Node;
use crate::order_status::OrderStatus;
use rust_decimal::Decimal;

/// Names from other interfaces, and the field each of them means here (EDGE §15).
const KINDLY: [(&str, &str); 6] = [
    ("order_id", "externalOrderId"),
    ("orderId", "externalOrderId"),
    ("orderStatus", "status"),
    ("click_id", "clickId"),
    ("amount", "refundedAmount"),
    ("occurred_at", "statusUpdatedAt"),
];

/// Reads an order-status report, or every fault of the body.
pub fn order_status(body: &[u8], context: &Context<'_>) -> Result<OrderStatusReport, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let external_order_id =
        fields.external_id("externalOrderId", EXTERNAL_ID_CHARACTERS_MAX, Need::Required);
    let status = status(&mut fields);
    let click_id = fields.text("clickId", CLICK_ID_CHARACTERS_MAX, Need::Optional);
    let status_updated_at = fields.instant("statusUpdatedAt", context);
    let reason = fields.text("reason", REASON_CHARACTERS_MAX, Need::Optional);
    let refunded_amount = fields.amount("refundedAmount", Need::Optional);
    let items = returned_items(&mut fields);
    let metadata = fields.metadata();
    fields.refuse_unknown(&KINDLY);
    check_refund(status, refunded_amount, &items, &mut fields.faults);
    match (external_order_id, status, fields.faults.is_empty()) {
        (Some(external_order_id), Some(status), true) => Ok(OrderStatusReport {
            external_order_id,
            status,
            click_id,
            status_updated_at,
            reason,
            refunded_amount,
            items,
            metadata,
        }),
        _ => Err(fields.faults),
    }
}

fn status(fields: &mut Fields) -> Option<OrderStatus> {
    let node = fields.word("status", Need::Required)?;
    let status = match &node {
        Node::Text(word) => OrderStatus::parse(word),
        _ => None,
    };
    if status.is_none() {
        let words: Vec<_> = OrderStatus::ALL.into_iter().map(OrderStatus::as_str).collect();
        fields.faults.push_order_status(format!("status must be one of {}", words.join(", ")));
    }
    status
}

fn check_refund(
    status: Option<OrderStatus>,
    refunded_amount: Option<Decimal>,
    items: &[ReturnedItem],
    faults: &mut Faults,
) {
    if refunded_amount.is_some_and(|amount| amount.is_zero()) {
        faults.push("refundedAmount must be more than 0");
    }
    if refunded_amount.is_some() && !items.is_empty() {
        faults.push("refundedAmount and items must not be sent together");
    }
    let part = if refunded_amount.is_some() { "refundedAmount" } else { "items" };
    let partial = refunded_amount.is_some() || !items.is_empty();
    if partial && status.is_some_and(|status| !status.is_reversal()) {
        faults.push(format!("{part} goes only with status cancelled, returned or refunded"));
    }
}

fn returned_items(fields: &mut Fields) -> Vec<ReturnedItem> {
    let Some(nodes) = fields.list("items", ITEMS_MAX) else {
        return Vec::new();
    };
    let mut items: Vec<ReturnedItem> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.into_iter().enumerate() {
        let Some(item) = returned_item(at, node, &mut fields.faults) else {
            continue;
        };
        // Kept sorted: a place for each is found in it, and one that is there is found too.
        match items.binary_search_by(|known| known.sku.cmp(&item.sku)) {
            Ok(_) => fields.faults.push(format!("items[{at}].sku must not be repeated")),
            Err(place) => items.insert(place, item),
        }
    }
    items
}

fn returned_item(at: usize, node: Node, faults: &mut Faults) -> Option<ReturnedItem> {
    let Node::Object(properties) = node else {
        faults.push(format!("items[{at}] must be an object"));
        return None;
    };
    let (mut sku, mut quantity) = (None, None);
    for (name, value) in properties {
        match name.as_str() {
            "sku" => sku = Some(item_sku(at, value, faults)),
            "quantity" => quantity = Some(item_quantity(at, &value, faults)),
            other => faults.push(format!("items[{at}].{} is not a property here", shown(other))),
        }
    }
    missing(at, "sku", sku.is_none(), faults);
    missing(at, "quantity", quantity.is_none(), faults);
    Some(ReturnedItem { sku: sku??, quantity: quantity?? })
}

/// Reads a test-clock move, or every fault of the body.
pub fn clock_advance(body: &[u8]) -> Result<ClockAdvance, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let node = fields.word("seconds", Need::Required);
    let seconds = match node {
        Some(Node::Whole(number)) if (1..=CLOCK_ADVANCE_SECONDS_MAX).contains(&number) => {
            u32::try_from(number).ok()
        }
        Some(_) => {
            fields.faults.push(format!(
                "seconds must be a whole number from 1 to {CLOCK_ADVANCE_SECONDS_MAX}"
            ));
            None
        }
        None => None,
    };
    fields.refuse_unknown(&[]);
    match (seconds, fields.faults.is_empty()) {
        (Some(seconds), true) => Ok(ClockAdvance { seconds }),
        _ => Err(fields.faults),
    }
}
