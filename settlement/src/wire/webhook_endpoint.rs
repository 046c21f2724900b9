//! Webhook endpoints as merchants read them.

use super::{at, schema};
use crate::store::webhook_endpoint::EndpointRow;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Object;
use uuid::Uuid;

/// Where a merchant is told of what happens.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookEndpoint)]
pub struct Shown {
    /// Its id.
    id: Uuid,
    /// Where events go: https, on a public host, without user info or fragment, up to 2,000 bytes.
    url: String,
    /// Types of webhook events it is told of, in the documented order.
    events: Vec<String>,
    /// How bodies are written: `khata`.
    format: String,
    /// The merchant's own note, at most 200 characters.
    description: Option<String>,
    /// `active` or `paused`.
    state: String,
    /// Since when nothing is sent; `null` while it is active.
    #[schema(schema_with = schema::instant_or_null, required)]
    paused_at: Option<String>,
    /// `owner`: you wished so; `failing`: nothing arrived for five days.
    #[schema(schema_with = paused_because, required)]
    paused_because: Option<String>,
    /// Since when nothing arrives; `null` when the latest attempt arrived.
    #[schema(schema_with = schema::instant_or_null, required)]
    failing_since: Option<String>,
    /// The number of its newest delivery; 0 before the first.
    last_sequence: i64,
    /// Until when the secret before the latest rotation signs too; `null` when there is none.
    #[schema(schema_with = schema::instant_or_null, required)]
    secret_rotates_until: Option<String>,
    /// When it was made.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

/// An endpoint with a secret just made, which is shown this once. It has no `Debug`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewWebhookEndpoint)]
pub struct ShownOnce {
    #[serde(flatten)]
    endpoint: Shown,
    /// Signs deliveries (Standard Webhooks): `whsec_` and base64 of 32 bytes.
    secret: String,
}

fn paused_because() -> Object {
    schema::or_null(schema::words(["owner", "failing"]))
}

/// An endpoint's row as merchants read it.
pub fn shown(row: &EndpointRow) -> Shown {
    Shown {
        id: row.endpoint_id,
        url: row.url.clone(),
        events: row.events.clone(),
        format: row.format.clone(),
        description: row.description.clone(),
        state: row.state.clone(),
        paused_at: row.paused_at.map(at),
        paused_because: row.paused_because.clone(),
        failing_since: row.failing_since.map(at),
        last_sequence: row.last_sequence,
        secret_rotates_until: row.previous_secret_until.map(at),
        created_at: at(row.created_at),
        updated_at: at(row.updated_at),
    }
}

/// An endpoint with its new secret, as who asked for it reads it.
pub fn shown_once(row: &EndpointRow, secret: String) -> ShownOnce {
    ShownOnce { endpoint: shown(row), secret }
}
