//! Batches as the edge sends them.

use jiff::Timestamp;
use serde_json::value::RawValue;
use settlement::flows::accept_events::Intake;
use shared::id::{EventId, EventKind};
use shared::internal::{BATCH_VERSION, EventBatch, EventRecord, StreamHead, epoch_text};
use shared::keys::ClickKeys;

pub const MERCHANT: &str = "01890000-0000-7000-8000-000000000001";
pub const EPOCH: u64 = 0x0123_4567_89ab_cdef;

pub fn now() -> Timestamp {
    "2026-06-14T03:45:00Z".parse().expect("an instant of the test")
}

pub fn click_keys() -> ClickKeys {
    ClickKeys::parse(&format!("3:{}", "cd".repeat(32))).expect("well-formed")
}

pub fn intake() -> Intake {
    Intake::new(click_keys())
}

pub fn head(object: &str, epoch: u64, highest_seq: u64) -> StreamHead {
    StreamHead {
        version: BATCH_VERSION,
        object: object.to_owned(),
        epoch: epoch_text(epoch),
        highest_seq,
        lowest_seq: 1,
        sent_at_ms: now().as_millisecond(),
        click_key_number: 3,
    }
}

pub fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("JSON of the test")
}

pub fn event(epoch: u64, seq: u64, body: &str) -> EventRecord {
    let kind = EventKind::Conversion;
    EventRecord {
        seq,
        event_id: EventId { kind, epoch, seq }.to_string(),
        kind,
        received_at_ms: now().as_millisecond(),
        key_id: "pk_live_abc".to_owned(),
        body: raw(body),
    }
}

/// A batch of one merchant's live stream with these places in it.
pub fn batch(epoch: u64, seqs: &[u64]) -> EventBatch {
    EventBatch {
        head: head(&format!("{MERCHANT}:live"), epoch, seqs.iter().copied().max().unwrap_or(0)),
        events: seqs.iter().map(|seq| event(epoch, *seq, r#"{ "a" : 1 }"#)).collect(),
    }
}
