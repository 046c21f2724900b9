//! Up to a hundred signed events under one signature: validated one by one here, decided and stored
//! in one hop and one statement, each answered in its place (EDGE §5).

use super::answer::Answer;
use super::authenticate::{self, Proven};
use super::body::{self, BODY_BYTES_MAX};
use super::intake::{answer, context, conversion_id, invalid, read_one};
use super::{Call, hop};
use crate::error::outcome_unknown;
use crate::gate::hop::{Ask, BatchEvent, Item, NewBatch};
use crate::gate::idempotency;
use sha2::{Digest, Sha256};
use shared::fault::Faults;
use shared::id::EventKind;
use shared::problem::{Code, Problem};
use shared::relay::BULK_BYTES_MAX;
use shared::validate::{self, Context};

/// Takes a batch: 202 once its sound events are stored.
pub(super) async fn accept(call: &Call, kind: EventKind) -> Result<Answer, Problem> {
    body::require_json(call)?;
    let body = body::read(call, BULK_BYTES_MAX).await?;
    let proven = authenticate::prove(call, &body).await?;
    let read = read_batch(call, &proven, kind, &body);
    let ask = match &read {
        Ok(batch) => Ask::AcceptAll(batch.clone()),
        Err(_) => Ask::Count,
    };
    let verdict =
        hop::offer(call, &proven, true, ask).await.map_err(|cause| outcome_unknown(&cause))?;
    answer(call, &proven, verdict, read.err()).await
}

fn read_batch(
    call: &Call,
    proven: &Proven,
    kind: EventKind,
    body: &[u8],
) -> Result<NewBatch, Problem> {
    let context = context(call, proven)?;
    let items = validate::batch_items(body);
    let key = idempotency::read(call.header("idempotency-key"), call.header("x-idempotency-key"));
    let (items, key) = match (items, key) {
        (Ok(items), Ok(key)) => (items, key),
        (items, key) => {
            let mut faults = items.err().unwrap_or_default();
            if let Err(fault) = key {
                faults.push(fault);
            }
            return Err(invalid(faults));
        }
    };
    Ok(NewBatch {
        items: items.iter().map(|item| read_item(item.get().as_bytes(), kind, &context)).collect(),
        body_sha256: hex::encode(Sha256::digest(body)),
        idempotency: key.map(|key| idempotency::scoped(call.method(), call.path(), &key)),
        is_story: false,
    })
}

fn read_item(item: &[u8], kind: EventKind, context: &Context<'_>) -> Item {
    let read = if item.len() > BODY_BYTES_MAX {
        let mut faults = Faults::default();
        faults.push(format!("an event must be at most {BODY_BYTES_MAX} bytes"));
        Err(faults)
    } else {
        read_one(kind, item, context)
    };
    match read {
        Ok(event) => Item::Event(BatchEvent {
            kind,
            conversion_id: conversion_id(&event, context),
            content: event.content_key(),
            body: event.to_json(),
        }),
        Err(faults) => Item::Refused(refused(faults)),
    }
}

/// The answer in the place of a refused event.
fn refused(faults: Faults) -> String {
    let code =
        if faults.has_order_status() { Code::OrderStatusInvalid } else { Code::ValidationError };
    let message = faults.into_messages();
    serde_json::json!({"code": code.as_str(), "message": message}).to_string()
}
