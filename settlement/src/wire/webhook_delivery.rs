//! Deliveries, attempts and recoveries as merchants read them.

use super::{at, schema};
use crate::store::webhook_read::{AttemptRow, DeliveryRow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use shared::validate::resource::{EventType, Recovery};
use utoipa::ToSchema;
use utoipa::openapi::Object;

/// Where a delivery may stand.
pub const STATES: [&str; 3] = ["pending", "delivered", "dead"];

/// Why no whole answer may have come.
const FAULTS: [&str; 7] =
    ["timeout", "address_refused", "unresolved", "unreachable", "tls", "broken", "too_long"];

/// One notice on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookDelivery)]
pub struct Delivery {
    /// Its number on this endpoint, from 1, without gaps.
    sequence: i64,
    /// `webhook-id`: the same over all attempts, and wherever else this notice is told.
    #[schema(schema_with = message_id)]
    id: String,
    /// What it tells.
    #[serde(rename = "type")]
    #[schema(schema_with = event_type)]
    kind: String,
    /// `pending`: it is tried; `delivered`: it arrived; `dead`: given up.
    #[schema(schema_with = state)]
    state: String,
    /// How often it was tried.
    attempts: i32,
    /// When it is tried next; `null` once it ended. While its endpoint is paused it waits.
    #[schema(schema_with = schema::instant_or_null, required)]
    next_attempt_at: Option<String>,
    /// When it was numbered.
    #[schema(schema_with = schema::instant)]
    created_at: String,
    /// When it arrived or was given up.
    #[schema(schema_with = schema::instant_or_null, required)]
    ended_at: Option<String>,
}

impl Delivery {
    /// Makes it from its row.
    pub fn of(row: DeliveryRow) -> Self {
        Self {
            sequence: row.sequence,
            id: row.message_id,
            kind: row.kind,
            state: row.state,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at.map(at),
            created_at: at(row.created_at),
            ended_at: row.ended_at.map(at),
        }
    }
}

/// A delivery with what it sends.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryInFull {
    #[serde(flatten)]
    delivery: Delivery,
    /// What is sent, byte for byte.
    body: String,
}

impl DeliveryInFull {
    /// Makes it from its row.
    pub fn of(mut row: DeliveryRow) -> Self {
        let body = std::mem::take(&mut row.body);
        Self { delivery: Delivery::of(row), body }
    }
}

/// One try of a delivery.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookAttempt)]
#[expect(clippy::struct_field_names, reason = "the wire's own names")]
pub struct Attempt {
    /// Which delivery.
    sequence: i64,
    /// Which attempt of it, from 1.
    attempt: i32,
    /// When it began.
    #[schema(schema_with = schema::instant)]
    started_at: String,
    /// How long it took, in milliseconds.
    duration_ms: i32,
    /// The answer's HTTP status; `null` when no whole answer came.
    #[schema(required)]
    status: Option<i32>,
    /// Why no whole answer came; `null` when one did.
    #[schema(schema_with = fault, required)]
    fault: Option<String>,
    /// The answer's first 4 KiB, spelled as `answerEncoding` says; `null` when none came.
    #[schema(required)]
    answer: Option<String>,
    /// `text`: as it is; `base64`: it is no UTF-8.
    #[schema(schema_with = encoding, required)]
    answer_encoding: Option<&'static str>,
}

impl Attempt {
    /// Makes it from its row.
    pub fn of(row: AttemptRow) -> Self {
        let (answer, answer_encoding) = row.answer.map_or((None, None), |bytes| {
            let (text, encoding) = spelled(bytes);
            (Some(text), Some(encoding))
        });
        Self {
            sequence: row.sequence,
            attempt: row.attempt,
            started_at: at(row.started_at),
            duration_ms: row.duration_ms,
            status: row.status,
            fault: row.fault,
            answer,
            answer_encoding,
        }
    }
}

/// Bytes of an answer as JSON can hold them. A text that was cut inside its last character is a
/// text without that character.
fn spelled(bytes: Vec<u8>) -> (String, &'static str) {
    match std::str::from_utf8(&bytes) {
        Ok(text) => (text.to_owned(), "text"),
        Err(cause) if cause.error_len().is_none() => {
            (String::from_utf8_lossy(&bytes[..cause.valid_up_to()]).into_owned(), "text")
        }
        Err(_) => (STANDARD.encode(bytes), "base64"),
    }
}

/// What a recovery did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookRecovery)]
pub struct Recovered {
    /// Deliveries that had been given up and are tried again.
    dead: i64,
    /// Deliveries that waited for a later try and are tried now.
    pending: i64,
    /// Notices of the types it chooses now that it had no delivery of, and has one.
    missing: u64,
    /// Call again with it as `cursor`: there is more; `null` when all is done.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl Recovered {
    /// From what was done, and the place in the log where to go on.
    pub fn of(dead: i64, pending: i64, missing: u64, next: Option<i64>) -> Self {
        Self { dead, pending, missing, next_cursor: next.map(Recovery::cursor) }
    }
}

/// The id of a message.
pub fn message_id() -> Object {
    schema::pattern("^msg_[0-9a-z]+$")
}

/// A type of webhook event.
pub fn event_type() -> Object {
    schema::words(EventType::ALL.into_iter().map(EventType::as_str))
}

/// Where a delivery stands.
pub fn state() -> Object {
    schema::words(STATES)
}

fn fault() -> Object {
    schema::or_null(schema::words(FAULTS))
}

fn encoding() -> Object {
    schema::or_null(schema::words(["text", "base64"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::webhook::CallFault;

    #[test]
    fn every_fault_of_a_call_is_described() {
        assert_eq!(CallFault::ALL.map(CallFault::as_str), FAULTS);
    }

    #[test]
    fn an_answer_is_text_where_it_can_be() {
        let cases = [
            (b"ok".to_vec(), ("ok", "text")),
            (Vec::new(), ("", "text")),
            // Cut at the limit, in the middle of a character.
            (b"na\xc3".to_vec(), ("na", "text")),
            (vec![0xff, 0xfe], ("//4=", "base64")),
            (b"a\xc3(b".to_vec(), ("YcMoYg==", "base64")),
        ];
        for (bytes, (text, encoding)) in cases {
            assert_eq!(spelled(bytes.clone()), (text.to_owned(), encoding), "{bytes:?}");
        }
    }
}
