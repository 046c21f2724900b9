//! The operations on deliveries: what became of them, and what an endpoint's owner may ask for.

use super::operation::{Operation, Tag};
use super::reads::{LISTED, paged};
use super::resource::strict;
use super::webhook_endpoints;
use crate::flows::webhook::DELIVERIES_KEPT_DAYS;
use crate::flows::webhook::recover::DELIVERIES_MAX;
use crate::wire::schema::{self, told};
use crate::wire::webhook_delivery::{Attempt, Delivery, Recovered, event_type, state};
use shared::problem::Code;
use shared::relay::WRITE_BYTES_MAX;
use shared::validate::resource::{OVERLAP_HOURS_MAX, RECOVER_DAYS_MAX};
use utoipa::PartialSchema;
use utoipa::openapi::HttpMethod::{Get, Post};
use utoipa::openapi::{Object, RefOr, Schema, Type};

const TAG: Tag = Tag {
    name: "Webhook deliveries",
    about: "What became of each delivery, and how to have one again: tested, resent, recovered.",
};
const EXAMPLE: &str = r#"{
  "sequence": 41,
  "id": "msg_0b6x3kq1v8m2r5t9w4y7z0a1c3",
  "type": "commission.payable",
  "state": "pending",
  "attempts": 3,
  "nextAttemptAt": "2026-06-14T04:15:12Z",
  "createdAt": "2026-06-14T03:45:01.204Z",
  "endedAt": null
}"#;
const EXAMPLES: &str = r#"{
  "data": [
    {
      "sequence": 41,
      "id": "msg_0b6x3kq1v8m2r5t9w4y7z0a1c3",
      "type": "commission.payable",
      "state": "delivered",
      "attempts": 1,
      "nextAttemptAt": null,
      "createdAt": "2026-06-14T03:45:01.204Z",
      "endedAt": "2026-06-14T03:45:01.391Z"
    }
  ],
  "nextCursor": null
}"#;
const EXAMPLE_IN_FULL: &str = r#"{
  "sequence": 41,
  "id": "msg_0b6x3kq1v8m2r5t9w4y7z0a1c3",
  "type": "commission.payable",
  "state": "delivered",
  "attempts": 1,
  "nextAttemptAt": null,
  "createdAt": "2026-06-14T03:45:01.204Z",
  "endedAt": "2026-06-14T03:45:01.391Z",
  "body": "{\"type\":\"commission.payable\",\"timestamp\":\"2026-06-14T03:45:00Z\",\"sequence\":41,\"data\":{}}"
}"#;
const ATTEMPTS: &str = r#"{
  "data": [
    {
      "sequence": 41,
      "attempt": 2,
      "startedAt": "2026-06-14T03:45:07.012Z",
      "durationMs": 84,
      "status": 200,
      "fault": null,
      "answer": "ok",
      "answerEncoding": "text"
    },
    {
      "sequence": 41,
      "attempt": 1,
      "startedAt": "2026-06-14T03:45:01.204Z",
      "durationMs": 15000,
      "status": null,
      "fault": "timeout",
      "answer": null,
      "answerEncoding": null
    }
  ],
  "nextCursor": null
}"#;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        list(),
        Operation::signed(
            Get,
            "/webhook-endpoints/{id}/deliveries/{sequence}",
            TAG,
            "showWebhookDelivery",
            "Show a delivery",
        )
        .answers_with(200, "The delivery with what it sends.", in_full(), EXAMPLE_IN_FULL)
        .cached()
        .refuses(&[Code::NotFound]),
        attempts(
            "/webhook-endpoints/{id}/deliveries/{sequence}/attempts",
            "listWebhookDeliveryAttempts",
            "List a delivery's attempts",
        ),
        attempts(
            "/webhook-endpoints/{id}/attempts",
            "listWebhookAttempts",
            "List an endpoint's attempts",
        ),
        test(),
        resend(),
        recover(),
        rotate_secret(),
    ]
}

fn list() -> Operation {
    let (path, id) = ("/webhook-endpoints/{id}/deliveries", "listWebhookDeliveries");
    let operation = Operation::signed(Get, path, TAG, id, "List deliveries")
        .about(format!("They are kept for {DELIVERIES_KEPT_DAYS} days."))
        .query("state", state(), LISTED)
        .query("type", event_type(), "Only those of this type.")
        .query("since", schema::sent_instant(), "Only those made then or later.")
        .query("until", schema::sent_instant(), "Only those made before.");
    paged::<Delivery>(operation, EXAMPLES).refuses(&[Code::NotFound])
}

