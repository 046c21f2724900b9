//! What a refused test call did wrong, named only when recomputing proves it. Rules: EDGE §11.

mod respelled;
mod signature;
#[cfg(test)]
mod tests;

use super::freshness::{SKEW_SECONDS_MAX, parse};
use shared::problem::Code;

/// Bodies above this are not diagnosed.
pub const BODY_BYTES_MAX: usize = 16 * 1024;
/// Diagnoses per key, minute and isolate.
pub const PER_MINUTE_MAX: u32 = 10;

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

/// Names the mistake. `secret` is the key's signing secret, where it is at hand.
pub fn diagnose(code: Code, attempt: &Attempt<'_>, secret: Option<&str>) -> String {
    match (code, secret) {
        (Code::ApiKeyDisabled, _) => "this key is disabled".into(),
        (Code::ApiKeyRevoked, _) => "this key is revoked".into(),
        (Code::MerchantNotApproved, _) => "the merchant of this key is not active".into(),
        (Code::IpNotAllowed, _) => {
            "the key has an allow-list, and the address you call from is not on it".into()
        }
        (Code::ReplayDetected, _) => replayed(),
        (Code::ExpiredTimestamp, _) => timestamp_mistake(attempt),
        (Code::InvalidSignature, Some(secret)) => signature::mistake(attempt, secret),
        _ => "the call was refused".into(),
    }
}

/// What is said of a signature that was used before.
pub fn replayed() -> String {
    "this exact signature was used before; sign again with a later X-Timestamp".into()
}

/// What is said when a call is not diagnosed.
pub fn not_diagnosed() -> String {
    format!(
        "not diagnosed: at most {PER_MINUTE_MAX} calls a minute and bodies up to {BODY_BYTES_MAX} \
         bytes are"
    )
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
