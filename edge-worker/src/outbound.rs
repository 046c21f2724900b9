//! Signed calls to settlement, each with a time limit.

use crate::clock;
use crate::config::Config;
use shared::signing::{INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, sign_internal};
use std::time::Duration;
use worker::wasm_bindgen::JsValue;
use worker::{AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Result};

/// Settlement's answer, read whole.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// A call to settlement.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Path and query, in the spelling of a parsed URL: what is signed must be what arrives.
    pub path_and_query: &'a str,
    /// JSON, or empty.
    pub body: &'a str,
    /// Handed on, so that both logs tell one story.
    pub request_id: Option<&'a str>,
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
    let headers = Headers::new();
    headers.set(INTERNAL_TIMESTAMP_HEADER, &timestamp)?;
    headers.set(INTERNAL_SIGNATURE_HEADER, &signature)?;
    if let Some(request_id) = call.request_id {
        headers.set("x-request-id", request_id)?;
    }
    let mut init = RequestInit::new();
    init.with_redirect(RequestRedirect::Manual);
    if call.method == "POST" {
        headers.set("content-type", "application/json")?;
        init.with_method(Method::Post).with_body(Some(JsValue::from_str(call.body)));
    }
    init.with_headers(headers);
    let url = format!("{}{}", config.settlement_url, call.path_and_query);
    let request = Request::new_with_init(&url, &init)?;
    let signal = AbortSignal::from(worker::web_sys::AbortSignal::timeout_with_u32(call.timeout_ms));
    let mut response = Fetch::Request(request).send_with_signal(&signal).await?;
    Ok(Reply { status: response.status_code(), body: response.bytes().await? })
}

/// Waits; timers fire in production although clock readings stand still between I/O.
pub async fn pause(milliseconds: i64) {
    let milliseconds = u64::try_from(milliseconds).unwrap_or(0);
    worker::Delay::from(Duration::from_millis(milliseconds)).await;
}
