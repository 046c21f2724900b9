//! A merchant's signed write on its way from the edge, which proved it, to settlement.

use crate::id::EventKind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Bytes of a resource write's body at most, unless it brings many rows.
pub const WRITE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of the body of a write that brings many rows (products, a day's orders), at most.
pub const BULK_BYTES_MAX: usize = 1024 * 1024;
/// Header of settlement's refusals with their log code, for the edge: a 401's body tells none.
pub const CODE_HEADER: &str = "x-khata-code";

/// The body of the internal call that carries a merchant's write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relayed {
    /// The key it was signed with.
    pub key_id: String,
    /// Start of the proven signature as hex: a second call with it is a replay.
    pub signature: String,
    /// Method, path and the client's idempotency key, when one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<String>,
    /// What is wrong with the idempotency headers, told together with the body's faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_fault: Option<String>,
    /// SHA-256 of the body as received, hex.
    pub body_sha256: String,
    /// The merchant's body as sent.
    pub body: String,
}

/// The edge asks for the events of a sandbox story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoryWanted {
    /// The merchant's body as sent.
    pub body: String,
    /// The edge's clock, Unix seconds: when the story's click happens.
    pub now_seconds: u32,
}

/// One event of a story, just as the intake object is offered it.
#[derive(Debug, Clone, Serialize)]
pub struct StoryEvent {
    /// Its kind.
    pub kind: EventKind,
    /// The event as it is stored.
    pub body: Box<RawValue>,
    /// What makes two events the same; absent for clock moves.
    pub content: Option<String>,
    /// A conversion's id; absent for other kinds.
    pub conversion_id: Option<String>,
}

/// The events of a story, in order.
#[derive(Debug, Clone, Serialize)]
pub struct Story {
    /// They.
    pub events: Vec<StoryEvent>,
    /// What the report repeats.
    pub about: StoryAbout,
}

/// What a story is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoryAbout {
    /// The scenario's word.
    pub scenario: String,
    /// The seed.
    pub seed: u32,
    /// How far the clock moves.
    pub days: u32,
    /// The order.
    pub external_order_id: String,
    /// Its conversion.
    pub conversion_id: String,
    /// The click it is reported with; null when it is reported without one.
    pub click_id: Option<String>,
}

/// The edge asks what became of a story.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoryPlayed {
    /// What it is about.
    pub about: StoryAbout,
    /// The intake object's answer.
    pub taken: StoryTaken,
}

/// What the intake object answers to a story.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoryTaken {
    /// In order; empty when it was played before.
    pub results: Vec<StoryEventTaken>,
}

/// One event that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoryEventTaken {
    /// Its id.
    pub event_id: String,
}
