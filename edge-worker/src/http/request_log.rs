//! What a signed call leaves in its merchant's request log, taken once its answer is made.
//!
//! A call that named a known key leaves a row, or is counted; one that named none is counted.
//! Refusals before the key check (404, 405, 413, 415) belong to nobody and leave nothing.

use super::answer::Answer;
use super::keys::OpenKey;
use super::{Call, lane};
use crate::gate::call_record::{self, Answered};
use crate::gate::log_cap::Flood;
use crate::{clock, random};
use shared::problem::Code;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

/// Who signed a call, as far as is known yet.
#[derive(Default)]
pub(super) struct Signer {
    key: OnceCell<Rc<OpenKey>>,
    is_proven: Cell<bool>,
}

impl Signer {
    /// The call named this key.
    pub(super) fn named(&self, key: &Rc<OpenKey>) {
        // A call names one key.
        let _ = self.key.set(Rc::clone(key));
    }

    /// The key's signature holds.
    pub(super) fn proved(&self) {
        self.is_proven.set(true);
    }
}

/// Takes what belongs into the log; nothing is awaited.
pub(super) fn take(call: &Call, answer: &Answer) {
    let Some(key) = call.signer.key.get() else {
        if answer.refusal == Some(Code::InvalidApiKey) {
            let names_a_key = call.header("x-api-key").is_some();
            lane::log(call, |held| held.count_nobodys(names_a_key, call.now_ms));
        }
        return;
    };
    let entry = &key.entry;
    let record = || {
        call_record::record(&Answered {
            id: random::u64(),
            received_at_ms: call.now_ms,
            done_at_ms: clock::now_ms(&call.config),
            key: entry,
            is_signed: call.signer.is_proven.get(),
            method: call.method(),
            path: call.path(),
            request_id: &call.request_id,
            content_length: call.header("content-length"),
            status: answer.status,
            refusal: answer.refusal,
            is_repeat: answer.has("idempotent-replayed"),
            body: answer.body(),
        })
    };
    let flood = Flood::of(answer.status);
    lane::log(call, |held| held.hold_call(entry, flood, record, call.now_ms));
}
