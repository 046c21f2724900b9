//! Settlement's own calls: rows for the Directory, and pokes that wake drains.

use super::answer::Answer;
use super::body::{self, PUSH_BYTES_MAX};
use super::hop::{CLICK_BINDING, INTAKE_BINDING};
use super::{Call, directory};
use crate::bridge;
use crate::error::unavailable;
use crate::objects;
use shared::directory::{PUSH_ROWS_MAX, PUSH_VERSION, Push};
use shared::internal::{
    POKE_NAMES_MAX, POKE_VERSION, Poke, click_outbox_name, directory_object_name, parse_intake_name,
};
use shared::problem::{Code, Problem};
use shared::signing::{
    INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, InternalCall, InternalFault,
    precheck_internal, verify_internal,
};
use worker::console_error;

/// Bytes of a poke at most: its names.
pub(super) const POKE_BYTES_MAX: usize = 64 * 1024;

/// Reads the body of a call that settlement signed. The headers are looked at first, so that a
/// call that cannot be settlement's costs no reading.
pub(super) async fn proven_body(call: &Call, bytes_max: usize) -> Result<String, Problem> {
    let timestamp = call.header(INTERNAL_TIMESTAMP_HEADER).unwrap_or_default();
    let signature = call.header(INTERNAL_SIGNATURE_HEADER).unwrap_or_default();
    precheck_internal(call.now_seconds(), timestamp, signature).map_err(refused)?;
    let body = body::read(call, bytes_max).await?;
    let internal = InternalCall {
        timestamp,
        signature,
        method: call.method(),
        path_and_query: call.path_and_query(),
        body: &body,
    };
    verify_internal(&call.config.internal_keys, call.now_seconds(), &internal).map_err(refused)?;
    String::from_utf8(body).map_err(|_| invalid("the body must be UTF-8"))
}

fn refused(fault: InternalFault) -> Problem {
    console_error!("An internal call was refused: {fault}");
    Problem::unauthorized(Code::InvalidSignature)
}

fn invalid(sentence: impl Into<String>) -> Problem {
    Problem::new(Code::ValidationError, sentence)
}

/// Hands a push to its shard.
pub(super) async fn push_directory(call: &Call) -> Result<Answer, Problem> {
    let body = proven_body(call, PUSH_BYTES_MAX).await?;
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
    let headers = std::iter::empty();
    match bridge::hop(&call.env, directory::BINDING, &name, path, headers, &body).await {
        Ok((200, answer)) => Ok(Answer::json(200, answer)),
        Ok((status, _)) => Err(unavailable(failed, &status)),
        Err(cause) => Err(unavailable(failed, &cause)),
    }
}

/// Wakes the drains of the objects named and tells where each stands; one that does not answer is
/// left to the next poke.
pub(super) async fn poke(call: &Call) -> Result<Answer, Problem> {
    let body = proven_body(call, POKE_BYTES_MAX).await?;
    let poke: Poke = serde_json::from_str(&body).map_err(|cause| invalid(cause.to_string()))?;
    if poke.objects.len() > POKE_NAMES_MAX {
        return Err(invalid(format!("a poke names at most {POKE_NAMES_MAX} objects")));
    }
    // Each object writes its own head as JSON: here they are only strung together.
    let mut heads = Vec::new();
    let mut unanswered = Vec::new();
    for name in &poke.objects {
        match poke_one(call, name).await {
            Ok(head) => heads.push(head),
            Err(cause) => {
                console_error!("An object could not be poked: {cause}");
                unanswered.push(name.as_str());
            }
        }
    }
    let unanswered = serde_json::to_string(&unanswered).unwrap_or_default();
    let heads = heads.join(",");
    let answer =
        format!(r#"{{"version":{POKE_VERSION},"heads":[{heads}],"unanswered":{unanswered}}}"#);
    Ok(Answer::json(200, answer))
}

async fn poke_one(call: &Call, name: &str) -> worker::Result<String> {
    let click_shards = call.config.click_shards;
    let binding = if parse_intake_name(name).is_some() {
        INTAKE_BINDING
    } else if (0..click_shards).any(|shard| click_outbox_name(shard) == name) {
        CLICK_BINDING
    } else {
        return Err(worker::Error::from("a name is of no intake or click object"));
    };
    let headers = [(objects::NAME_HEADER, name)].into_iter();
    match bridge::hop(&call.env, binding, name, objects::POKE_PATH, headers, "").await? {
        (200, head) => Ok(head),
        (status, _) => Err(worker::Error::from(format!("the object answered {status}"))),
    }
}
