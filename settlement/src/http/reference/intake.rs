//! The operations that report orders: taken in at the edge, settled later.

pub(super) mod bodies;

use super::operation::{Operation, Tag};
use crate::wire::schema;
use shared::limits::BODY_BYTES_MAX;
use shared::problem::Code;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder};
use utoipa::openapi::{HttpMethod, Object, Ref, RefOr, Schema, Type};

pub(super) const TAG: Tag = Tag {
    name: "Report orders",
    about: "Signed events: stored before they are answered, settled in order, each exactly once.",
};

/// The shape of the answer to a conversion that is known already.
pub(super) const CONVERSION_RESULT: &str = "DuplicateConversion";
/// The shape of the answer to an order status that is known already.
pub(super) const STATUS_RESULT: &str = "DuplicateOrderStatus";

const RECEIVED: &str = r#"{
  "eventId": "cnvevt_1vr5jxs0wte0w0000000000001",
  "status": "RECEIVED",
  "duplicate": false
}"#;
const STATUS_RECEIVED: &str = r#"{
  "eventId": "osevt_1vr5jxs0wte0w0000000000002",
  "status": "RECEIVED",
  "duplicate": false
}"#;

pub(super) fn operations() -> Vec<Operation> {
    vec![report_conversion(), report_order_status()]
}

fn report_conversion() -> Operation {
    let summary = "Report an order";
    let operation =
        Operation::signed(HttpMethod::Post, "/conversions", TAG, "reportConversion", summary)
            .about(
                "Reports an order for attribution. A click id inside its campaign's cookie window \
                 decides who earns it, with a commission at once; else a coupon assigned to an \
                 affiliate, else the customer's last click (`customerId`): those two wait for a \
                 person in the review queue, unless you chose otherwise. Without any of them the \
                 order waits there too. The order of the three is yours to choose.\n\nAn order is reported once: `externalOrderId` is \
                 unique per merchant and environment, and a second report changes nothing. What \
                 happens to the order afterwards goes to `POST /api/v1/order-status`.",
            )
            .body(bodies::conversion(), BODY_BYTES_MAX, bodies::CONVERSION_EXAMPLE)
            .refuses(&[Code::ValidationError]);
    let known = duplicate("conversionId", schema::conversion_id());
    taken(operation, (CONVERSION_RESULT, known), RECEIVED)
}

fn report_order_status() -> Operation {
    let summary = "Report what became of an order";
    let operation =
        Operation::signed(HttpMethod::Post, "/order-status", TAG, "reportOrderStatus", summary)
            .about(
                "Moves the order's commission. `confirmed` and `paid` bring it to its hold, \
                 `delivered` starts the return window (unless set otherwise), `cancelled`, \
                 `returned` and `refunded` take it back, in whole or in part.\n\nReports may come \
                 in any order, also before the conversion: such a one waits for it. A late forward \
                 status never moves a commission backwards; a reversal applies whenever it comes.",
            )
            .body(bodies::order_status(), BODY_BYTES_MAX, bodies::ORDER_STATUS_EXAMPLE)
            .refuses(&[Code::ValidationError, Code::OrderStatusInvalid]);
    let known = duplicate("eventId", schema::event_id());
    taken(operation, (STATUS_RESULT, known), STATUS_RECEIVED)
}

/// With both 202s; `known` is the answer to what is known already.
pub(super) fn taken(
    mut operation: Operation,
    (name, known): (&str, Object),
    example: &'static str,
) -> Operation {
    operation.schemas.push(("Received".to_owned(), received().into()));
    operation.schemas.push((name.to_owned(), known.into()));
    let either = OneOfBuilder::new()
        .item(Ref::from_schema_name("Received"))
        .item(Ref::from_schema_name(name));
    let either = RefOr::T(Schema::OneOf(either.build()));
    operation
        .answers_with(202, "Durably stored; or known already, and without effect.", either, example)
        .once()
}

/// The answer to an event that was stored.
pub(super) fn received() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("The event is stored; its outcome can be read under its id."))
        .property("eventId", schema::event_id())
        .property("status", schema::words(["RECEIVED"]))
        .property("duplicate", truth(false))
        .required("eventId")
        .required("status")
        .required("duplicate")
        .build()
}

fn duplicate(id: &str, id_schema: Object) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Known already: nothing was stored, nothing changes."))
        .property(id, id_schema)
        .property("status", schema::words(["DUPLICATE"]))
        .property("duplicate", truth(true))
        .required(id)
        .required("status")
        .required("duplicate")
        .build()
}

pub(super) fn truth(value: bool) -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([value])).build()
}
