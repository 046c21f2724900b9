//! The operations of the test world.

use super::intake::received;
use super::operation::{Operation, Tag};
use crate::wire::schema::{self, told};
use shared::limits::BODY_BYTES_MAX;
use shared::problem::Code;
use shared::validate::CLOCK_ADVANCE_SECONDS_MAX;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder};
use utoipa::openapi::{HttpMethod, Ref, Type};

const TAG: Tag = Tag {
    name: "Test world",
    about: "What only a test key may do: move the clock of its own world.",
};

pub(super) fn operations() -> Vec<Operation> {
    vec![advance_clock()]
}

fn advance_clock() -> Operation {
    let most = usize::try_from(CLOCK_ADVANCE_SECONDS_MAX).unwrap_or(usize::MAX);
    let says = "How far forward; at most 366 days in one call.";
    let body = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("A move of the test clock."))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .property("seconds", told(schema::whole(1, most), says))
        .required("seconds");
    let (path, id) = ("/test/clock/advance", "advanceTestClock");
    let mut operation =
        Operation::signed(HttpMethod::Post, path, TAG, id, "Move the test clock forward")
            .about(
                "Test time is real time plus every move made so far; it never goes back. Return \
                 windows end by it. The answer comes at the next full second, so that clicks before \
                 and after it are told apart.",
            )
            .body(("ClockAdvance", body.into()), BODY_BYTES_MAX, r#"{"seconds": 1209600}"#)
            .refuses(&[Code::ValidationError, Code::PermissionDenied]);
    operation.schemas.push(("Received".to_owned(), received().into()));
    let example = r#"{
  "eventId": "clkevt_1vr5jxs0wte0w0000000000003",
  "status": "RECEIVED",
  "duplicate": false
}"#;
    operation
        .answers_with(202, "Durably stored.", Ref::from_schema_name("Received").into(), example)
        .once()
}
