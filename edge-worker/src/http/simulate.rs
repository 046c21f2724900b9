//! `POST /api/v1/test/simulate`: settlement writes a story, the intake object takes its events in
//! like any others, and settlement tells what became of them.

use super::answer::Answer;
use super::authenticate::Proven;
use super::intake::{refusal, wait_until};
use super::settlement::{ask, told};
use super::{Call, authenticate, body, hop};
use crate::error::{outcome_unknown, unavailable};
use crate::gate::hop::{Ask, NewEvent, Origin, Verdict};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use shared::id::Environment;
use shared::limits::SIMULATION_BODY_BYTES_MAX;
use shared::problem::{Code, Problem};
use shared::relay::StoryWanted;

/// Plays a story on the merchant's test clock.
pub(super) async fn play(call: &Call) -> Result<Answer, Problem> {
    body::require_json(call)?;
    let body = body::read(call, SIMULATION_BODY_BYTES_MAX).await?;
    let proven = authenticate::prove(call, &body).await?;
    let counted = offer(call, &proven, Ask::Count).await?;
    if counted != Verdict::Counted {
        return Err(refusal(counted, &proven, None));
    }
    if proven.key.entry.environment == Environment::Live {
        return Err(Problem::new(Code::PermissionDenied, "only a test key may play a story"));
    }
    let wanted = StoryWanted {
        body: String::from_utf8_lossy(&body).into_owned(),
        now_seconds: u32::try_from(call.now_seconds()).unwrap_or(u32::MAX),
    };
    let reply = ask(call, &proven, "/simulation/story", &written(&wanted)?).await?;
    if reply.status != 200 {
        return Ok(told(reply));
    }
    let story: Story = serde_json::from_str(&reply.body)
        .map_err(|cause| unavailable("A story could not be read", &cause))?;
    let origin = Origin { body_sha256: hex::encode(Sha256::digest(&body)), idempotency: None };
    let taken = offer(call, &proven, Ask::Tell(origin, story.events)).await?;
    let (taken, not_before_ms) = match taken {
        Verdict::Accepted { body, not_before_ms } => (body, not_before_ms),
        Verdict::Duplicate { body } => (body, None),
        other => return Err(refusal(other, &proven, None)),
    };
    // Both halves are JSON already: one of settlement, one of the object.
    let played = format!(r#"{{"about":{},"taken":{taken}}}"#, story.about);
    let report = ask(call, &proven, "/simulation/report", &played).await;
    if let Some(not_before_ms) = not_before_ms {
        wait_until(call, not_before_ms).await;
    }
    match report {
        Ok(reply) if reply.status == 200 => Ok(told(reply)),
        // It is accepted all the same, and each event can be asked for.
        Ok(_) | Err(_) => Ok(Answer::json(202, taken)),
    }
}

async fn offer(call: &Call, proven: &Proven, asked: Ask) -> Result<Verdict, Problem> {
    hop::offer(call, proven, false, asked).await.map_err(|cause| outcome_unknown(&cause))
}

/// What settlement writes: the edge looks into neither half.
#[derive(Deserialize)]
struct Story {
    about: Box<RawValue>,
    events: Vec<NewEvent>,
}

fn written(value: &impl serde::Serialize) -> Result<String, Problem> {
    serde_json::to_string(value)
        .map_err(|cause| unavailable("A story could not be passed on", &cause))
}
