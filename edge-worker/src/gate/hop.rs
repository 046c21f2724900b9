//! What one hop from the Worker to an intake object carries, and what comes back.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
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
    Accept(Origin, NewEvent),
    /// Take these events, of any kinds, in this order and in one statement.
    AcceptAll(Origin, Vec<Item>),
    /// Take a story's events, in this order and in one statement, or none of them.
    Tell(Origin, Vec<NewEvent>),
    /// Nothing to store: the call was refused for its content, but it counts.
    Count,
    /// Count it, and say whether this event still waits for settlement.
    Read(Option<String>),
}

impl Ask {
    /// How many tokens it spends: a list one for each of its items, refused ones included.
    pub fn tokens(&self) -> usize {
        match self {
            Self::AcceptAll(_, items) => items.len(),
            Self::Tell(_, events) => events.len(),
            Self::Accept(..) | Self::Count | Self::Read(_) => 1,
        }
    }
}

/// The call that events came in, and what it takes to know it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Origin {
    /// SHA-256 of the body as received, hex.
    pub body_sha256: String,
    /// Method, path and the client's key, when one was sent.
    pub idempotency: Option<String>,
}

/// A validated event and what it takes to know it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewEvent {
    /// Its kind.
    pub kind: EventKind,
    /// The event as re-serialised.
    pub body: Box<RawValue>,
    /// What makes two events the same; absent for clock moves.
    pub content: Option<String>,
    /// A conversion's id; absent for other kinds.
    pub conversion_id: Option<String>,
}

/// One place of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Item {
    /// Take it.
    Event(NewEvent),
    /// It was refused for its content; this is its result, as JSON.
    Refused(Box<RawValue>),
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
    /// Nothing of it is new: known by its content, or refused; 202.
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
