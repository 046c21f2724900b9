//! The stateless checks of a signed call, in their order: key, merchant, address, time, signature.

use super::Call;
use super::keys::{self, OpenKey};
use crate::gate::hint::{self, Attempt, Diagnosis};
use crate::gate::replay::KEPT_CHARACTERS;
use crate::gate::{address, freshness, key};
use shared::id::{Environment, key_id_canonical};
use shared::problem::{Code, Problem};
use shared::shop::{self, ShopTerms, Source};
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
    let key = known_key(call).await?;
    match check(call, &key, body) {
        Ok(signature) => {
            call.signer.proved();
            Ok(Proven { key, signature })
        }
        Err(code) => Err(refused(code, call, &key, body).await),
    }
}

/// The key that the call names, when it may be used from where the call comes. Who calls is not
/// proven by that.
pub(super) async fn usable_key(call: &Call) -> Result<Rc<OpenKey>, Problem> {
    let key = known_key(call).await?;
    match key::refusal(&key.entry, client_address(call), call.now_ms) {
        None => Ok(key),
        Some(code) => {
            let mut problem = Problem::unauthorized(code);
            problem.hint = is_test(&key).then(|| hint::of_key(code).into());
            Err(problem)
        }
    }
}

/// The key of a shop that a path names, when it may be used from where the call comes.
pub(super) async fn shop_key(
    call: &Call,
    source: Source,
    key_id: &str,
) -> Result<(Rc<OpenKey>, ShopTerms), Problem> {
    let key = key_named(call, Some(key_id)).await?;
    let terms = key.entry.shop.filter(|terms| terms.source == source).ok_or_else(unknown)?;
    match key::refusal(&key.entry, client_address(call), call.now_ms) {
        None => Ok((key, terms)),
        Some(code) => Err(refused_shop(code, &key)),
    }
}

/// Proves that a shop signed. Nothing here wakes an intake object.
pub(super) fn prove_shop(
    call: &Call,
    key: Rc<OpenKey>,
    body: &[u8],
    signature: Option<&str>,
) -> Result<Proven, Problem> {
    if !shop::is_signed(key.secret.as_bytes(), body, signature.unwrap_or_default()) {
        return Err(refused_shop(Code::InvalidSignature, &key));
    }
    call.signer.proved();
    // A shop's retry carries the same signature again: it is no replay.
    Ok(Proven { key, signature: String::new() })
}

fn refused_shop(code: Code, key: &OpenKey) -> Problem {
    let mut problem = Problem::unauthorized(code);
    problem.hint = is_test(key).then(|| hint::of_key(code).into());
    problem
}

fn unknown() -> Problem {
    Problem::unauthorized(Code::InvalidApiKey)
}

/// The key of a call that its merchant signs; a shop's key proves that shop's webhooks alone.
async fn known_key(call: &Call) -> Result<Rc<OpenKey>, Problem> {
    let key = key_named(call, call.header("x-api-key")).await?;
    if key.entry.shop.is_some() { Err(unknown()) } else { Ok(key) }
}

async fn key_named(call: &Call, sent_id: Option<&str>) -> Result<Rc<OpenKey>, Problem> {
    let key_id = sent_id.and_then(key_id_canonical).ok_or_else(unknown)?;
    let key = keys::find(call, &key_id).await?.ok_or_else(unknown)?;
    call.signer.named(&key);
    Ok(key)
}

/// The start of a proven signature as hex, or the first check that fails.
fn check(call: &Call, key: &OpenKey, body: &[u8]) -> Result<String, Code> {
    if let Some(code) = key::refusal(&key.entry, client_address(call), call.now_ms) {
        return Err(code);
    }
    let timestamp = call.header("x-timestamp");
    if !freshness::is_fresh(timestamp, call.now_seconds()) {
        return Err(Code::ExpiredTimestamp);
    }
    let form = SignedForm::of_call(call.method(), call.path_and_query(), body);
    let sent = call.header("x-signature").unwrap_or_default();
    verify(key.secret.as_bytes(), timestamp.unwrap_or_default(), form, body, sent)
        .map(|proven| hex::encode(&proven[..KEPT_CHARACTERS / 2]))
        .map_err(|_| Code::InvalidSignature)
}

fn is_test(key: &OpenKey) -> bool {
    key.entry.environment == Environment::Test
}

/// The client's address, when a header is trusted to tell it.
pub(super) fn client_address(call: &Call) -> Option<IpAddr> {
    let header = call.config.client_address_header.as_deref()?;
    address::parse(call.header(header)?)
}

/// A 401 after the key check: with a test key it names the mistake.
async fn refused(code: Code, call: &Call, key: &OpenKey, body: &[u8]) -> Problem {
    let mut problem = Problem::unauthorized(code);
    if is_test(key) {
        let is_small = body.len() <= hint::BODY_BYTES_MAX;
        let may_diagnose = is_small && is_within_limit(&key.entry.key_id, call.now_seconds());
        problem.hint = Some(if may_diagnose {
            diagnosed(code, call, key, body).await
        } else {
            hint::not_diagnosed()
        });
    }
    problem
}

async fn diagnosed(code: Code, call: &Call, key: &OpenKey, body: &[u8]) -> String {
    let attempt = Attempt {
        timestamp: call.header("x-timestamp"),
        signature: call.header("x-signature"),
        method: call.method(),
        path_and_query: call.path_and_query(),
        body,
        key_id: &key.entry.key_id,
        now_seconds: call.now_seconds(),
    };
    match hint::diagnose(code, &attempt, &key.secret) {
        Diagnosis::Named(said) => said.into_owned(),
        Diagnosis::Unproven => signed_with(call, key, &attempt)
            .await
            .map_or_else(hint::unproven, |other| hint::other_secret(&key.entry.key_id, &other)),
    }
}

/// The merchant's other key whose secret made the signature, live ones among them: who holds that
/// secret learns nothing new. A key that the Directory does not tell now is left out.
async fn signed_with(call: &Call, key: &OpenKey, attempt: &Attempt<'_>) -> Option<String> {
    for other_id in &key.entry.other_keys {
        let Ok(Some(other)) = keys::find(call, other_id).await else { continue };
        let is_same_merchant = other.entry.merchant_id == key.entry.merchant_id;
        if is_same_merchant && hint::is_signed_with(attempt, &other.secret) {
            return Some(other.entry.key_id.clone());
        }
    }
    None
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
    problem.hint = is_test(key).then(|| hint::of_key(Code::ReplayDetected).into());
    problem
}
