//! The operations of the test world.

use super::intake::received;
use super::operation::{Operation, Tag};
use super::resource::strict;
use crate::wire::event::Event;
use crate::wire::explain::Explanation;
use crate::wire::schema::{self, told};
use shared::limits::{BODY_BYTES_MAX, HINT_BODY_BYTES_MAX, SIMULATION_BODY_BYTES_MAX};
use shared::problem::Code;
use shared::validate::{
    CLOCK_ADVANCE_SECONDS_MAX, SIGNATURE_PART_CHARACTERS_MAX, SIGNED_PATH_CHARACTERS_MAX,
    SIMULATION_DAYS_MAX, Scenario,
};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{HttpMethod, Object, Ref, Type};

const TAG: Tag = Tag {
    name: "Test world",
    about: "What only a test key may do: move its world's clock, play an \
            order's life, and see what is signed.",
};

pub(super) fn operations() -> Vec<Operation> {
    vec![show_signature(), advance_clock(), simulate()]
}

fn advance_clock() -> Operation {
    let most = usize::try_from(CLOCK_ADVANCE_SECONDS_MAX).unwrap_or(usize::MAX);
    let says = "How far forward; at most 366 days in one call.";
    let body = strict()
        .description(Some("A move of the test clock."))
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

fn show_signature() -> Operation {
    let part = || schema::text(SIGNATURE_PART_CHARACTERS_MAX);
    let path = "Path and query; not needed where only the body is signed.";
    let method = "Unless given, `POST` with a body and `GET` without one.";
    let methods = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];
    let signature = "Your own signature, to be compared.";
    let body = strict()
        .description(Some("A call whose signature you want to see."))
        .property("secret", told(part(), "The whole `sk_…` text; used for this answer, not kept."))
        .property("timestamp", told(part(), "As it would stand in `X-Timestamp`."))
        .property("method", told(schema::words(methods), method))
        .property("path", told(schema::text(SIGNED_PATH_CHARACTERS_MAX), path))
        .property("body", told(Object::with_type(Type::String), "The raw body."))
        .property("signature", told(part(), signature))
        .required("secret")
        .required("timestamp");
    let text = |says: &str| told(Object::with_type(Type::String), says);
    let matches = told(Object::with_type(Type::Boolean), "Whether yours is the same.");
    let shown = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("canonical", text("The text that is signed."))
        .property("signature", text("Its HMAC-SHA256 under the secret given, in lowercase hex."))
        .property("form", told(schema::words(["body", "method-and-path"]), "Which form it is."))
        .property("matches", matches)
        .property(
            "hint",
            text("What such a call would be refused for, as far as it can be proven."),
        )
        .required("canonical")
        .required("signature")
        .required("form");
    let question = r#"{
  "secret": "sk_test_abc",
  "timestamp": "1700000000",
  "body": "{\"a\":1}"
}"#;
    let answer = r#"{
  "canonical": "1700000000.{\"a\":1}",
  "signature": "310baeffe8cbb02ad28ec675150844e833567ad548fce145bc64d9bc5181eb22",
  "form": "body",
  "hint": "X-Timestamp is 81408701 s behind our clock; at most 300 s pass"
}"#;
    let (path, id) = ("/test/signature", "showSignature");
    Operation::signed(HttpMethod::Post, path, TAG, id, "Show what is signed, and its digest")
        .by_key()
        .about(
            "For those who cannot sign yet: computed from the secret in the question, never from a \
             stored one. At most 60 questions a minute.",
        )
        .body(("SignatureQuestion", body.into()), HINT_BODY_BYTES_MAX, question)
        .answers_with(200, "What is signed.", shown.into(), answer)
        .refuses(&[Code::ValidationError, Code::PermissionDenied])
}

