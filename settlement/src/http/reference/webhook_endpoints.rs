//! The operations on webhook endpoints.

use super::operation::{Operation, Tag};
use super::reads::{LISTED, paged};
use super::resource::strict;
use crate::wire::schema::{self, or_null, told};
use crate::wire::webhook_endpoint::Shown;
use shared::problem::Code;
use shared::relay::WRITE_BYTES_MAX;
use shared::validate::resource::{DESCRIPTION_CHARACTERS_MAX, EventType};
use shared::validate::web_address::PUBLIC_URL_BYTES_MAX;
use utoipa::PartialSchema;
use utoipa::openapi::HttpMethod::{Delete, Get, Patch, Post};
use utoipa::openapi::schema::{Array, ArrayBuilder};
use utoipa::openapi::{Object, RefOr, Schema, Type};

const TAG: Tag = Tag {
    name: "Webhook endpoints",
    about: "Where the merchant is told of what happens, signed by Standard Webhooks.",
};
const STATES: [&str; 2] = ["active", "paused"];
const EXAMPLE: &str = r#"{
  "id": "0197a1c4-7e55-7c02-8d13-4b5c6d7e8f92",
  "url": "https://himalmart.example/khata",
  "events": ["conversion.attributed", "commission.payable"],
  "format": "khata",
  "description": "the shop's backend",
  "state": "active",
  "pausedAt": null,
  "pausedBecause": null,
  "failingSince": null,
  "lastSequence": 40,
  "secretRotatesUntil": null,
  "createdAt": "2026-06-01T05:20:00Z",
  "updatedAt": "2026-06-01T05:20:00Z"
}"#;
const EXAMPLES: &str = r#"{
  "data": [
    {
      "id": "0197a1c4-7e55-7c02-8d13-4b5c6d7e8f92",
      "url": "https://himalmart.example/khata",
      "events": ["conversion.attributed", "commission.payable"],
      "format": "khata",
      "description": "the shop's backend",
      "state": "active",
      "pausedAt": null,
      "pausedBecause": null,
      "failingSince": null,
      "lastSequence": 40,
      "secretRotatesUntil": null,
      "createdAt": "2026-06-01T05:20:00Z",
      "updatedAt": "2026-06-01T05:20:00Z"
    }
  ],
  "nextCursor": null
}"#;
const EXAMPLE_ONCE: &str = r#"{
  "id": "0197a1c4-7e55-7c02-8d13-4b5c6d7e8f92",
  "url": "https://himalmart.example/khata",
  "events": ["conversion.attributed", "commission.payable"],
  "format": "khata",
  "description": "the shop's backend",
  "state": "active",
  "pausedAt": null,
  "pausedBecause": null,
  "failingSince": null,
  "lastSequence": 0,
  "secretRotatesUntil": null,
  "createdAt": "2026-06-01T05:20:00Z",
  "updatedAt": "2026-06-01T05:20:00Z",
  "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
}"#;
pub(super) const EXAMPLE_ROTATED: &str = r#"{
  "id": "0197a1c4-7e55-7c02-8d13-4b5c6d7e8f92",
  "url": "https://himalmart.example/khata",
  "events": ["conversion.attributed", "commission.payable"],
  "format": "khata",
  "description": "the shop's backend",
  "state": "active",
  "pausedAt": null,
  "pausedBecause": null,
  "failingSince": null,
  "lastSequence": 40,
  "secretRotatesUntil": "2026-06-15T03:45:00Z",
  "createdAt": "2026-06-01T05:20:00Z",
  "updatedAt": "2026-06-01T05:20:00Z",
  "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
}"#;

pub(super) fn operations() -> Vec<Operation> {
    let path = "/webhook-endpoints/{id}";
    vec![
        list(),
        create(),
        Operation::signed(Get, path, TAG, "showWebhookEndpoint", "Show a webhook endpoint")
            .about("Never with its secret.")
            .answers::<Shown>(200, "The endpoint.", EXAMPLE)
            .cached()
            .refuses(&[Code::NotFound]),
        change(),
        Operation::signed(Delete, path, TAG, "deleteWebhookEndpoint", "Delete a webhook endpoint")
            .answers_empty(204, "Gone.")
            .once()
            .refuses(&[Code::ValidationError, Code::NotFound]),
    ]
}

fn list() -> Operation {
    let (path, id) = ("/webhook-endpoints", "listWebhookEndpoints");
    let operation = Operation::signed(Get, path, TAG, id, "List webhook endpoints").query(
        "state",
        schema::words(STATES),
        LISTED,
    );
    paged::<Shown>(operation, EXAMPLES)
}

fn url() -> Object {
    let says = "https, on a public host, without user info or fragment.";
    told(schema::text(PUBLIC_URL_BYTES_MAX), says)
}

fn events() -> Array {
    let kinds = EventType::ALL.into_iter().map(EventType::as_str);
    ArrayBuilder::new()
        .items(schema::words(kinds))
        .min_items(Some(1))
        .description(Some("What it is told of, each once."))
        .build()
}

fn note() -> Object {
    told(schema::text(DESCRIPTION_CHARACTERS_MAX), "Your own note.")
}

fn create() -> Operation {
    let body = strict()
        .description(Some("A webhook endpoint to make."))
        .property("url", url())
        .property("events", events())
        .property("format", told(schema::words(["khata"]), "How bodies are written."))
        .property("description", note())
        .required("url")
        .required("events");
    let example = r#"{
  "url": "https://himalmart.example/khata",
  "events": ["conversion.attributed", "commission.payable"],
  "description": "the shop's backend"
}"#;
    let (path, id) = ("/webhook-endpoints", "createWebhookEndpoint");
    Operation::signed(Post, path, TAG, id, "Make a webhook endpoint")
        .about("The answer shows the secret of its signatures, this once.")
        .body(("NewEndpoint", body.into()), WRITE_BYTES_MAX, example)
        .answers_with(201, "Made.", shown_once(), EXAMPLE_ONCE)
        .once()
        .refuses(&[Code::ValidationError])
}

/// An endpoint with its secret, in one shape: some readers make nothing of two joined.
pub(super) fn shown_once() -> RefOr<Schema> {
    let mut shown = Shown::schema();
    if let RefOr::T(Schema::Object(shown)) = &mut shown {
        let says = "Signs deliveries: `whsec_` and base64 of 32 bytes.";
        let secret = told(Object::with_type(Type::String), says);
        shown.properties.insert("secret".to_owned(), secret.into());
        shown.required.push("secret".to_owned());
    }
    shown
}

fn change() -> Operation {
    let mut body = strict()
        .description(Some("What of it changes; what is absent stays."))
        .property("url", url())
        .property("events", events())
        .property("description", or_null(note()))
        .property(
            "state",
            told(
                schema::words(STATES),
                "`paused` ones are sent nothing; `active` again, what waited is due at once.",
            ),
        )
        .build();
    body.min_properties = Some(1);
    let (path, id) = ("/webhook-endpoints/{id}", "changeWebhookEndpoint");
    Operation::signed(Patch, path, TAG, id, "Change a webhook endpoint")
        .body(("EndpointChange", body.into()), WRITE_BYTES_MAX, r#"{"state": "paused"}"#)
        .answers::<Shown>(200, "As it is now.", EXAMPLE)
        .once()
        .refuses(&[Code::ValidationError, Code::NotFound])
}
