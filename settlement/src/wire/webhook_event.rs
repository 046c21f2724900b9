//! The log of webhook events as merchants pull it.

use super::schema;
use super::webhook_delivery::{event_type, message_id};
use crate::domain::webhook::told::Written;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A webhook event as endpoints are told it, without an endpoint's number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEvent)]
pub struct Event {
    /// The `webhook-id` of its deliveries.
    #[schema(schema_with = message_id)]
    id: String,
    /// What it tells.
    #[serde(rename = "type")]
    #[schema(schema_with = event_type)]
    kind: &'static str,
    /// When the step took effect.
    #[schema(schema_with = schema::instant)]
    timestamp: String,
    /// What it says.
    #[schema(schema_with = schema::free_object)]
    data: Box<RawValue>,
}

/// One reading of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEvents)]
pub struct Read {
    /// In the order of the log, oldest first.
    data: Vec<Event>,
    /// Where you stand: pass it as `after`. `null` before the first event there is.
    #[schema(required)]
    next: Option<String>,
    /// Whether there is more to be read at once.
    more: bool,
}

/// What of a delivery's body is the event's own.
#[derive(Deserialize)]
struct Body {
    timestamp: String,
    data: Box<RawValue>,
}

impl Event {
    /// From the delivery that tells it; `None` when its body is none of ours.
    pub fn of(written: &Written) -> Option<Self> {
        let Body { timestamp, data } = serde_json::from_str(&written.body).ok()?;
        let (id, kind) = (written.message_id.clone(), written.kind.as_str());
        Some(Self { id, kind, timestamp, data })
    }
}

impl Read {
    /// From its parts.
    pub fn new(data: Vec<Event>, next: Option<String>, more: bool) -> Self {
        Self { data, next, more }
    }
}
