//! Signed writes to a merchant's resources: proven and counted here, done once by settlement.
//!
//! The object remembers the signature; settlement stores it with the effect, so that a replay is
//! refused also after the object forgot (EDGE §4).

use super::answer::Answer;
use super::authenticate::Proven;
use super::intake::refusal;
use super::settlement::{ask, told};
use super::{Call, authenticate, body, hop};
use crate::error::unavailable;
use crate::gate::hop::{Ask, Verdict};
use crate::gate::idempotency;
use sha2::{Digest, Sha256};
use shared::problem::{Code, Problem};
use shared::relay::Relayed;

/// Does a write: settlement's answer, once it is stored there.
pub(super) async fn write(call: &Call, tail: &str, bytes_max: usize) -> Result<Answer, Problem> {
    body::require_json(call)?;
    let body = body::read(call, bytes_max).await?;
    let proven = authenticate::prove(call, &body).await?;
    let read = read_call(call, &proven, &body);
    let verdict = hop::offer(call, &proven, true, Ask::Count)
        .await
        .map_err(|cause| unavailable("A hop to an intake object failed", &cause))?;
    if verdict != Verdict::Counted {
        return Err(refusal(verdict, &proven, None));
    }
    let envelope = serde_json::to_string(&read?)
        .map_err(|cause| unavailable("A write could not be passed on", &cause))?;
    Ok(told(ask(call, &proven, tail, &envelope).await?))
}

fn read_call(call: &Call, proven: &Proven, body: &[u8]) -> Result<Relayed, Problem> {
    let key = idempotency::read(call.header("idempotency-key"), call.header("x-idempotency-key"));
    let header_fault = key.as_ref().err().map(|&fault| fault.to_owned());
    let Ok(text) = std::str::from_utf8(body) else {
        let faults = header_fault.into_iter().chain(["the body must be UTF-8".to_owned()]);
        return Err(Problem::faults(Code::ValidationError, faults.collect()));
    };
    Ok(Relayed {
        key_id: proven.key.entry.key_id.clone(),
        signature: proven.signature.clone(),
        idempotency: key
            .unwrap_or_default()
            .map(|key| idempotency::scoped(call.method(), call.path(), &key)),
        header_fault,
        body_sha256: hex::encode(Sha256::digest(body)),
        body: text.to_owned(),
    })
}
