//! Accepted events: outbox, idempotency record and known orders in one table.
//!
//! An event writes three rows: itself, its idempotency key (when it has one) and its content.

use super::{FRAME_BYTES, first, integer, migrate, prune_table, stream};
use crate::gate::admit::{Known, KnownKey};
use crate::gate::hop::{Call, NewEvent};
use serde::Deserialize;
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

/// Makes or updates the tables of an intake object.
pub fn open(sql: &SqlStorage) -> Result<()> {
    migrate(sql, &[&format!("{}{EVENTS}", stream::CREATE)])
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
}

/// What the rows say about an event before it is stored.
pub fn known(sql: &SqlStorage, epoch: u64, event: &NewEvent) -> Result<Known> {
    // One statement for both questions: each costs more to ask than to answer.
    let query = "-- event::known
        select 'key' as shares, seq, kind, body_sha256, received_at_ms from (
            select seq, kind, body_sha256, received_at_ms from event
            where idempotency = ?1 order by seq desc limit 1
        )
        union all
        select 'content', seq, kind, body_sha256, received_at_ms from event where content = ?2";
    let bindings = vec![event.idempotency.as_deref().into(), event.content.as_deref().into()];
    let rows: Vec<KnownRow> = sql.exec(query, bindings)?.to_array()?;
    let mut known = Known::default();
    for row in rows {
        let event_id = EventId { kind: row.kind, epoch, seq: row.seq };
        let KnownRow { body_sha256, received_at_ms, .. } = row;
        match row.shares {
            By::Key => known.by_key = Some(KnownKey { event_id, body_sha256, received_at_ms }),
            By::Content => known.by_content = Some(event_id),
        }
    }
    Ok(known)
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
