//! Settlement's own calls: rows for the Directory, and pokes that wake drains.

use super::answer::Answer;
use super::body::{self, PUSH_BYTES_MAX};
use super::hop::{self, CLICK_BINDING, INTAKE_BINDING};
use super::{Call, directory};
use crate::error::unavailable;
use crate::objects;
use shared::directory::{PUSH_ROWS_MAX, PUSH_VERSION, Push};
use shared::internal::{Poke, click_outbox_name, directory_object_name, parse_intake_name};
use shared::problem::{Code, Problem};
use shared::signing::{
    INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, InternalCall, verify_internal,
};
use worker::console_error;

/// Reads the body of a call that settlement signed.
pub(super) async fn proven_body(call: &Call) -> Result<String, Problem> {
    let body = body::read(call, PUSH_BYTES_MAX).await?;
    let internal = InternalCall {
        timestamp: &call.header(INTERNAL_TIMESTAMP_HEADER).unwrap_or_default(),
        signature: &call.header(INTERNAL_SIGNATURE_HEADER).unwrap_or_default(),
        method: &call.method,
        path_and_query: &call.path_and_query,
        body: &body,
    };
    verify_internal(&call.config.internal_keys, call.now_seconds(), &internal).map_err(
        |fault| {
            console_error!("An internal call was refused: {fault}");
            Problem::unauthorized(Code::InvalidSignature)
        },
    )?;
    String::from_utf8(body).map_err(|_| invalid("the body must be UTF-8"))
}

fn invalid(sentence: impl Into<String>) -> Problem {
    Problem::new(Code::ValidationError, sentence)
}

/// Hands a push to its shard.
pub(super) async fn push_directory(call: &Call) -> Result<Answer, Problem> {
    let body = proven_body(call).await?;
    let push: Push = serde_json::from_str(&body).map_err(|cause| invalid(cause.to_string()))?;
    let shards = call.config.directory_shards;
    if push.version > PUSH_VERSION || push.shard >= shards || push.rows.len() > PUSH_ROWS_MAX {
        return Err(invalid(format!(
            "this edge reads version {PUSH_VERSION}, has {shards} shards and takes \
             {PUSH_ROWS_MAX} rows at once"
        )));
    }
    let name = directory_object_name(push.shard);
    let failed = "A directory shard did not take a push";
    let path = objects::OFFER_PATH;
    let mut response = hop::post(&call.env, directory::BINDING, &name, path, &body, None)
        .await
        .map_err(|cause| unavailable(failed, &cause))?;
    match (response.status_code(), response.text().await) {
        (200, Ok(answer)) => Ok(Answer::json(200, answer)),
        (status, _) => Err(unavailable(failed, &status)),
    }
}

/// Wakes the drains of the objects named; one that does not answer is left to the next poke.
pub(super) async fn poke(call: &Call) -> Result<Answer, Problem> {
    let body = proven_body(call).await?;
    let poke: Poke = serde_json::from_str(&body).map_err(|cause| invalid(cause.to_string()))?;
    let click_shards = call.config.click_shards;
    for name in &poke.objects {
        let binding = if parse_intake_name(name).is_some() {
            INTAKE_BINDING
        } else if (0..click_shards).any(|shard| click_outbox_name(shard) == *name) {
            CLICK_BINDING
        } else {
            return Err(invalid("a name is of no intake or click object"));
        };
        let path = objects::POKE_PATH;
        if let Err(cause) = hop::post(&call.env, binding, name, path, "", None).await {
            console_error!("An object could not be poked: {cause}");
        }
    }
    Ok(Answer::json(200, "{}"))
}
