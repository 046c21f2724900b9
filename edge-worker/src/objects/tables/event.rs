//! Accepted events: outbox, idempotency record and known orders in one table.
//!
//! An event writes three rows: itself, its idempotency key (when it has one) and its content.

use super::{FRAME_BYTES, NONE, first, migrate, prune_table, stream};
use crate::bridge::{self, Row};
use crate::gate::admit::list::Plan;
use crate::gate::admit::{Known, KnownKey};
use crate::gate::hop::{Call, NewEvent, Origin};
use serde::Serialize;
use serde_json::value::RawValue;
use shared::id::{EventId, EventKind};
use worker::{Error, Result, SqlStorage};

/// Rows that a restart counts in one crossing.
const COUNTED_ROWS_MAX: u32 = 2_000;

const EVENTS: &str = "
    create table if not exists event (
        seq integer primary key,         -- gapless; the highest row is never deleted
        kind text not null,              -- conversion, order_status, clock_advance, webhook
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

/// The answer to a whole list as JSON, on the first of its rows, and null on the others; only when
/// it came under a key. A step ends with its last statement: a remark behind it would be one more,
/// empty one, which is an error.
const LIST_ANSWERS: &str = "
    alter table event add column answer text;
";

/// Makes or updates the tables of an intake object.
pub fn open(sql: &SqlStorage) -> Result<()> {
    migrate(sql, &[&format!("{}{EVENTS}", stream::CREATE), LIST_ANSWERS])
}

/// The highest place given out, 0 for none.
pub fn highest_seq(sql: &SqlStorage) -> Result<u64> {
    let query = "-- event::highest_seq
        select max(seq) as seq from event";
    let highest = first(sql, query, &NONE)?.map(|row| row.find_number(0)).transpose()?.flatten();
    Ok(highest.map_or(0, i64::unsigned_abs))
}

/// An event's kind as its row has it.
fn kind(row: &mut Row, place: usize) -> Result<EventKind> {
    EventKind::parse(&row.text(place)?).ok_or_else(|| Error::from("a row has a kind of its own"))
}

/// What the rows say about events of one call before they are stored.
pub fn known<'a>(
    sql: &SqlStorage,
    epoch: u64,
    origin: &Origin,
    events: impl Iterator<Item = &'a NewEvent>,
) -> Result<Known> {
    let contents: Vec<&str> = events.filter_map(|event| event.content.as_deref()).collect();
    // One statement for both questions: each costs more to ask than to answer.
    let query = "-- event::known
        select 'key' as shares, seq, kind, body_sha256, received_at_ms, content, answer from (
            select * from event where idempotency = ?1 order by seq desc limit 1
        )
        union all
        select 'content', seq, kind, body_sha256, received_at_ms, content, null from event
        where content = ?2";
    let of_list = "-- event::known
        select 'key' as shares, seq, kind, body_sha256, received_at_ms, content, answer from (
            select * from event where idempotency = ?1 order by seq desc limit 1
        )
        union all
        select 'content', seq, kind, body_sha256, received_at_ms, content, null from event
        where content in (select value from json_each(?2))";
    let key = origin.idempotency.as_deref();
    let asked = match contents[..] {
        [] => bridge::ask(sql, query, &(key, ()))?,
        [content] => bridge::ask(sql, query, &(key, content))?,
        _ => bridge::ask(sql, of_list, &(key, serde_json::to_string(&contents)?))?,
    };
    let mut known = Known::default();
    for mut row in asked.rows {
        let event_id = EventId { kind: kind(&mut row, 2)?, epoch, seq: row.count(1)? };
        if row.text(0)? == "key" {
            known.by_key = Some(KnownKey {
                event_id,
                body_sha256: row.text(3)?,
                received_at_ms: row.number(4)?,
                answer: row.find(6),
            });
        } else if let Some(content) = row.find(5) {
            known.by_content.insert(content, event_id);
        }
    }
    Ok(known)
}

/// Stores an event at a place: the one statement that is the acceptance. Answers with the rows
/// that it wrote: the event and its entries in indexes.
pub fn accept(
    sql: &SqlStorage,
    seq: u64,
    call: &Call,
    origin: &Origin,
    event: &NewEvent,
    received_at_ms: i64,
) -> Result<u64> {
    let query = "-- event::accept
        insert into event
            (seq, kind, received_at_ms, key_id, signature, idempotency, body_sha256, content, body)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let bindings = (
        seq,
        event.kind,
        received_at_ms,
        &call.key_id,
        &call.signature,
        &origin.idempotency,
        &origin.body_sha256,
        &event.content,
        event.body.get(),
    );
    Ok(bridge::ask(sql, query, &bindings)?.rows_written)
}

