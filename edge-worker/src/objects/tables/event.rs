//! Accepted events: outbox, idempotency record and known orders in one table.
//!
//! An event writes three rows: itself, its idempotency key (when it has one) and its content.

use super::{FRAME_BYTES, first, integer, migrate, prune_table, stream};
use crate::gate::admit::{Known, KnownKey};
use crate::gate::hop::{Call, Item, NewBatch, NewEvent};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::id::{EventId, EventKind};
use worker::{Error, Result, SqlStorage, SqlStorageValue};

const EVENTS: &str = "
    create table if not exists event (
        seq integer primary key,         -- gapless; the highest row is never deleted
        kind text not null,              -- conversion, order_status or clock_advance
        received_at_ms integer not null, -- Unix milliseconds of the edge's clock
        key_id text not null,            -- the key it was signed with
        signature text,                  -- its start as hex; null where replay is not checked
        idempotency text,                -- method, path and the client's key
        body_sha256 text not null,       -- of the body as received, hex
        content text,                    -- what makes two events the same; null for clock moves
        body text not null               -- the event as re-serialised
    );
    create index if not exists event_idempotency on event (idempotency)
        where idempotency is not null;
    create unique index if not exists event_content on event (content)
        where content is not null;
";

/// The whole answer to a batch, on its first new event; null for any other.
const ANSWER: &str = "
    alter table event add column answer text
";

/// Makes or updates the tables of an intake object.
pub fn open(sql: &SqlStorage) -> Result<()> {
    migrate(sql, &[&format!("{}{EVENTS}", stream::CREATE), ANSWER])
}

#[derive(Deserialize)]
struct Seq {
    seq: Option<u64>,
}

/// The highest place given out, 0 for none.
pub fn highest_seq(sql: &SqlStorage) -> Result<u64> {
    let query = "-- event::highest_seq
        select max(seq) as seq from event";
    let row: Option<Seq> = first(sql, query, vec![])?;
    Ok(row.and_then(|row| row.seq).unwrap_or(0))
}

/// What a known row has in common with a new event.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum By {
    Key,
    Content,
}

#[derive(Deserialize)]
struct KnownRow {
    shares: By,
    seq: u64,
    kind: EventKind,
    body_sha256: String,
    received_at_ms: i64,
    content: Option<String>,
    answer: Option<String>,
}

/// What the rows say about an event before it is stored.
pub fn known(sql: &SqlStorage, epoch: u64, event: &NewEvent) -> Result<Known> {
    // One statement for both questions: each costs more to ask than to answer.
    let query = "-- event::known
        select 'key' as shares, seq, kind, body_sha256, received_at_ms, content, answer from (
            select * from event where idempotency = ?1 order by seq desc limit 1
        )
        union all
        select 'content', seq, kind, body_sha256, received_at_ms, content, null from event
        where content = ?2";
    let bindings = vec![event.idempotency.as_deref().into(), event.content.as_deref().into()];
    Ok(known_of(epoch, sql.exec(query, bindings)?.to_array()?))
}

/// What the rows say about the events of a batch before they are stored.
pub fn known_of_batch(sql: &SqlStorage, epoch: u64, batch: &NewBatch) -> Result<Known> {
    let query = "-- event::known_of_batch
        select 'key' as shares, seq, kind, body_sha256, received_at_ms, content, answer from (
            select * from event where idempotency = ?1 order by seq desc limit 1
        )
        union all
        select 'content', seq, kind, body_sha256, received_at_ms, content, null from event
        where content in (select value from json_each(?2))";
    let contents: Vec<_> = batch
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Event(event) => event.content.as_deref(),
            Item::Refused(_) => None,
        })
        .collect();
    let contents = serde_json::to_string(&contents)?;
    let bindings = vec![batch.idempotency.as_deref().into(), contents.into()];
    Ok(known_of(epoch, sql.exec(query, bindings)?.to_array()?))
}

fn known_of(epoch: u64, rows: Vec<KnownRow>) -> Known {
    let mut known = Known::default();
    for row in rows {
        let event_id = EventId { kind: row.kind, epoch, seq: row.seq };
        let KnownRow { body_sha256, received_at_ms, content, answer, .. } = row;
        match row.shares {
            By::Key => {
                known.by_key = Some(KnownKey { event_id, body_sha256, received_at_ms, answer });
            }
            By::Content => {
                known.by_content.extend(content.map(|content| (content, event_id)));
            }
        }
    }
    known
}

/// A stored event.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// Its place.
    pub seq: u64,
    /// Rows that storing it wrote: itself and its entries in indexes.
    pub rows_written: u64,
}

/// Stores an event: the one statement that is the acceptance.
pub fn accept(
    sql: &SqlStorage,
    call: &Call,
    event: &NewEvent,
    received_at_ms: i64,
) -> Result<Accepted> {
    let query = "-- event::accept
        insert into event
            (kind, received_at_ms, key_id, signature, idempotency, body_sha256, content, body)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        returning seq";
    let bindings = vec![
        event.kind.as_str().into(),
        SqlStorageValue::try_from_i64(received_at_ms)?,
        call.key_id.as_str().into(),
        call.signature.as_deref().into(),
        event.idempotency.as_deref().into(),
        event.body_sha256.as_str().into(),
        event.content.as_deref().into(),
        event.body.as_str().into(),
    ];
    let cursor = sql.exec(query, bindings)?;
    let rows: Vec<Seq> = cursor.to_array()?;
    let seq = rows.first().and_then(|row| row.seq);
    let seq = seq.ok_or_else(|| Error::from("the insert named no row"))?;
    Ok(Accepted { seq, rows_written: cursor.rows_written() as u64 })
}

