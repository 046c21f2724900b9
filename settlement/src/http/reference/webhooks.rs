//! The operations that take shops' own webhooks.

use super::intake::{TAG, bodies, taken, truth};
use super::operation::Operation;
use super::resource::strict;
use crate::wire::schema;
use shared::limits::{BODY_BYTES_MAX, EXTERNAL_EVENT_ID_CHARACTERS_MAX, SHOP_BODY_BYTES_MAX};
use shared::problem::Code;
use shared::shop::Source;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder};
use utoipa::openapi::{HttpMethod, Object, Ref, Type};

pub(super) fn operations() -> Vec<Operation> {
    let shopify = shop(
        ("/webhooks/shopify/{id}", "takeShopifyWebhook", "Take a webhook of Shopify"),
        "ShopifyWebhook",
        (Source::Shopify, SHOPIFY_EXAMPLE),
    );
    let woocommerce = shop(
        ("/webhooks/woocommerce/{id}", "takeWooCommerceWebhook", "Take a webhook of WooCommerce"),
        "WooCommerceWebhook",
        (Source::WooCommerce, WOOCOMMERCE_EXAMPLE),
    );
    // WooCommerce asks once, unsigned, whether anybody is there.
    let answered = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("status", schema::words(["ok"]))
        .required("status")
        .build();
    let when = "Somebody is there: what WooCommerce asks when its webhook is made.";
    let woocommerce = woocommerce.answers_with(200, when, answered.into(), r#"{"status": "ok"}"#);
    vec![generic(), shopify, woocommerce]
}

fn generic() -> Operation {
    let data = OneOfBuilder::new()
        .item(Ref::from_schema_name("ConversionReport"))
        .item(Ref::from_schema_name("OrderStatusReport"));
    let body = strict()
        .description(Some("An event with its kind."))
        .property("type", schema::words(["conversion", "order_status"]))
        .property("data", data)
        .required("type")
        .required("data");
    let id = schema::pattern(format!("^[\\x20-\\x7e]{{1,{EXTERNAL_EVENT_ID_CHARACTERS_MAX}}}$"));
    let says = "Your own id of the event, required: a second event of the same id is answered \
                `DUPLICATE` and changes nothing.";
    let mut operation = Operation::signed(
        HttpMethod::Post,
        "/webhooks/generic",
        TAG,
        "takeWebhook",
        "Report an event under an id of your own",
    )
    .about(
        "For shops that push events: the same two events as `POST /api/v1/conversions` and \
         `POST /api/v1/order-status` take, read as strictly, known by `X-External-Event-Id` \
         instead of by what they say.",
    )
    .body(("WebhookReport", body.into()), BODY_BYTES_MAX, EXAMPLE)
    .header("X-External-Event-Id", id, says)
    .required()
    .refuses(&[Code::ValidationError, Code::OrderStatusInvalid]);
    let (conversion, order_status) = (bodies::conversion(), bodies::order_status());
    for (name, shape) in [conversion, order_status] {
        operation.schemas.push((name.to_owned(), shape));
    }
    taken(operation, ("DuplicateWebhook", duplicate()), RECEIVED)
}

fn shop(
    (path, id, summary): (&'static str, &'static str, &'static str),
    name: &str,
    (source, example): (Source, &'static str),
) -> Operation {
    let body = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("What the shop sends; a few listed fields of it are kept."))
        .build();
    let operation = Operation::signed(HttpMethod::Post, path, TAG, id, summary)
        .by_shop(source)
        .about(
            "The path names a key made for this shop. The shop signs the body its own way, with \
             that key's secret. What it tells becomes the order and its statuses, as if you had \
             reported them; a topic that says nothing of these ends `skipped`.",
        )
        .body((name, body.into()), SHOP_BODY_BYTES_MAX, example)
        .header(source.topic_header(), Object::with_type(Type::String), "What it is about.");
    let operation = match source {
        Source::Shopify => operation.required(),
        Source::WooCommerce => operation,
    };
    let operation = operation.refuses(&[
        Code::InvalidApiKey,
        Code::ApiKeyDisabled,
        Code::ApiKeyRevoked,
        Code::MerchantNotApproved,
        Code::IpNotAllowed,
        Code::InvalidSignature,
        Code::RateLimited,
        Code::ValidationError,
        Code::PayloadTooLarge,
        Code::NotFound,
    ]);
    taken(operation, ("DuplicateWebhook", duplicate()), SHOP_RECEIVED)
}

fn duplicate() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Taken before under the same id: nothing was stored."))
        .property("status", schema::words(["DUPLICATE"]))
        .property("duplicate", truth(true))
        .required("status")
        .required("duplicate")
        .build()
}

const EXAMPLE: &str = r#"{
  "type": "conversion",
  "data": {"externalOrderId": "SHOP-100245", "orderAmount": "2999.00"}
}"#;
const RECEIVED: &str = r#"{
  "eventId": "cnvevt_1vr5jxs0wte0w0000000000001",
  "status": "RECEIVED",
  "duplicate": false
}"#;
const SHOPIFY_EXAMPLE: &str = r#"{
  "id": 820982911946154508,
  "currency": "NPR",
  "total_price": "2999.00"
}"#;
const WOOCOMMERCE_EXAMPLE: &str = r#"{
  "id": 727,
  "status": "processing",
  "currency": "NPR",
  "total": "2999.00"
}"#;
const SHOP_RECEIVED: &str = r#"{
  "eventId": "whevt_1vr5jxs0wte0w0000000000003",
  "status": "RECEIVED",
  "duplicate": false
}"#;
