//! A list of events decided as a whole: which are stored, at which places, and the one answer.

use super::{Known, UnderKey, answer, stamp, under_key};
use crate::gate::hop::{Item, NewEvent, Origin};
use shared::id::EventId;
use std::collections::HashMap;

/// Where the list would begin in its object's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The number the object drew at birth.
    pub epoch: u64,
    /// The next place to give out.
    pub next_seq: u64,
}

/// An event to be stored; the first of a plan takes the next place, and so on without a gap.
#[derive(Debug, Clone)]
pub struct Planned<'a> {
    /// What to store.
    pub event: &'a NewEvent,
    /// When it counts as accepted.
    pub received_at_ms: i64,
}

/// What is to be stored in one statement, and answered.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// At least one.
    pub events: Vec<Planned<'a>>,
    /// The whole answer, to be stored with the first event.
    pub answer: String,
    /// The answer waits until this instant.
    pub not_before_ms: Option<i64>,
}

/// What is to be done with a list that may enter.
#[derive(Debug, Clone)]
pub enum ListAdmission<'a> {
    /// The same key with another body.
    KeyReused,
    /// The same key with the same body: this is the first answer.
    Repeat(String),
    /// Nothing in it is new; this is the answer.
    NothingNew(String),
    /// Store these.
    Accept(Plan<'a>),
}

/// What is to be done with a list: an event that is known, or was earlier in the list, is a
/// duplicate there, and one that was refused hinders no other.
pub fn recognise_all<'a>(
    origin: &Origin,
    items: &'a [Item],
    known: &Known,
    place: Place,
    now_ms: i64,
) -> ListAdmission<'a> {
    match under_key(origin, known, now_ms) {
        UnderKey::Reused => return ListAdmission::KeyReused,
        UnderKey::Repeat(first_answer) => return ListAdmission::Repeat(first_answer),
        UnderKey::New => {}
    }
    let mut results = Vec::with_capacity(items.len());
    let mut events: Vec<Planned<'_>> = Vec::new();
    let mut earlier: HashMap<&str, EventId> = HashMap::new();
    let mut at_ms = now_ms;
    let mut not_before_ms = None;
    for item in items {
        let event = match item {
            Item::Refused(result) => {
                results.push(result.get().to_owned());
                continue;
            }
            Item::Event(event) => event,
        };
        let content = event.content.as_deref();
        let first = content
            .and_then(|content| known.by_content.get(content).or_else(|| earlier.get(content)));
        if let Some(first) = first {
            results.push(answer::duplicate(*first, event));
            continue;
        }
        let seq = place.next_seq + events.len() as u64;
        let id = EventId { kind: event.kind, epoch: place.epoch, seq };
        if let Some(content) = content {
            earlier.insert(content, id);
        }
        // What follows a clock move in the list happens after it.
        let stamp = stamp(event.kind, at_ms);
        at_ms = stamp.received_at_ms;
        not_before_ms = stamp.not_before_ms.or(not_before_ms);
        results.push(answer::received(id));
        events.push(Planned { event, received_at_ms: at_ms });
    }
    let answer = format!(r#"{{"results":[{}]}}"#, results.join(","));
    if events.is_empty() {
        ListAdmission::NothingNew(answer)
    } else {
        ListAdmission::Accept(Plan { events, answer, not_before_ms })
    }
}

#[cfg(test)]
mod tests;
