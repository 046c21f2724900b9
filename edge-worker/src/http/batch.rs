//! Batches of signed events: one signature, one hop, one statement, and a result for each.

use super::answer::Answer;
use super::authenticate::{self, Proven};
use super::body;
use super::{Call, intake};
use crate::error::unavailable;
use crate::gate::hop::{Ask, Item};
use serde::Serialize;
use serde_json::value::RawValue;
use shared::fault::Faults;
use shared::id::EventKind;
use shared::problem::{Message, Problem};
use shared::relay::BULK_BYTES_MAX;
use shared::validate;

/// Takes a batch: 202 once all that is new in it is stored.
pub(super) async fn accept(call: &Call, kind: EventKind) -> Result<Answer, Problem> {
    body::require_json(call)?;
    let body = body::read(call, BULK_BYTES_MAX).await?;
    let proven = authenticate::prove(call, &body).await?;
    let read = read_batch(call, &proven, kind, &body);
    intake::offer(call, &proven, true, read).await
}

/// Each event or its refusal, in order; `Err` when the batch as a whole cannot be taken.
fn read_batch(call: &Call, proven: &Proven, kind: EventKind, body: &[u8]) -> Result<Ask, Problem> {
    let (texts, origin) = match (validate::batch(body), intake::origin(call, body)) {
        (Ok(texts), Ok(origin)) => (texts, origin),
        (texts, origin) => {
            let mut faults = texts.err().unwrap_or_default();
            if let Err(fault) = origin {
                faults.push(fault);
            }
            return Err(intake::invalid(faults));
        }
    };
    let entry = &proven.key.entry;
    let context = intake::context(call, entry)?;
    let items = texts.into_iter().map(|text| match intake::validated(kind, text, &context) {
        Ok(event) => intake::new_event(entry, &event).map(Item::Event),
        Err(faults) => refused(faults).map(Item::Refused),
    });
    Ok(Ask::AcceptAll(origin, items.collect::<Result<_, _>>()?))
}

#[derive(Serialize)]
struct Refused<'a> {
    code: &'a str,
    message: Message,
}

/// The result of an event that cannot be taken.
fn refused(faults: Faults) -> Result<Box<RawValue>, Problem> {
    let problem = intake::invalid(faults);
    let result = Refused { code: problem.code.as_str(), message: problem.message };
    serde_json::value::to_raw_value(&result)
        .map_err(|cause| unavailable("A refusal could not be written", &cause))
}