fn simulate() -> Operation {
    let scenarios = schema::words(Scenario::ALL.into_iter().map(|(word, _)| word));
    let days = usize::try_from(SIMULATION_DAYS_MAX).unwrap_or(usize::MAX);
    let seed = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
    let body = strict()
        .description(Some("A story to play."))
        .property("scenario", told(scenarios, "What happens to the order."))
        .property("seed", told(schema::whole(0, seed), "The same seed is the same order."))
        .property("days", told(schema::whole(1, days), "How far the test clock moves."))
        .required("scenario")
        .required("seed")
        .required("days");
    let (path, id) = ("/test/simulate", "simulate");
    let mut operation = Operation::signed(HttpMethod::Post, path, TAG, id, "Play an order's life");
    let (event, explanation) = (operation.shape::<Event>(), operation.shape::<Explanation>());
    let text = |says: &str| told(Object::with_type(Type::String), says);
    let whole = || Object::with_type(Type::Integer);
    let played =
        told(Object::with_type(Type::Boolean), "Whether it was played before: nothing happened.");
    let told_all = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("scenario", Object::with_type(Type::String))
        .property("seed", whole())
        .property("days", whole())
        .property("externalOrderId", text("The story's order."))
        .property("conversionId", schema::conversion_id())
        .property(
            "clickId",
            schema::or_null(text(
                "The click it is reported with; null when it is reported without one.",
            )),
        )
        .property("duplicate", played)
        .property("events", ArrayBuilder::new().items(event))
        .property("explain", explanation)
        .required("conversionId")
        .required("duplicate")
        .required("events")
        .required("explain");
    let taken = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("results", ArrayBuilder::new().items(Ref::from_schema_name("Received")))
        .required("results");
    operation
        .about(
            "A click, its order, what becomes of it, and the days in between, on the merchant's \
             test clock. The same story again has no second effect.",
        )
        .body(
            ("Simulation", body.into()),
            SIMULATION_BODY_BYTES_MAX,
            r#"{"scenario": "partial_refund", "seed": 7, "days": 60}"#,
        )
        .answers_with(200, "What became of it.", told_all.into(), SIMULATED)
        .answers_with(202, "Stored, and not settled yet.", taken.into(), SIMULATION_TAKEN)
        .refuses(&[Code::ValidationError, Code::PermissionDenied])
}

const SIMULATED: &str = r#"{
  "scenario": "unattributed",
  "seed": 7,
  "days": 60,
  "externalOrderId": "sim-unattributed-7",
  "conversionId": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h",
  "clickId": "clk_4g0r2m8a5xv1n7c3k9qe6w0t4yb2h8s5d1j3p7z0",
  "duplicate": true,
  "events": [],
  "explain": {
    "conversion": {
      "id": "cnv_2f8m4k1x9q7a5c3e0w6t8y4b2h",
      "externalOrderId": "SHOP-100246",
      "state": "unattributed",
      "confidence": "LOW",
      "affiliateId": null,
      "campaignId": null,
      "clickId": null,
      "orderAmount": "2999.00",
      "refundedAmount": "0.00",
      "currency": "NPR",
      "orderStatus": "confirmed",
      "orderedAt": "2026-06-14T03:45:00Z",
      "receivedAt": "2026-06-14T03:45:01.204Z",
      "commissionId": null
    },
    "attribution": {
      "order": ["click", "coupon", "customer"],
      "settingVersion": 0,
      "judgedAt": "2026-06-14T03:45:00Z",
      "confidence": "LOW",
      "candidates": [
        {"kind": "click", "result": "lost", "reason": "absent"},
        {"kind": "coupon", "result": "lost", "reason": "absent"},
        {"kind": "customer", "result": "lost", "reason": "absent"}
      ],
      "riskReasons": [],
      "why": "The order came without a click id.",
      "facts": {"click": {"sent": "absent"}}
    },
    "reasons": [
      {"kind": "click", "sentence": "The order came without a click id."},
      {"kind": "coupon", "sentence": "The order came without a coupon."},
      {"kind": "customer", "sentence": "The order came without a customer id."}
    ],
    "decision": null,
    "commission": null,
    "amount": null,
    "timeline": [
      {
        "at": "2026-06-14T03:45:01.204Z",
        "type": "conversion.unattributed",
        "from": null,
        "to": null,
        "amount": null,
        "netAmount": null,
        "reason": null
      }
    ],
    "facts": [
      {
        "eventId": "osevt_1vr5jxs0wte0w0000000000002",
        "status": "confirmed",
        "statusUpdatedAt": "2026-06-14T04:00:00Z",
        "receivedAt": "2026-06-14T04:00:00.310Z",
        "refundedAmount": null,
        "items": [],
        "reason": null,
        "outcome": "Recorded confirmed; the conversion has no commission."
      }
    ],
    "next": {
      "sentence": "Nobody earns this order yet: it waits in the review queue. The order came without a click id."
    }
  }
}"#;
const SIMULATION_TAKEN: &str = r#"{
  "results": [
    {"eventId": "cnvevt_1vr5jxs0wte0w0000000000001", "status": "RECEIVED", "duplicate": false}
  ]
}"#;
