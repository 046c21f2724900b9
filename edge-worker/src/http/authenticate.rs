//! The stateless checks of a signed call, in their order: key, merchant, address, time, signature.

use super::Call;
use super::keys::{self, OpenKey};
use crate::gate::hint::{self, Attempt};
use crate::gate::replay::KEPT_CHARACTERS;
use crate::gate::{address, freshness, key};
use shared::id::{Environment, key_id_canonical};
use shared::problem::{Code, Problem};
use shared::signing::{SignedForm, verify};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

/// A call whose signature holds.
pub(super) struct Proven {
    pub(super) key: Rc<OpenKey>,
    /// The start of its signature as hex.
    pub(super) signature: String,
}

/// Proves who signed. Nothing here wakes an intake object.
pub(super) async fn prove(call: &Call, body: &[u8]) -> Result<Proven, Problem> {
    let unknown = || Problem::unauthorized(Code::InvalidApiKey);
    let sent_id = call.header("x-api-key").ok_or_else(unknown)?;
    let key_id = key_id_canonical(sent_id).ok_or_else(unknown)?;
    let key = keys::find(call, &key_id).await?.ok_or_else(unknown)?;
    let timestamp = call.header("x-timestamp");
    let signature = call.header("x-signature");
    let path_and_query = call.path_and_query();
    let form = SignedForm::of_call(call.method(), path_and_query, body);
    let failed = if let Some(code) = key::refusal(&key.entry, client_address(call), call.now_ms) {
        code
    } else if !freshness::is_fresh(timestamp, call.now_seconds()) {
        Code::ExpiredTimestamp
    } else {
        let secret = key.secret.as_bytes();
        let sent = signature.unwrap_or_default();
        let at = timestamp.unwrap_or_default();
        match verify(secret, at, form, body, sent) {
            Ok(proven) => {
                let signature = hex::encode(&proven[..KEPT_CHARACTERS / 2]);
                return Ok(Proven { key, signature });
            }
            Err(_) => Code::InvalidSignature,
        }
    };
    let attempt = Attempt {
        timestamp,
        signature,
        method: call.method(),
        path_and_query,
        body,
        key_id: &key.entry.key_id,
        now_seconds: call.now_seconds(),
    };
    Err(refused(failed, &key, &attempt))
}

/// The client's address, when a header is trusted to tell it.
pub(super) fn client_address(call: &Call) -> Option<IpAddr> {
    let header = call.config.client_address_header.as_deref()?;
    address::parse(call.header(header)?)
}

/// A 401 after the key check: with a test key it names the mistake.
fn refused(code: Code, key: &OpenKey, attempt: &Attempt<'_>) -> Problem {
    let mut problem = Problem::unauthorized(code);
    if key.entry.environment == Environment::Test {
        let is_small = attempt.body.len() <= hint::BODY_BYTES_MAX;
        let may_diagnose = is_small && is_within_limit(attempt.key_id, attempt.now_seconds);
        problem.hint = Some(if may_diagnose {
            hint::diagnose(code, attempt, Some(&key.secret))
        } else {
            hint::not_diagnosed()
        });
    }
    problem
}

thread_local! {
    /// Diagnoses of the current minute, by key.
    static DIAGNOSED: RefCell<(i64, HashMap<String, u32>)> = RefCell::new((0, HashMap::new()));
}

fn is_within_limit(key_id: &str, now_seconds: i64) -> bool {
    DIAGNOSED.with_borrow_mut(|(minute, counts)| {
        let now_minute = now_seconds.div_euclid(60);
        if *minute != now_minute {
            *minute = now_minute;
            counts.clear();
        }
        let count = counts.entry(key_id.to_owned()).or_default();
        *count += 1;
        *count <= hint::PER_MINUTE_MAX
    })
}

/// The hint of a replayed call, which the object finds.
pub(super) fn replayed(key: &OpenKey) -> Problem {
    let mut problem = Problem::unauthorized(Code::ReplayDetected);
    if key.entry.environment == Environment::Test {
        problem.hint = Some(hint::replayed());
    }
    problem
}
