//! `POST /api/v1/conversions`: body to event. Field rules: PRODUCT §3.

use super::fields::{Fields, Need, id_fault, shown};
use super::{
    CLICK_ID_CHARACTERS_MAX, COUPON_CHARACTERS_MAX, Context, EXTERNAL_ID_CHARACTERS_MAX, ITEMS_MAX,
    QUANTITY_MAX,
};
use crate::event::{Conversion, Item};
use crate::fault::Faults;
use crate::json::Node;
use crate::money::{self, Currency};
use crate::order_status::OrderStatus;
use rust_decimal::Decimal;

/// Names from other interfaces, and the field each of them means here (EDGE §15).
const KINDLY: [(&str, &str); 7] = [
    ("order_id", "externalOrderId"),
    ("orderId", "externalOrderId"),
    ("amount", "orderAmount"),
    ("click_id", "clickId"),
    ("status", "orderStatus"),
    ("occurred_at", "orderedAt"),
    ("idempotency_key", "the Idempotency-Key header"),
];

/// Reads a conversion, or every fault of the body.
pub fn conversion(body: &[u8], context: &Context<'_>) -> Result<Conversion, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let external_order_id =
        fields.external_id("externalOrderId", EXTERNAL_ID_CHARACTERS_MAX, Need::Required);
    let order_amount = fields.amount("orderAmount", Need::Required);
    let click_id = fields.text("clickId", CLICK_ID_CHARACTERS_MAX, Need::Optional);
    let external_product_id =
        fields.external_id("externalProductId", EXTERNAL_ID_CHARACTERS_MAX, Need::Optional);
    let currency = fields.currency("currency", context.currency);
    let order_status = order_status(&mut fields);
    let ordered_at = fields.instant("orderedAt", context);
    let coupon_code = fields.text("couponCode", COUPON_CHARACTERS_MAX, Need::Optional);
    let customer_id = fields.external_id("customerId", EXTERNAL_ID_CHARACTERS_MAX, Need::Optional);
    let items = items(&mut fields, currency);
    let metadata = fields.metadata();
    fields.refuse_unknown(&KINDLY);
    if let (Some(amount), Some(currency)) = (order_amount, currency) {
        check_minor_digits("orderAmount", amount, currency, &mut fields.faults);
    }
    let (Some(external_order_id), Some(order_amount), Some(currency), true) =
        (external_order_id, order_amount, currency, fields.faults.is_empty())
    else {
        return Err(fields.faults);
    };
    let customer_hash = customer_id
        .map(|id| context.hash_key.customer_hash(context.merchant, context.environment, &id));
    Ok(Conversion {
        external_order_id,
        order_amount,
        currency,
        click_id,
        external_product_id,
        order_status,
        ordered_at,
        coupon_code: coupon_code.filter(|code| !code.trim().is_empty()),
        customer_hash,
        items,
        metadata,
    })
}

fn order_status(fields: &mut Fields) -> Option<OrderStatus> {
    let node = fields.word("orderStatus", Need::Optional)?;
    let status = match &node {
        Node::Text(word) => OrderStatus::parse_in_conversion(word),
        _ => None,
    };
    if status.is_none() {
        fields.faults.push(
            "orderStatus must be one of pending, confirmed, delivered, cancelled, returned, refunded",
        );
    }
    status
}

pub(super) fn check_minor_digits(
    field: &str,
    amount: Decimal,
    currency: Currency,
    faults: &mut Faults,
) {
    if !currency.holds(amount) {
        let most = currency.minor_digits();
        faults.push(format!("{field} must have at most {most} decimals in {currency}"));
    }
}

fn items(fields: &mut Fields, currency: Option<Currency>) -> Vec<Item> {
    let Some(nodes) = fields.list("items", ITEMS_MAX) else {
        return Vec::new();
    };
    let mut items = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.into_iter().enumerate() {
        items.extend(item(at, node, currency, &mut fields.faults));
    }
    items
}

fn item(at: usize, node: Node, currency: Option<Currency>, faults: &mut Faults) -> Option<Item> {
    let Node::Object(properties) = node else {
        faults.push(format!("items[{at}] must be an object"));
        return None;
    };
    let (mut sku, mut quantity, mut unit_price) = (None, None, None);
    for (name, value) in properties {
        match name.as_str() {
            "sku" => sku = Some(item_sku(at, value, faults)),
            "quantity" => quantity = Some(item_quantity(at, &value, faults)),
            "unitPrice" => {
                let price = match &value {
                    Node::Text(text) => money::parse_amount(text),
                    _ => None,
                };
                match (price, currency) {
                    (None, _) => faults.push(format!(
                        "items[{at}].unitPrice must be a decimal string like \"2999.00\""
                    )),
                    (Some(price), Some(currency)) => {
                        let field = format!("items[{at}].unitPrice");
                        check_minor_digits(&field, price, currency, faults);
                    }
                    _ => {}
                }
                unit_price = Some(price);
            }
            other => faults.push(format!("items[{at}].{} is not a property here", shown(other))),
        }
    }
    missing(at, "sku", sku.is_none(), faults);
    missing(at, "quantity", quantity.is_none(), faults);
    missing(at, "unitPrice", unit_price.is_none(), faults);
    Some(Item { sku: sku??, quantity: quantity??, unit_price: unit_price?? })
}

/// Notes a property that was not there at all; one that was there and wrong is noted already.
pub(super) fn missing(at: usize, name: &str, is_missing: bool, faults: &mut Faults) {
    if is_missing {
        faults.push(format!("items[{at}].{name} is required"));
    }
}

/// Reads a line's property that was there; `None` when it is wrong, which is noted.
pub(super) fn item_sku(at: usize, value: Node, faults: &mut Faults) -> Option<String> {
    let Node::Text(sku) = value else {
        faults.push(format!("items[{at}].sku must be a string"));
        return None;
    };
    let too_long = sku.chars().count() > EXTERNAL_ID_CHARACTERS_MAX;
    let reason = if too_long { Some("must be at most 160 characters") } else { id_fault(&sku) };
    if let Some(reason) = reason {
        faults.push(format!("items[{at}].sku {reason}"));
        return None;
    }
    Some(sku)
}

/// Reads a line's property that was there; `None` when it is wrong, which is noted.
pub(super) fn item_quantity(at: usize, value: &Node, faults: &mut Faults) -> Option<u32> {
    let quantity = match value {
        Node::Whole(number) => u32::try_from(*number).ok(),
        _ => None,
    };
    let quantity = quantity.filter(|number| (1..=QUANTITY_MAX).contains(number));
    if quantity.is_none() {
        faults
            .push(format!("items[{at}].quantity must be a whole number from 1 to {QUANTITY_MAX}"));
    }
    quantity
}
