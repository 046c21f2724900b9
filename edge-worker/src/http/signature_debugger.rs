//! `POST /api/v1/test/signature`: what is signed and its digest, for a secret in the question.
//!
//! It needs a test key's id and neither timestamp nor signature: it is for those who cannot sign
//! yet. The key's state, its merchant and its allow-list are checked as ever; the question's secret
//! goes nowhere but into the answer's digest.

use super::answer::Answer;
use super::{Call, authenticate, body};
use crate::error::unavailable;
use crate::gate::cache::Bounded;
use crate::gate::hint;
use crate::gate::rate::Window;
use crate::gate::signature_debugger::{LIMITS, answer};
use shared::id::Environment;
use shared::problem::{Code, Problem};
use shared::validate;
use std::cell::RefCell;

/// Keys whose questions an isolate counts at most.
const KEYS_MAX: usize = 1_000;

thread_local! {
    static ASKED: RefCell<Bounded<String, Window>> = RefCell::new(Bounded::new(KEYS_MAX));
}

/// Answers a question.
pub(super) async fn show(call: &Call) -> Result<Answer, Problem> {
    body::require_json(call)?;
    let body = body::read(call, hint::BODY_BYTES_MAX).await?;
    let key = authenticate::usable_key(call).await?;
    if key.entry.environment == Environment::Live {
        let sentence = "only a test key may ask the signature debugger";
        return Err(Problem::new(Code::PermissionDenied, sentence));
    }
    if let Some(message) = spend(&key.entry.key_id, call.now_ms) {
        return Err(Problem::new(Code::RateLimited, message));
    }
    let question = validate::signature_question(&body)
        .map_err(|faults| Problem::faults(Code::ValidationError, faults.into_messages()))?;
    let shown = answer(&question, &key.entry.key_id, call.now_seconds());
    let shown = serde_json::to_string(&shown)
        .map_err(|cause| unavailable("The signature debugger has no words", &cause))?;
    Ok(Answer::json(200, shown))
}

/// Counts one question; answers what to say when the key has asked too many.
fn spend(key_id: &str, now_ms: i64) -> Option<String> {
    ASKED.with_borrow_mut(|asked| {
        if asked.get_mut(key_id).is_none() {
            asked.insert(key_id.to_owned(), Window::default());
        }
        asked.get_mut(key_id)?.spend(now_ms, LIMITS, 1).refusal(LIMITS)
    })
}
