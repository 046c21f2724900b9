//! Signed calls to settlement, each with a time limit.

use crate::bridge::{self, Reply};
use crate::clock;
use crate::config::Config;
use shared::signing::{INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, sign_internal};
use std::time::Duration;
use worker::Result;

/// A call to settlement.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// In capitals.
    pub method: &'a str,
    /// Path and query, in the spelling of a parsed URL: what is signed must be what arrives.
    pub path_and_query: &'a str,
    /// JSON, or empty.
    pub body: &'a str,
    /// Handed on, so that both logs tell one story.
    pub request_id: Option<&'a str>,
    /// More headers; they are not signed, so nothing may rest on them.
    pub headers: &'a [(&'a str, &'a str)],
    /// How long settlement may take, in milliseconds.
    pub timeout_ms: u32,
}

/// Sends a call; `Err` when settlement did not answer in time or at all.
pub async fn send(config: &Config, call: &Call<'_>) -> Result<Reply> {
    let now_seconds = clock::now_ms(config).div_euclid(1_000);
    let (timestamp, signature) = sign_internal(
        &config.internal_keys,
        now_seconds,
        call.method,
        call.path_and_query,
        call.body.as_bytes(),
    );
    let signed = [
        (INTERNAL_TIMESTAMP_HEADER, timestamp.as_str()),
        (INTERNAL_SIGNATURE_HEADER, signature.as_str()),
    ];
    let content_type = (!call.body.is_empty()).then_some(("content-type", "application/json"));
    let request_id = call.request_id.map(|id| ("x-request-id", id));
    let more = call.headers.iter().copied();
    let headers = signed.into_iter().chain(content_type).chain(request_id).chain(more);
    let url = format!("{}{}", config.settlement_url, call.path_and_query);
    bridge::send(&url, call.method, headers, call.body, call.timeout_ms).await
}

/// Waits; timers fire in production although clock readings stand still between I/O.
pub async fn pause(milliseconds: i64) {
    let milliseconds = u64::try_from(milliseconds).unwrap_or(0);
    worker::Delay::from(Duration::from_millis(milliseconds)).await;
}
