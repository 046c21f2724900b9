//! Signed reads: counted by the intake object, answered by settlement under the same tail.

use super::answer::Answer;
use super::intake::refusal;
use super::{Call, authenticate, hop};
use crate::error::unavailable;
use crate::gate::hop::{Ask, Verdict};
use crate::outbound;
use shared::internal::MERCHANTS_PATH;
use shared::problem::Problem;

/// How long settlement may take over a read.
const READ_TIMEOUT_MS: u32 = 10_000;

/// Answers a read. What settlement has not got yet, the intake object answers in the same hop.
pub(super) async fn read(
    call: &Call,
    tail: &str,
    event_id: Option<&str>,
) -> Result<Answer, Problem> {
    let proven = authenticate::prove(call, b"").await?;
    let ask = Ask::Read(event_id.map(str::to_owned));
    let verdict = hop::offer(call, &proven, false, ask)
        .await
        .map_err(|cause| unavailable("A hop to an intake object failed", &cause))?;
    match verdict {
        Verdict::Waiting { body } => return Ok(Answer::json(200, body)),
        Verdict::Counted => {}
        other => return Err(refusal(other, &proven, None)),
    }
    let entry = &proven.key.entry;
    let path = format!("{MERCHANTS_PATH}/{}/{}{tail}", entry.merchant_id, entry.environment);
    from_settlement(call, &path).await
}

async fn from_settlement(call: &Call, path: &str) -> Result<Answer, Problem> {
    // What is signed must be what arrives, so the query is spelled as a parsed URL spells it.
    let url = format!("{}{path}?{}", call.config.settlement_url, call.query());
    let url = url::Url::parse(&url)
        .map_err(|cause| unavailable("A read could not be passed on", &cause))?;
    let path_and_query = match url.query() {
        None | Some("") => path.to_owned(),
        Some(query) => format!("{path}?{query}"),
    };
    let outbound_call = outbound::Call {
        method: "GET",
        path_and_query: &path_and_query,
        body: "",
        request_id: Some(&call.request_id),
        timeout_ms: READ_TIMEOUT_MS,
    };
    let reply = outbound::send(&call.config, &outbound_call)
        .await
        .map_err(|cause| unavailable("Settlement did not answer a read", &cause))?;
    match reply.status {
        // It refused us, not the merchant.
        401 | 403 => Err(unavailable(
            "Settlement refused a read",
            &"its INTERNAL_KEYS or clock differ from ours",
        )),
        status @ (200..=299 | 400..=599) => Ok(Answer::json(status, reply.body)),
        status => Err(unavailable("Settlement's answer to a read made no sense", &status)),
    }
}
