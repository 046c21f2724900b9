//! What a refused test call did wrong, named only when recomputing proves it. Rules: EDGE §11.

mod respelled;
mod signature;
mod signed_text;
mod spelling;
#[cfg(test)]
mod tests;

use super::freshness::{SKEW_SECONDS_MAX, is_fresh, parse};
use shared::problem::Code;
use std::borrow::Cow;

/// Bodies above this are not diagnosed.
pub const BODY_BYTES_MAX: usize = shared::limits::HINT_BODY_BYTES_MAX;
/// Diagnoses per key, minute and isolate.
pub const PER_MINUTE_MAX: u32 = shared::limits::HINTS_PER_MINUTE_MAX;

/// A refused call of a test key.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// `X-Timestamp`.
    pub timestamp: Option<&'a str>,
    /// `X-Signature`.
    pub signature: Option<&'a str>,
    /// The method in capitals.
    pub method: &'a str,
    /// Path and query exactly as sent.
    pub path_and_query: &'a str,
    /// The raw body.
    pub body: &'a [u8],
    /// The key's public id.
    pub key_id: &'a str,
    /// The edge's clock, Unix seconds.
    pub now_seconds: i64,
}

/// What a diagnosis found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diagnosis {
    /// The mistake, in a sentence.
    Named(Cow<'static, str>),
    /// The signature is wrong, and no usual mistake under the key's own secret explains it.
    Unproven,
}

/// Names the mistake. `secret` is the key's signing secret.
pub fn diagnose(code: Code, attempt: &Attempt<'_>, secret: &str) -> Diagnosis {
    match code {
        Code::ExpiredTimestamp => Diagnosis::Named(timestamp_mistake(attempt).into()),
        Code::InvalidSignature => {
            signature::mistake(attempt, secret).map_or(Diagnosis::Unproven, Diagnosis::Named)
        }
        other => Diagnosis::Named(of_key(other).into()),
    }
}

/// What is said of a refusal that has nothing to do with how the call was signed.
pub fn of_key(code: Code) -> &'static str {
    match code {
        Code::ApiKeyDisabled => "this key is disabled",
        Code::ApiKeyRevoked => "this key is revoked",
        Code::MerchantNotApproved => "the merchant of this key is not active",
        Code::IpNotAllowed => {
            "the key has an allow-list, and the address you call from is not on it"
        }
        Code::ReplayDetected => {
            "this exact signature was used before; sign again with a later X-Timestamp"
        }
        Code::InvalidSignature => {
            "the shop signed with another secret than this key's, or the body was changed"
        }
        _ => "the call was refused",
    }
}

/// Whether the call is right in everything but that the secret of another key signed it.
pub fn is_signed_with(attempt: &Attempt<'_>, other_secret: &str) -> bool {
    signature::is_signed_with(attempt, other_secret)
}

/// What is said when another key's secret signed.
pub fn other_secret(key_id: &str, signed_with: &str) -> String {
    let kind = if signed_with.starts_with("pk_live_") { "a live key" } else { "another test key" };
    format!("you signed with the secret of {signed_with}, {kind}; sign with that of {key_id}")
}

/// What is said when no mistake could be proven: true whatever the cause.
pub fn unproven() -> String {
    "the signature does not match, and none of the usual mistakes explains it; check that the \
     secret is this key's, with its sk_test_ prefix, and that you sign exactly the bytes you send"
        .into()
}

/// What is said when a call is not diagnosed.
pub fn not_diagnosed() -> String {
    format!(
        "not diagnosed: at most {PER_MINUTE_MAX} calls a minute and bodies up to {BODY_BYTES_MAX} \
         bytes are"
    )
}

/// Names what is wrong with the timestamp; `None` for a fresh one.
pub fn of_timestamp(attempt: &Attempt<'_>) -> Option<String> {
    let is_fresh = is_fresh(attempt.timestamp, attempt.now_seconds);
    (!is_fresh).then(|| timestamp_mistake(attempt))
}

fn timestamp_mistake(attempt: &Attempt<'_>) -> String {
    let Some(text) = attempt.timestamp else {
        return "X-Timestamp is missing".into();
    };
    let window = SKEW_SECONDS_MAX;
    let milliseconds = text.parse::<i64>().ok().filter(|_| text.len() == 13);
    if milliseconds.is_some_and(|ms| attempt.now_seconds.abs_diff(ms / 1_000) <= window) {
        return "X-Timestamp is in milliseconds; send Unix seconds".into();
    }
    match parse(text) {
        None => "X-Timestamp must be Unix seconds in plain digits".into(),
        Some(sent) => {
            let off = attempt.now_seconds.abs_diff(sent);
            let side = if sent < attempt.now_seconds { "behind" } else { "ahead of" };
            format!("X-Timestamp is {off} s {side} our clock; at most {window} s pass")
        }
    }
}