/// The new events of a batch, as they are stored.
#[derive(Serialize)]
pub struct NewRow<'a> {
    /// Its place, the next free one or one after it.
    pub seq: u64,
    /// Its kind.
    pub kind: &'a str,
    /// When it is accepted.
    pub received_at_ms: i64,
    /// What makes two events the same.
    pub content: Option<&'a str>,
    /// The event, as JSON of its own: quoted again, a large batch could outgrow what one value of
    /// the database may hold.
    pub body: &'a RawValue,
}

/// Stores the new events of a batch: the one statement that is their acceptance. The first carries
/// what belongs to the call: signature, key and answer.
pub fn accept_all(
    sql: &SqlStorage,
    call: &Call,
    batch: &NewBatch,
    rows: &[NewRow<'_>],
    answer: &str,
) -> Result<u64> {
    let query = "-- event::accept_all
        insert into event (seq, kind, received_at_ms, key_id, content, body, signature,
                           idempotency, body_sha256, answer)
        select value ->> 'seq', value ->> 'kind', value ->> 'received_at_ms', ?2,
               value ->> 'content', value -> 'body', iif(key = 0, ?3, null),
               iif(key = 0, ?4, null), iif(key = 0, ?5, ''), iif(key = 0, ?6, null)
        from json_each(?1) order by key";
    let bindings = vec![
        serde_json::to_string(rows)?.into(),
        call.key_id.as_str().into(),
        call.signature.as_deref().into(),
        batch.idempotency.as_deref().into(),
        batch.body_sha256.as_str().into(),
        batch.idempotency.as_ref().map(|_| answer).into(),
    ];
    let cursor = sql.exec(query, bindings)?;
    // Read to its end: an open cursor would hold the statement open.
    let none: Vec<Seq> = cursor.to_array()?;
    debug_assert!(none.is_empty(), "an insert without returning names no row");
    Ok(cursor.rows_written() as u64)
}

/// A row to be sent.
#[derive(Debug, Deserialize)]
pub struct Unsent {
    /// Its place.
    pub seq: u64,
    /// Its kind.
    pub kind: EventKind,
    /// When it was accepted.
    pub received_at_ms: i64,
    /// The key it was signed with.
    pub key_id: String,
    /// The event.
    pub body: String,
}

/// Rows after a place, in order, at most `rows_max`, until they reach `bytes_max`.
pub fn after(sql: &SqlStorage, seq: u64, rows_max: usize, bytes_max: usize) -> Result<Vec<Unsent>> {
    let query = "-- event::after
        select seq, kind, received_at_ms, key_id, body from event
        where seq > ?1 order by seq limit ?2";
    let cursor = sql.exec(query, vec![integer(seq)?, integer(rows_max as u64)?])?;
    let mut bytes = 0;
    let mut rows = Vec::new();
    for row in cursor.next::<Unsent>() {
        let row = row?;
        bytes += row.body.len() + FRAME_BYTES;
        if bytes > bytes_max && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    Ok(rows)
}

#[derive(Deserialize)]
struct ReceivedAt {
    received_at_ms: i64,
}

/// When an event was accepted, if it is here.
pub fn received_at_ms(sql: &SqlStorage, id: EventId) -> Result<Option<i64>> {
    let query = "-- event::received_at_ms
        select received_at_ms from event where seq = ?1 and kind = ?2";
    let bindings = vec![integer(id.seq)?, id.kind.as_str().into()];
    let row: Option<ReceivedAt> = first(sql, query, bindings)?;
    Ok(row.map(|row| row.received_at_ms))
}

/// A row that a restart counts again.
#[derive(Deserialize)]
pub struct Counted {
    /// The key whose window it is in.
    pub key_id: String,
    /// The start of its signature.
    pub signature: Option<String>,
    /// When it was accepted.
    pub received_at_ms: i64,
}

/// Rows accepted after an instant, newest first.
pub fn counted_since(sql: &SqlStorage, since_ms: i64, mut take: impl FnMut(Counted)) -> Result<()> {
    let query = "-- event::counted_since
        select key_id, signature, received_at_ms from event order by seq desc";
    for row in sql.exec(query, None)?.next::<Counted>() {
        let row = row?;
        if row.received_at_ms <= since_ms {
            break;
        }
        take(row);
    }
    Ok(())
}

/// The lowest place kept, if there is any.
pub fn lowest_seq(sql: &SqlStorage) -> Result<Option<u64>> {
    super::lowest_seq(sql, "event")
}

/// Deletes some of the oldest acknowledged rows accepted before an instant, never the highest.
pub fn prune(sql: &SqlStorage, acknowledged_seq: u64, before_ms: i64) -> Result<()> {
    prune_table(sql, "event", "received_at_ms", acknowledged_seq, before_ms)
}
