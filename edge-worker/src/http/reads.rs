//! Signed reads: counted by the intake object, answered by settlement under the same tail.

use super::answer::Answer;
use super::intake::refusal;
use super::settlement::{ask, told};
use super::{Call, authenticate, hop};
use crate::error::unavailable;
use crate::gate::hop::{Ask, Verdict};
use shared::problem::Problem;

/// Answers a read. What settlement has not got yet, the intake object answers in the same hop;
/// one who asks to wait for the outcome waits at settlement.
pub(super) async fn read(
    call: &Call,
    tail: &str,
    event_id: Option<&str>,
) -> Result<Answer, Problem> {
    let proven = authenticate::prove(call, b"").await?;
    let asked = Ask::Read(event_id.map(str::to_owned));
    let verdict = hop::offer(call, &proven, false, asked)
        .await
        .map_err(|cause| unavailable("A hop to an intake object failed", &cause))?;
    let waiting = match verdict {
        Verdict::Waiting { body } if call.header("prefer").is_none() => {
            return Ok(Answer::json(200, body));
        }
        Verdict::Waiting { body } => Some(body),
        Verdict::Counted => None,
        other => return Err(refusal(other, &proven, None)),
    };
    match (ask(call, &proven, tail, "").await, waiting) {
        // Accepted here and not settled: true, whatever settlement cannot tell yet.
        (Ok(reply), Some(body)) if reply.status == 404 => Ok(Answer::json(200, body)),
        (Err(_), Some(body)) => Ok(Answer::json(200, body)),
        (reply, _) => Ok(told(reply?)),
    }
}
