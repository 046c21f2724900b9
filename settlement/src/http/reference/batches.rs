//! The operations that report up to a hundred events under one signature.

use super::intake::{CONVERSION_RESULT, STATUS_RESULT, TAG, bodies};
use super::operation::Operation;
use crate::wire::schema;
use shared::fault::FAULTS_LISTED_MAX;
use shared::problem::Code;
use shared::relay::BULK_BYTES_MAX;
use shared::validate::BATCH_EVENTS_MAX;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder};
use utoipa::openapi::{HttpMethod, Object, Ref, RefOr, Schema, Type};

const ABOUT: &str = "One call, one signature: every event is answered in its place, and one at \
                     fault stops no other. It counts as many calls as it has events, all or none. \
                     An idempotency key covers the whole answer.";

pub(super) fn operations() -> Vec<Operation> {
    let conversions = batch(
        ("/conversions/batch", "reportConversions", "Report many orders"),
        ("ConversionReports", bodies::conversion()),
        (CONVERSION_RESULT, &[Code::ValidationError]),
        (CONVERSIONS_EXAMPLE, CONVERSIONS_ANSWER),
    );
    let statuses = batch(
        ("/order-status/batch", "reportOrderStatuses", "Report what became of many orders"),
        ("OrderStatusReports", bodies::order_status()),
        (STATUS_RESULT, &[Code::ValidationError, Code::OrderStatusInvalid]),
        (STATUSES_EXAMPLE, STATUSES_ANSWER),
    );
    vec![conversions, statuses]
}

type Named = (&'static str, (&'static str, RefOr<Schema>));

fn batch(
    (path, id, summary): (&'static str, &'static str, &'static str),
    (name, (item_name, item)): Named,
    (known, codes): (&'static str, &[Code]),
    (example, answer): (&'static str, &'static str),
) -> Operation {
    // What is wrong with an item is told in its place, so the call itself takes any.
    let items = ArrayBuilder::new()
        .items(Ref::from_schema_name(item_name))
        .min_items(Some(1))
        .max_items(Some(BATCH_EVENTS_MAX));
    let mut operation = Operation::signed(HttpMethod::Post, path, TAG, id, summary);
    operation.schemas.push((item_name.to_owned(), item));
    let result = OneOfBuilder::new()
        .item(Ref::from_schema_name("Received"))
        .item(Ref::from_schema_name(known))
        .item(refused(codes));
    let results = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("results", ArrayBuilder::new().items(result).max_items(Some(BATCH_EVENTS_MAX)))
        .required("results");
    operation
        .about(ABOUT)
        .body((name, items.into()), BULK_BYTES_MAX, example)
        .answers_with(202, "What became of each, in order.", results.into(), answer)
        .once()
        .refuses(&[Code::ValidationError])
}

/// An item at fault.
fn refused(codes: &[Code]) -> Object {
    let faults = ArrayBuilder::new()
        .items(Object::with_type(Type::String))
        .min_items(Some(1))
        .max_items(Some(FAULTS_LISTED_MAX));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("code", schema::words(codes.iter().map(|code| code.as_str())))
        .property("message", faults)
        .required("code")
        .required("message")
        .build()
}

const CONVERSIONS_EXAMPLE: &str = r#"[
  {"externalOrderId": "SHOP-100245", "orderAmount": "2999.00"},
  {"externalOrderId": "SHOP-100246", "orderAmount": "450.00"}
]"#;
const CONVERSIONS_ANSWER: &str = r#"{
  "results": [
    {"eventId": "cnvevt_1vr5jxs0wte0w0000000000001", "status": "RECEIVED", "duplicate": false},
    {"conversionId": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h", "status": "DUPLICATE", "duplicate": true}
  ]
}"#;
const STATUSES_EXAMPLE: &str = r#"[
  {"externalOrderId": "SHOP-100245", "status": "delivered"},
  {"externalOrderId": "SHOP-100246", "status": "confirmed"}
]"#;
const STATUSES_ANSWER: &str = r#"{
  "results": [
    {"eventId": "osevt_1vr5jxs0wte0w0000000000002", "status": "RECEIVED", "duplicate": false},
    {"eventId": "osevt_1vr5jxs0wte0w0000000000003", "status": "RECEIVED", "duplicate": false}
  ]
}"#;
