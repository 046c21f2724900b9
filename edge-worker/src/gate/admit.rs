//! The decision at the heart of intake: rate, replay, idempotency, duplicate, or take it.
//!
//! The object asks whether a call may enter, looks up what it knows of its events, asks what to
//! do with them, and stores; no `await` lies between (EDGE §2, §5).

pub mod answer;
pub mod list;
pub mod story;

use super::hop::{Call, NewEvent, Origin};
use super::idempotency;
use super::rate::{Limits, Window};
use super::replay::{Fingerprint, Seen, fingerprint};
use shared::id::{EventId, EventKind};
use std::collections::HashMap;

/// What an object remembers beside its rows; rebuilt from them after a restart.
#[derive(Debug, Default)]
pub struct Memory {
    windows: HashMap<String, Window>,
    seen: Seen,
}

/// Whether a call may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Over a limit, in the words the client is told; nothing was spent.
    RateLimited(String),
    /// The signature was used before.
    Replayed,
    /// It is counted, and what it asks may be decided.
    Entered,
}

/// An earlier event under the same idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// The event accepted under it; of a list, the first.
    pub event_id: EventId,
    /// SHA-256 of the body it came in, hex.
    pub body_sha256: String,
    /// When it was accepted.
    pub received_at_ms: i64,
    /// The whole answer to a list; a single event's answer is made from its id again.
    pub answer: Option<String>,
}

/// What the rows say about events before they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The latest event under the same idempotency key.
    pub by_key: Option<KnownKey>,
    /// The events with the same contents, by these.
    pub by_content: HashMap<String, EventId>,
}

/// What is to be done with an event that may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// The same key with another body.
    KeyReused,
    /// The same key with the same body: this is the first answer.
    Repeat(String),
    /// Known by content; this is the answer.
    Duplicate(String),
    /// Store it.
    Accept(Stamp),
}

/// When an event counts as accepted, and when that may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Unix milliseconds.
    pub received_at_ms: i64,
    /// The answer waits until this instant.
    pub not_before_ms: Option<i64>,
}

impl Memory {
    /// Decides whether a call may enter, and counts it.
    pub fn enter(&mut self, call: &Call, now_ms: i64) -> Entry {
        let limits =
            Limits { per_minute_max: call.per_minute_max, per_hour_max: call.per_hour_max };
        let spend = self.window(&call.key_id).spend(now_ms, call.ask.tokens(), limits);
        if let Some(message) = spend.refusal(limits) {
            return Entry::RateLimited(message);
        }
        if let Some(signature) = signature_of(call) {
            if self.seen.knows(signature, now_ms) {
                return Entry::Replayed;
            }
            self.seen.remember(signature, now_ms);
        }
        Entry::Entered
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

/// What is to be done with one event.
pub fn recognise(origin: &Origin, event: &NewEvent, known: &Known, now_ms: i64) -> Admission {
    match under_key(origin, known, now_ms) {
        UnderKey::Reused => return Admission::KeyReused,
        UnderKey::Repeat(first_answer) => return Admission::Repeat(first_answer),
        UnderKey::New => {}
    }
    let first = event.content.as_ref().and_then(|content| known.by_content.get(content));
    match first {
        Some(first) => Admission::Duplicate(answer::duplicate(*first, event)),
        None => Admission::Accept(stamp(event.kind, now_ms)),
    }
}

enum UnderKey {
    New,
    Reused,
    Repeat(String),
}

fn under_key(origin: &Origin, known: &Known, now_ms: i64) -> UnderKey {
    match &known.by_key {
        Some(first) if now_ms - first.received_at_ms < idempotency::KEPT_MS => {
            if first.body_sha256 == origin.body_sha256 {
                let made_again = || answer::received(first.event_id);
                UnderKey::Repeat(first.answer.clone().unwrap_or_else(made_again))
            } else {
                UnderKey::Reused
            }
        }
        _ => UnderKey::New,
    }
}

/// Click ids carry whole seconds: a clock move is stamped at the next full second, so that every
/// click before it has a lower one and every click after it none lower.
fn stamp(kind: EventKind, now_ms: i64) -> Stamp {
    match kind {
        EventKind::ClockAdvance => {
            let moved_at_ms = (now_ms.div_euclid(1_000) + 1) * 1_000;
            Stamp { received_at_ms: moved_at_ms, not_before_ms: Some(moved_at_ms) }
        }
        EventKind::Conversion | EventKind::OrderStatus | EventKind::Webhook => {
            Stamp { received_at_ms: now_ms, not_before_ms: None }
        }
    }
}

#[cfg(test)]
mod tests;
