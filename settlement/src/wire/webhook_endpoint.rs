//! Webhook endpoints as merchants read them.

use super::at;
use crate::store::webhook_endpoint::EndpointRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a merchant is told of what happens.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookEndpoint)]
pub struct Shown {
    /// Its id.
    id: Uuid,
    /// Where events go: https, on a public host, without user info or fragment, at most 2,000 bytes.
    url: String,
    /// Types of webhook events it is told of, in the documented order.
    events: Vec<String>,
    /// How bodies are written: `khata`.
    format: String,
    /// The merchant's own note, at most 200 characters.
    description: Option<String>,
    /// `active` or `paused`.
    state: String,
    /// When it was made.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

/// A new endpoint with its secret, which is shown this once. It has no `Debug`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewWebhookEndpoint)]
pub struct ShownOnce {
    #[serde(flatten)]
    endpoint: Shown,
    /// Signs deliveries (Standard Webhooks): `whsec_` and base64 of 32 bytes.
    secret: String,
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
        created_at: at(row.created_at),
        updated_at: at(row.updated_at),
    }
}

/// A new endpoint as its maker reads it.
pub fn shown_once(row: &EndpointRow, secret: String) -> ShownOnce {
    ShownOnce { endpoint: shown(row), secret }
}
