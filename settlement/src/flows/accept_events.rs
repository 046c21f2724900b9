//! A batch of accepted events comes from the edge, goes into the inbox, and is acknowledged.
//!
//! The inbox key, the event's id, makes at-least-once into exactly once; `seq` only shows gaps.
//! The content of an event is not looked at here, so it can never fail a batch (EDGE §6).

use super::stream::{self, Head};
use crate::error::Fault;
use crate::store::edge_stream;
use crate::store::inbox::{self, NewEvent, Stream};
use jiff::Timestamp;
use shared::id::{Environment, EventId, MerchantId};
use shared::internal::{Acknowledgement, EventBatch, EventRecord, parse_intake_name};
use sqlx::PgPool;

pub use super::stream::Intake;

/// Bytes of a key's id at most.
const KEY_ID_BYTES_MAX: usize = 80;

/// Stores a batch and answers up to where the stream is stored.
pub async fn run(
    pool: &PgPool,
    intake: &Intake,
    batch: &EventBatch,
    now: Timestamp,
) -> Result<Acknowledgement, Fault> {
    let head = stream::read_head(intake, &batch.head)?;
    let (merchant, environment) = parse_intake_name(&head.object)
        .ok_or_else(|| stream::refused("its object is no intake"))?;
    let events = batch
        .events
        .iter()
        .map(|record| read_event(&head, record))
        .collect::<Result<Vec<_>, Fault>>()?;
    intake.ensure_months(pool, "inbox", events.iter().map(|event| event.received_at)).await?;
    let stored = store(pool, &head, merchant, environment, &events, now).await;
    stored.inspect_err(|_| intake.forget_months())
}

async fn store(
    pool: &PgPool,
    head: &Head,
    merchant: MerchantId,
    environment: Environment,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<Acknowledgement, Fault> {
    let mut transaction = pool.begin().await?;
    let stored_seq = stream::open(&mut transaction, head, now).await?;
    edge_stream::open_cursor(&mut transaction, &head.object, &head.epoch_text).await?;
    if !events.is_empty() {
        let of = Stream {
            environment: environment.as_str(),
            merchant_id: merchant.0,
            object: &head.object,
            epoch: &head.epoch_text,
        };
        inbox::insert(&mut transaction, of, events, now).await?;
    }
    let seqs = events.iter().map(|event| event.seq);
    let mark = stream::advance(&mut transaction, head, stored_seq, seqs).await?;
    transaction.commit().await?;
    Ok(Acknowledgement { acknowledged_seq: mark.unsigned_abs() })
}

/// Checks that an event's id says what its record says; only a fault of ours breaks that.
fn read_event(head: &Head, record: &EventRecord) -> Result<NewEvent, Fault> {
    let id = EventId { kind: record.kind, epoch: head.epoch, seq: record.seq };
    if EventId::parse(&record.event_id) != Some(id) || record.seq == 0 {
        let seq = record.seq;
        return Err(stream::refused(format!("the event at seq {seq} has an id of another place")));
    }
    let sane = record.key_id.len() <= KEY_ID_BYTES_MAX && !record.key_id.contains('\0');
    if !sane {
        return Err(stream::refused(format!("the key id at seq {} is none", record.seq)));
    }
    Ok(NewEvent {
        seq: stream::seq(record.seq)?,
        event_id: id.to_string(),
        kind: record.kind.as_str(),
        received_at: stream::instant(record.received_at_ms)?,
        key_id: record.key_id.clone(),
        body: record.body.get().as_bytes().to_vec(),
    })
}
