//! The bodies the edge reads, from the limits it reads them with (PRODUCT §3, §4).

use super::super::resource::strict;
use crate::wire::schema::{self, CurrencyCode, told};
use shared::validate::{
    CLICK_ID_CHARACTERS_MAX, COUPON_CHARACTERS_MAX, EXTERNAL_ID_CHARACTERS_MAX, ITEMS_MAX,
    METADATA_BYTES_MAX, QUANTITY_MAX, REASON_CHARACTERS_MAX,
};
use utoipa::PartialSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{Array, Object, RefOr, Schema};

pub(in super::super) const CONVERSION_EXAMPLE: &str = r#"{
  "externalOrderId": "SHOP-100245",
  "orderAmount": "2999.00",
  "currency": "NPR",
  "clickId": "clk_4g0r2m8a5xv1n7c3k9qe6w0t4yb2h8s5d1j3p7z0",
  "items": [
    {"sku": "TEA-250", "quantity": 2, "unitPrice": "999.50"},
    {"sku": "CUP-1", "quantity": 1, "unitPrice": "1000.00"}
  ],
  "orderedAt": "2026-06-14T09:30:00+05:45"
}"#;
pub(in super::super) const ORDER_STATUS_EXAMPLE: &str = r#"{
  "externalOrderId": "SHOP-100245",
  "status": "refunded",
  "refundedAmount": "999.50",
  "statusUpdatedAt": "2026-06-20T11:00:00+05:45",
  "reason": "one tin came open"
}"#;

fn id(description: &str) -> Object {
    told(schema::name(EXTERNAL_ID_CHARACTERS_MAX), description)
}

/// `POST /api/v1/conversions`.
pub(in super::super) fn conversion() -> (&'static str, RefOr<Schema>) {
    let click_id = "The `click_id` the shopper came with, as it is.";
    let coupon = "The coupon used; letters of either case are the same.";
    let ordered_at = "When the order was placed; else the time of acceptance. With a live key not \
                      more than 24 hours ahead.";
    let customer = "Your own id of the customer, or a hash; kept only as a keyed hash.";
    let status = told(schema::conversion_status(), "Where the order stands; else `pending`.");
    let body = strict()
        .description(Some("An order reported for attribution."))
        .property("externalOrderId", id("Your order id, unique per environment."))
        .property("orderAmount", told(schema::sent_amount(), TOTAL))
        .property("clickId", told(schema::text(CLICK_ID_CHARACTERS_MAX), click_id))
        .property("externalProductId", id("The SKU sold; enables rules of a product."))
        .property("currency", CurrencyCode::schema())
        .property("orderStatus", status)
        .property("orderedAt", told(schema::sent_instant(), ordered_at))
        .property("couponCode", told(schema::text(COUPON_CHARACTERS_MAX), coupon))
        .property("customerId", id(customer))
        .property("items", items())
        .property("metadata", metadata())
        .required("externalOrderId")
        .required("orderAmount");
    ("ConversionReport", body.into())
}

const TOTAL: &str =
    "The order's total: a decimal string with at most the currency's digits, like `2999.00`.";

/// `POST /api/v1/order-status`.
pub(in super::super) fn order_status() -> (&'static str, RefOr<Schema>) {
    let click_id = "The click id of an order whose conversion lacked it.";
    let updated_at = "When it happened; else the time of acceptance.";
    let reason = "In your words; kept with the commission.";
    let refunded = "The **total** taken back so far, more than 0. Only with `cancelled`, \
                    `returned` or `refunded`, and without `items`; neither means all of it.";
    let body = strict()
        .description(Some("News about an order."))
        .property("externalOrderId", id("Your order id."))
        .property("status", told(schema::order_status(), "What happened."))
        .property("clickId", told(schema::text(CLICK_ID_CHARACTERS_MAX), click_id))
        .property("statusUpdatedAt", told(schema::sent_instant(), updated_at))
        .property("reason", told(schema::text(REASON_CHARACTERS_MAX), reason))
        .property("refundedAmount", told(schema::sent_amount(), refunded))
        .property("items", returned_items())
        .property("metadata", metadata())
        .required("externalOrderId")
        .required("status");
    ("OrderStatusReport", body.into())
}

fn quantity() -> Object {
    told(schema::whole(1, usize::try_from(QUANTITY_MAX).unwrap_or(usize::MAX)), "Units.")
}

fn items() -> Array {
    let price = "Price of one unit, like `orderAmount`.";
    let item = strict()
        .property("sku", id("The SKU."))
        .property("quantity", quantity())
        .property("unitPrice", told(schema::sent_amount(), price))
        .required("sku")
        .required("quantity")
        .required("unitPrice");
    list(item, "The order's lines: each earns by its own rule.")
}

fn returned_items() -> Array {
    let item = strict()
        .property("sku", id("The SKU; each once."))
        .property("quantity", quantity())
        .required("sku")
        .required("quantity");
    list(item, "The units taken back in all; instead of `refundedAmount`.")
}

fn list(item: ObjectBuilder, description: &str) -> Array {
    ArrayBuilder::new()
        .items(item)
        .min_items(Some(1))
        .max_items(Some(ITEMS_MAX))
        .description(Some(description))
        .build()
}

fn metadata() -> Object {
    let says = format!("Your own object, at most {} KiB of text.", METADATA_BYTES_MAX / 1024);
    told(schema::free_object(), &says)
}
