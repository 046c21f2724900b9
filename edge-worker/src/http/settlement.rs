//! Merchants' calls that settlement answers: passed on under the same tail, told back as they are.

use super::Call;
use super::answer::Answer;
use super::authenticate::{self, Proven};
use crate::bridge::Reply;
use crate::error::unavailable;
use crate::gate::tail;
use crate::outbound;
use shared::internal::MERCHANTS_PATH;
use shared::problem::{Code, Problem};
use shared::relay::CODE_HEADER;

/// How long settlement may take over a call. Above the 5 s a reader may ask it to wait.
const TIMEOUT_MS: u32 = 10_000;
/// Headers of a merchant's call that settlement reads.
const READ_HEADERS: [&str; 2] = ["if-none-match", "prefer"];

/// Passes a proven call on to settlement. `Err` when it gave no answer that is for the merchant.
pub(super) async fn ask(
    call: &Call,
    proven: &Proven,
    tail: &str,
    body: &str,
) -> Result<Reply, Problem> {
    let tail = tail::respelled(tail)
        .ok_or_else(|| Problem::new(Code::NotFound, "there is nothing here"))?;
    let entry = &proven.key.entry;
    let path = format!("{MERCHANTS_PATH}/{}/{}{tail}", entry.merchant_id, entry.environment);
    // What is signed must be what arrives, so the query is spelled as a parsed URL spells it.
    let url = format!("{}{path}?{}", call.config.settlement_url, call.query());
    let url = url::Url::parse(&url)
        .map_err(|cause| unavailable("A call could not be passed on", &cause))?;
    let path_and_query = match url.query() {
        None | Some("") => path,
        Some(query) => format!("{path}?{query}"),
    };
    let headers: Vec<_> = READ_HEADERS
        .into_iter()
        .filter_map(|name| call.header(name).map(|value| (name, value)))
        .collect();
    let outbound_call = outbound::Call {
        method: call.method(),
        path_and_query: &path_and_query,
        body,
        request_id: Some(&call.request_id),
        headers: &headers,
        timeout_ms: TIMEOUT_MS,
    };
    let reply = outbound::send(&call.config, &outbound_call)
        .await
        .map_err(|cause| unavailable("Settlement did not answer a call", &cause))?;
    match reply.status {
        _ if reply.header(CODE_HEADER) == Some(Code::ReplayDetected.log_code()) => {
            Err(authenticate::replayed(&proven.key))
        }
        // It refused us, not the merchant.
        401 => Err(unavailable(
            "Settlement refused a call",
            &"its INTERNAL_KEYS or clock differ from ours",
        )),
        200..=299 | 304 | 400..=599 => Ok(reply),
        status => Err(unavailable("Settlement's answer to a call made no sense", &status)),
    }
}

/// Settlement's answer as the merchant gets it.
pub(super) fn told(reply: Reply) -> Answer {
    let named = |name: &str| reply.header(name).map(str::to_owned);
    let (etag, repeated) = (named("etag"), named("idempotent-replayed"));
    let waited = named("preference-applied");
    let mut answer = match (reply.status, etag.is_some()) {
        (204 | 304, _) => Answer::empty(reply.status),
        (status, true) => Answer::of(status, "application/json", reply.body)
            .with("cache-control", "private, no-cache"),
        (status, false) => Answer::json(status, reply.body),
    };
    let headers =
        [("etag", etag), ("idempotent-replayed", repeated), ("preference-applied", waited)];
    for (name, value) in headers {
        if let Some(value) = value {
            answer = answer.with(name, value);
        }
    }
    answer
}