fn attempts(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    let operation = Operation::signed(Get, path, TAG, id, summary);
    paged::<Attempt>(operation, ATTEMPTS).refuses(&[Code::NotFound])
}

/// A delivery with its body, in one shape: some readers make nothing of two joined.
fn in_full() -> RefOr<Schema> {
    let mut shown = Delivery::schema();
    if let RefOr::T(Schema::Object(shown)) = &mut shown {
        let body = told(Object::with_type(Type::String), "What is sent, byte for byte.");
        shown.properties.insert("body".to_owned(), body.into());
        shown.required.push("body".to_owned());
    }
    shown
}

fn test() -> Operation {
    let (path, id) = ("/webhook-endpoints/{id}/test", "testWebhookEndpoint");
    Operation::signed(Post, path, TAG, id, "Send a ping")
        .about(
            "A `ping` becomes the endpoint's next delivery, whatever types it chose. What came of \
             it is in its attempts. A paused endpoint is sent none: the call is refused.",
        )
        .answers::<Delivery>(202, "The delivery, on its way.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::NotFound])
}

fn resend() -> Operation {
    let path = "/webhook-endpoints/{id}/deliveries/{sequence}/resend";
    Operation::signed(Post, path, TAG, "resendWebhookDelivery", "Send a delivery again")
        .about(
            "Whatever its state. It has the same `webhook-id` and the same body, and is tried from \
             the beginning of its schedule; attempts are counted on.",
        )
        .answers::<Delivery>(202, "The delivery, on its way again.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::NotFound])
}

fn recover() -> Operation {
    let since = format!("From when on; within the last {RECOVER_DAYS_MAX} days.");
    let cursor = "The `nextCursor` of the call before, with the same `since`.";
    let body = strict()
        .description(Some("What to recover."))
        .property("since", told(schema::sent_instant(), &since))
        .property("cursor", told(schema::pattern("^([0-9a-f]{2}){1,19}$"), cursor))
        .required("since");
    let example = r#"{"since": "2026-06-13T00:00:00Z"}"#;
    let answer = r#"{"dead": 3, "pending": 12, "missing": 0, "nextCursor": null}"#;
    let (path, id) = ("/webhook-endpoints/{id}/recover", "recoverWebhookEndpoint");
    Operation::signed(Post, path, TAG, id, "Recover what did not arrive")
        .about(format!(
            "After an outage of yours: every delivery since then that is dead or waits is due now, \
             and every event of the types the endpoint chooses that it was never sent, because it \
             was not there or chose others, becomes a delivery. What arrived is not sent again. One \
             call does {DELIVERIES_MAX} deliveries at most; call on while `nextCursor` is not \
             `null`."
        ))
        .body(("Recovery", body.into()), WRITE_BYTES_MAX, example)
        .answers::<Recovered>(202, "What is sent again.", answer)
        .once()
        .refuses(&[Code::ValidationError, Code::NotFound])
}

fn rotate_secret() -> Operation {
    let overlap = "Hours for which the old secret signs too.";
    let mut hours = schema::whole(0, usize::try_from(OVERLAP_HOURS_MAX).unwrap_or(usize::MAX));
    hours.default = Some(OVERLAP_HOURS_MAX.into());
    let body = strict()
        .description(Some("How to rotate; may be left out."))
        .property("overlapHours", told(hours, overlap));
    let (path, id) = ("/webhook-endpoints/{id}/rotate-secret", "rotateWebhookSecret");
    Operation::signed(Post, path, TAG, id, "Rotate an endpoint's secret")
        .about(
            "The answer shows the new secret, this once. Until `secretRotatesUntil` every delivery \
             carries two signatures, so that you can change it without losing one. Rotated again \
             before that, the oldest signs no more.",
        )
        .body(("Rotation", body.into()), WRITE_BYTES_MAX, r#"{"overlapHours": 24}"#)
        .optional_body()
        .answers_with(
            200,
            "With its new secret.",
            webhook_endpoints::shown_once(),
            webhook_endpoints::EXAMPLE_ROTATED,
        )
        .once()
        .refuses(&[Code::ValidationError, Code::NotFound])
}
