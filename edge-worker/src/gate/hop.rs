//! What one hop from the Worker to an intake object carries, and what comes back.

use serde::{Deserialize, Serialize};
use shared::id::EventKind;

/// One authenticated call, on its way to the object that admits it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// The key it was signed with.
    pub key_id: String,
    /// The key's limits.
    pub per_minute_max: u32,
    /// See `per_minute_max`.
    pub per_hour_max: u32,
    /// Start of the proven signature as hex; absent where replay is not checked.
    pub signature: Option<String>,
    /// What is asked.
    pub ask: Ask,
}

/// What an authenticated call asks of the object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Ask {
    /// Take this event.
    Accept(NewEvent),
    /// Take those of these events that are sound, all in one statement.
    AcceptAll(NewBatch),
    /// Nothing to store: the call was refused for its content, but it counts.
    Count,
    /// Count it, and say whether this event still waits for settlement.
    Read(Option<String>),
}

/// A validated event and what it takes to know it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewEvent {
    /// Its kind.
    pub kind: EventKind,
    /// The event as re-serialised.
    pub body: String,
    /// SHA-256 of the body as received, hex.
    pub body_sha256: String,
    /// Method, path and the client's key, when one was sent.
    pub idempotency: Option<String>,
    /// What makes two events the same; absent for clock moves.
    pub content: Option<String>,
    /// A conversion's id; absent for other kinds.
    pub conversion_id: Option<String>,
}

impl Ask {
    /// Tokens it spends: one for each event.
    pub fn tokens(&self) -> u32 {
        match self {
            Self::AcceptAll(batch) => u32::try_from(batch.items.len()).unwrap_or(u32::MAX),
            Self::Accept(_) | Self::Count | Self::Read(_) => 1,
        }
    }
}

/// Events under one signature, in the order sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewBatch {
    /// Each event, or what is answered in its place.
    pub items: Vec<Item>,
    /// SHA-256 of the body as received, hex.
    pub body_sha256: String,
    /// Method, path and the client's key, when one was sent; it covers the whole answer.
    pub idempotency: Option<String>,
    /// Whether the events are a story told at once: each is stamped a millisecond after the one
    /// before, and the answer waits for the next full second, so that every later click counts
    /// from after the story's moves of the clock.
    pub is_story: bool,
}

/// One place of a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Item {
    /// A validated event.
    Event(BatchEvent),
    /// A refused one: its answer, JSON.
    Refused(String),
}

/// A validated event of a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchEvent {
    /// Its kind.
    pub kind: EventKind,
    /// The event as re-serialised.
    pub body: String,
    /// What makes two events the same; absent for clock moves.
    pub content: Option<String>,
    /// A conversion's id; absent for other kinds.
    pub conversion_id: Option<String>,
}

/// What the object decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Stored; 202.
    Accepted {
        /// The answer.
        body: String,
        /// The answer waits until this instant of the edge's clock.
        not_before_ms: Option<i64>,
    },
    /// The first answer again, byte for byte.
    Repeated {
        /// The answer.
        body: String,
    },
    /// Known by its content; 202.
    Duplicate {
        /// The answer.
        body: String,
    },
    /// A limit is reached.
    RateLimited {
        /// Which one.
        message: String,
    },
    /// This signature was used before.
    Replayed,
    /// The idempotency key was used with another body.
    KeyReused,
    /// Counted: the Worker answers.
    Counted,
    /// Counted, and the event asked for waits here for settlement.
    Waiting {
        /// The answer.
        body: String,
    },
    /// Nothing was stored, and nothing can be now.
    Unavailable,
}
