//! The decision at the heart of intake: rate, replay, idempotency, duplicate, or take it.
//!
//! The object looks up what it knows, asks here, and stores; no `await` lies between (EDGE §2, §5).

use super::hop::{Ask, Call, NewEvent};
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
}

/// What the rows say about an event before it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The latest event under the same idempotency key.
    pub by_key: Option<KnownKey>,
    /// The event with the same content.
    pub by_content: Option<EventId>,
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
    /// The same key with the same body: repeat the answer to this event.
    Repeat(EventId),
    /// Known by content as this event.
    Duplicate(EventId),
    /// Store it.
    Accept,
    /// Nothing to store.
    Counted,
}

impl Memory {
    /// Decides about one call and counts it.
    pub fn admit(&mut self, call: &Call, known: &Known, now_ms: i64) -> Admission {
        let limits =
            Limits { per_minute_max: call.per_minute_max, per_hour_max: call.per_hour_max };
        let spend = self.window(&call.key_id).spend(now_ms, limits);
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
            Ask::Accept(event) => recognise(event, known, now_ms),
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

fn recognise(event: &NewEvent, known: &Known, now_ms: i64) -> Admission {
    if let Some(first) = &known.by_key {
        let is_kept = now_ms - first.received_at_ms < idempotency::KEPT_MS;
        if is_kept && first.body_sha256 == event.body_sha256 {
            return Admission::Repeat(first.event_id);
        }
        if is_kept {
            return Admission::KeyReused;
        }
    }
    match known.by_content {
        Some(first) => Admission::Duplicate(first),
        None => Admission::Accept,
    }
}

#[cfg(test)]
mod tests;