/// An event of a list, as the statement takes it: its body as JSON, whose text would be half as
/// long again inside a string.
#[derive(Serialize)]
struct Listed<'a>(EventKind, i64, Option<&'a str>, &'a RawValue);

/// Stores a list of events from a place on: the one statement that is its acceptance. The call's
/// signature and key stand on the first row alone. Answers with the rows that it wrote.
pub fn accept_all(
    sql: &SqlStorage,
    first_seq: u64,
    call: &Call,
    origin: &Origin,
    plan: &Plan<'_>,
) -> Result<u64> {
    let query = "-- event::accept_all
        insert into event
            (seq, kind, received_at_ms, key_id, signature, idempotency, body_sha256, content, body,
            answer)
        select ?1 + key, value ->> 0, value ->> 1, ?2, iif(key = 0, ?3, null),
            iif(key = 0, ?4, null), ?5, value ->> 2, value -> 3, iif(key = 0, ?6, null)
        from json_each(?7)";
    let listed = plan.events.iter().map(|planned| {
        let event = planned.event;
        Listed(event.kind, planned.received_at_ms, event.content.as_deref(), &event.body)
    });
    let listed: Vec<Listed<'_>> = listed.collect();
    let answer = origin.idempotency.as_ref().map(|_| &plan.answer);
    let bindings = (
        first_seq,
        &call.key_id,
        &call.signature,
        &origin.idempotency,
        &origin.body_sha256,
        answer,
        serde_json::to_string(&listed)?,
    );
    Ok(bridge::ask(sql, query, &bindings)?.rows_written)
}

/// A row to be sent.
#[derive(Debug)]
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
    let characters_max = u32::try_from(bytes_max).unwrap_or(u32::MAX);
    let asked = bridge::ask_up_to(sql, query, &(seq, rows_max), characters_max)?;
    let mut bytes = 0;
    let mut rows = Vec::new();
    for mut row in asked.rows {
        let (seq, received_at_ms) = (row.count(0)?, row.number(2)?);
        let (key_id, body) = (row.text(3)?, row.text(4)?);
        let row = Unsent { seq, kind: kind(&mut row, 1)?, received_at_ms, key_id, body };
        bytes += row.body.len() + FRAME_BYTES;
        if bytes > bytes_max && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    Ok(rows)
}

/// When an event was accepted, if it is here.
pub fn received_at_ms(sql: &SqlStorage, id: EventId) -> Result<Option<i64>> {
    let query = "-- event::received_at_ms
        select received_at_ms from event where seq = ?1 and kind = ?2";
    first(sql, query, &(id.seq, id.kind))?.map(|row| row.number(0)).transpose()
}

/// A row that a restart counts again.
pub struct Counted {
    /// The key whose window it is in.
    pub key_id: String,
    /// The start of its signature.
    pub signature: Option<String>,
    /// When it was accepted.
    pub received_at_ms: i64,
}

/// Rows accepted after an instant, newest first. They may be very many, so they cross by pages.
pub fn counted_since(sql: &SqlStorage, since_ms: i64, mut take: impl FnMut(Counted)) -> Result<()> {
    let query = "-- event::counted_since
        select seq, key_id, signature, received_at_ms from event
        where seq < ?1 order by seq desc limit ?2";
    let mut before_seq = highest_seq(sql)? + 1;
    loop {
        let asked = bridge::ask(sql, query, &(before_seq, COUNTED_ROWS_MAX))?;
        if asked.rows.is_empty() {
            return Ok(());
        }
        for mut row in asked.rows {
            let received_at_ms = row.number(3)?;
            if received_at_ms <= since_ms {
                return Ok(());
            }
            before_seq = row.count(0)?;
            take(Counted { key_id: row.text(1)?, signature: row.find(2), received_at_ms });
        }
    }
}

/// The lowest place kept, if there is any.
pub fn lowest_seq(sql: &SqlStorage) -> Result<Option<u64>> {
    super::lowest_seq(sql, "event")
}

/// Deletes some of the oldest acknowledged rows accepted before an instant, never the highest.
pub fn prune(sql: &SqlStorage, acknowledged_seq: u64, before_ms: i64) -> Result<()> {
    prune_table(sql, "event", "received_at_ms", acknowledged_seq, before_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_ends_with_a_remark() {
        for step in [stream::CREATE, EVENTS, LIST_ANSWERS] {
            let (_, rest) = step.rsplit_once(';').expect("a step has a statement");
            assert_eq!(rest.trim(), "", "{step}");
        }
    }
}
