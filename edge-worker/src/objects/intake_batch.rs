//! A batch at the intake object: the answer is known before the one statement that stores it, so a
//! repeat can be answered byte for byte.

use super::merchant_intake::{duplicate_body, received_body};
use super::tables::event::NewRow;
use crate::gate::admit::Place;
use crate::gate::hop::{BatchEvent, Item, NewBatch};
use serde_json::value::RawValue;
use shared::id::EventId;
use worker::Result;

/// What a batch stores and answers.
pub(super) struct Plan<'a> {
    /// The new events, in order; may be empty.
    pub(super) rows: Vec<NewRow<'a>>,
    /// The whole answer, JSON.
    pub(super) answer: String,
    /// The answer waits until this instant of the edge's clock.
    pub(super) not_before_ms: Option<i64>,
}

/// Gives every new event its place and writes the answer. `first_seq` is the next free place.
pub(super) fn plan<'a>(
    batch: &'a NewBatch,
    places: &[Place],
    epoch: u64,
    first_seq: u64,
    now_ms: i64,
) -> Result<Plan<'a>> {
    let mut rows: Vec<NewRow<'a>> = Vec::new();
    let mut results: Vec<String> = Vec::with_capacity(places.len());
    let mut ids: Vec<Option<EventId>> = Vec::with_capacity(places.len());
    for (item, place) in batch.items.iter().zip(places) {
        let (result, id) = match (item, *place) {
            (Item::Refused(answer), _) => (answer.clone(), None),
            (Item::Event(event), Place::New) => {
                let row = row(event, first_seq, rows.len(), now_ms, batch.is_story)?;
                let id = EventId { kind: event.kind, epoch, seq: row.seq };
                rows.push(row);
                (received_body(id), Some(id))
            }
            (Item::Event(event), Place::Known(id)) => (duplicate(id, event), Some(id)),
            (Item::Event(event), Place::SameAs(at)) => {
                // An earlier item with the same content always got an id.
                let id = ids.get(at).copied().flatten();
                (id.map_or_else(String::new, |id| duplicate(id, event)), id)
            }
            (Item::Event(_), Place::Refused) => (String::new(), None),
        };
        results.push(result);
        ids.push(id);
    }
    let last_ms = rows.last().map_or(now_ms, |row| row.received_at_ms);
    let next_second_ms = (last_ms.div_euclid(1_000) + 1) * 1_000;
    Ok(Plan {
        answer: format!("{{\"results\":[{}]}}", results.join(",")),
        not_before_ms: (batch.is_story && !rows.is_empty()).then_some(next_second_ms),
        rows,
    })
}

fn row(
    event: &BatchEvent,
    first_seq: u64,
    at: usize,
    now_ms: i64,
    is_story: bool,
) -> Result<NewRow<'_>> {
    let after_ms = if is_story { i64::try_from(at).unwrap_or(0) } else { 0 };
    Ok(NewRow {
        seq: first_seq + at as u64,
        kind: event.kind.as_str(),
        received_at_ms: now_ms + after_ms,
        content: event.content.as_deref(),
        body: serde_json::from_str::<&RawValue>(&event.body)?,
    })
}

fn duplicate(first: EventId, event: &BatchEvent) -> String {
    duplicate_body(first, event.conversion_id.as_deref())
}
