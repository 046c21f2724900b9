//! This isolate's keys with their opened secrets: used for 3 s, never stale. Rules: EDGE §7.

use super::{Call, directory};
use crate::config::Config;
use crate::error::unavailable;
use crate::gate::cache::{Bounded, KEY_FRESH_MS, MISSING_FRESH_MS};
use crate::objects::directory::Lookup;
use shared::directory::{Entry, KeyEntry, key_name};
use shared::problem::Problem;
use std::cell::RefCell;
use std::rc::Rc;

/// Keys an isolate holds at most, missing ones included.
const KEYS_MAX: usize = 10_000;

/// A key that can verify. It has no `Debug`: the secret is never printed.
pub(super) struct OpenKey {
    pub(super) entry: KeyEntry,
    /// The whole `sk_…` text.
    pub(super) secret: String,
}

struct Cached {
    key: Option<Rc<OpenKey>>,
    asked_at_ms: i64,
}

thread_local! {
    static KEYS: RefCell<Bounded<String, Cached>> = RefCell::new(Bounded::new(KEYS_MAX));
}

/// Finds a key by its canonical id; `None` when there is none of that name.
pub(super) async fn find(call: &Call, key_id: &str) -> Result<Option<Rc<OpenKey>>, Problem> {
    match peek(key_id, call.now_ms) {
        Peek::Known(key) => return Ok(Some(key)),
        Peek::Missing => return Ok(None),
        Peek::Ask => {}
    }
    let name = key_name(key_id);
    let looked_up = directory::look_up(&call.env, &call.config, &name)
        .await
        .map_err(|cause| unavailable("The Directory gave no answer about a key", &cause))?;
    let key = match looked_up {
        Lookup::Found(Entry::Key(entry)) => Some(Rc::new(opened(&call.config, entry)?)),
        Lookup::Found(_) | Lookup::Missing => None,
        Lookup::NoSnapshot => {
            directory::plead(&call.context, &call.config, &name, call.now_ms);
            return Err(unavailable("A key was asked for", &"the shard has no snapshot"));
        }
    };
    let cached = Cached { key: key.clone(), asked_at_ms: call.now_ms };
    KEYS.with_borrow_mut(|keys| keys.insert(key_id.to_owned(), cached));
    Ok(key)
}

enum Peek {
    Known(Rc<OpenKey>),
    Missing,
    Ask,
}

fn peek(key_id: &str, now_ms: i64) -> Peek {
    KEYS.with_borrow_mut(|keys| {
        let Some(cached) = keys.get_mut(key_id) else {
            return Peek::Ask;
        };
        let age_ms = now_ms - cached.asked_at_ms;
        match &cached.key {
            Some(key) if age_ms < KEY_FRESH_MS => Peek::Known(Rc::clone(key)),
            None if age_ms < MISSING_FRESH_MS => Peek::Missing,
            _ => Peek::Ask,
        }
    })
}

/// Opens a key's secret, unless the one opened before is still the same: that spares the curve.
fn opened(config: &Config, entry: KeyEntry) -> Result<OpenKey, Problem> {
    let before = KEYS.with_borrow_mut(|keys| keys.get_mut(&entry.key_id)?.key.clone());
    match before.filter(|before| before.entry.sealed_secret == entry.sealed_secret) {
        Some(before) => Ok(OpenKey { entry, secret: before.secret.clone() }),
        None => open(config, entry),
    }
}

fn open(config: &Config, entry: KeyEntry) -> Result<OpenKey, Problem> {
    let secret = hex::decode(&entry.sealed_secret)
        .ok()
        .and_then(|sealed| config.sealing_key.unseal(&sealed).ok())
        .and_then(|opened| String::from_utf8(opened).ok());
    match secret {
        Some(secret) => Ok(OpenKey { entry, secret }),
        None => Err(unavailable(
            "A signing secret does not open with this edge's SEALING_KEY",
            &entry.key_id,
        )),
    }
}
