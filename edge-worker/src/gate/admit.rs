//! The decision at the heart of intake: rate, replay, idempotency, duplicate, or take it.
//!
//! The object looks up what it knows, asks here, and stores; no `await` lies between (EDGE §2, §5).

use super::hop::{Ask, Call, Item, NewBatch};
use super::idempotency;
use super::rate::{Limits, Window};
use super::replay::{Fingerprint, Seen, fingerprint};
use shared::id::EventId;
use std::collections::HashMap;

/// What an object remembers beside its rows; rebuilt from them after a restart.
#[derive(Debug, Default)]
pub struct Memory {
    windows: HashMap<String, Window>,
    seen: Seen,
}

/// An earlier event under the same idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// The event accepted under it.
    pub event_id: EventId,
    /// SHA-256 of that event's received body, hex.
    pub body_sha256: String,
    /// When it was accepted.
    pub received_at_ms: i64,
    /// The whole answer to a batch, of which the event is the first new one.
    pub answer: Option<String>,
}

/// What the rows say about an event before it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The latest event under the same idempotency key.
    pub by_key: Option<KnownKey>,
    /// Events by their content, of those the call brings.
    pub by_content: HashMap<String, EventId>,
}

/// What is to be done with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Over a limit, in the words the client is told.
    RateLimited(String),
    /// The signature was used before.
    Replayed,
    /// The same key with another body.
    KeyReused,
    /// The same key with the same body: repeat the answer.
    Repeat(KnownKey),
    /// Known by content as this event.
    Duplicate(EventId),
    /// Store it.
    Accept,
    /// Store the new ones of a batch; what becomes of each item, in order.
    AcceptAll(Vec<Place>),
    /// Nothing to store.
    Counted,
}

/// What becomes of an item of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is stored.
    New,
    /// Known by content as this event.
    Known(EventId),
    /// The same as an earlier item of this batch, by its index.
    SameAs(usize),
    /// It is answered as it came: refused.
    Refused,
}

impl Memory {
    /// Decides about one call and counts it.
    pub fn admit(&mut self, call: &Call, known: &Known, now_ms: i64) -> Admission {
        let limits =
            Limits { per_minute_max: call.per_minute_max, per_hour_max: call.per_hour_max };
        let spend = self.window(&call.key_id).spend(now_ms, limits, call.ask.tokens());
        if let Some(message) = spend.refusal(limits) {
            return Admission::RateLimited(message);
        }
        if let Some(signature) = signature_of(call) {
            if self.seen.knows(signature, now_ms) {
                return Admission::Replayed;
            }
            self.seen.remember(signature, now_ms);
        }
        match &call.ask {
            Ask::Count | Ask::Read(_) => Admission::Counted,
            Ask::Accept(event) => {
                let content =
                    event.content.as_ref().and_then(|content| known.by_content.get(content));
                recognise(&event.body_sha256, known, now_ms).unwrap_or(match content {
                    Some(first) => Admission::Duplicate(*first),
                    None => Admission::Accept,
                })
            }
            Ask::AcceptAll(batch) => recognise(&batch.body_sha256, known, now_ms)
                .or_else(|| told_before(batch, known))
                .unwrap_or_else(|| Admission::AcceptAll(places(batch, known))),
        }
    }

    /// Forgets the signature of a call that could not be stored, so that it may come again.
    pub fn forget_signature(&mut self, call: &Call) {
        if let Some(signature) = signature_of(call) {
            self.seen.forget(signature);
        }
    }

    /// Counts a stored event again after a restart; called with the newest first.
    pub fn restore_older(&mut self, key_id: &str, signature: Option<&str>, received_at_ms: i64) {
        self.window(key_id).restore_older(received_at_ms);
        if let Some(signature) = signature.and_then(fingerprint) {
            self.seen.restore_older(signature, received_at_ms);
        }
    }

    fn window(&mut self, key_id: &str) -> &mut Window {
        if !self.windows.contains_key(key_id) {
            self.windows.insert(key_id.to_owned(), Window::default());
        }
        self.windows.get_mut(key_id).expect("it was put in just above")
    }
}

fn signature_of(call: &Call) -> Option<Fingerprint> {
    call.signature.as_deref().and_then(fingerprint)
}

/// What the idempotency key decides, if it decides.
fn recognise(body_sha256: &str, known: &Known, now_ms: i64) -> Option<Admission> {
    let first = known.by_key.as_ref()?;
    if now_ms - first.received_at_ms >= idempotency::KEPT_MS {
        None
    } else if first.body_sha256 == body_sha256 {
        Some(Admission::Repeat(first.clone()))
    } else {
        Some(Admission::KeyReused)
    }
}

/// A story of which an event is known was told before, and is not told again in part.
fn told_before(batch: &NewBatch, known: &Known) -> Option<Admission> {
    let first = known.by_content.values().next().filter(|_| batch.is_story)?;
    Some(Admission::Duplicate(*first))
}

fn places(batch: &NewBatch, known: &Known) -> Vec<Place> {
    let mut earlier: HashMap<&str, usize> = HashMap::new();
    let mut places = Vec::with_capacity(batch.items.len());
    for (at, item) in batch.items.iter().enumerate() {
        let content = match item {
            Item::Event(event) => event.content.as_deref(),
            Item::Refused(_) => {
                places.push(Place::Refused);
                continue;
            }
        };
        let known = content.and_then(|content| known.by_content.get(content));
        places.push(match (known, content) {
            (Some(id), _) => Place::Known(*id),
            (None, Some(content)) => match *earlier.entry(content).or_insert(at) {
                first if first == at => Place::New,
                first => Place::SameAs(first),
            },
            (None, None) => Place::New,
        });
    }
    places
}

#[cfg(test)]
mod tests;
