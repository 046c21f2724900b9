//! Streams with unsettled events: claimed, read in order, moved on; events that wait.

use super::instant;
use crate::domain::book::{Parked, Settled};
use crate::domain::outcome::Outcome;
use shared::id::ConversionId;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A stream this transaction settles; the row lock is its lease.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StreamRow {
    /// The intake object's name.
    pub object: String,
    /// The stream.
    pub epoch: String,
    /// Everything up to here is settled.
    pub settled_seq: i64,
    /// Everything up to here is in the inbox.
    pub stored_seq: i64,
}

/// Makes this transaction find rows by their keys alone. The planner cannot know how many rows a
/// batch's arrays will meet, and its statistics are of another hour: after an outage it holds that
/// nothing waits, and would read a whole month's inbox for each of its events.
pub async fn go_by_keys(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- go_by_keys
         select set_config('enable_seqscan', 'off', true),
                set_config('enable_hashjoin', 'off', true),
                set_config('enable_mergejoin', 'off', true)",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Claims streams with unsettled events that nobody holds; this transaction's own count as held.
pub async fn claim_streams(
    connection: &mut PgConnection,
    held: &[StreamRow],
    streams_max: i64,
) -> Result<Vec<StreamRow>, sqlx::Error> {
    let objects: Vec<&str> = held.iter().map(|row| row.object.as_str()).collect();
    let epochs: Vec<&str> = held.iter().map(|row| row.epoch.as_str()).collect();
    sqlx::query_as(
        "-- claim_streams
         select cursor.object, cursor.epoch, cursor.settled_seq, stream.stored_seq
         from settle_cursor cursor
         join edge_stream stream using (object, epoch)
         where cursor.settled_seq < stream.stored_seq
           and (cursor.object, cursor.epoch) not in (select * from unnest($2::text[], $3::text[]))
         order by stream.edge_time_at, cursor.object, cursor.epoch
         limit $1
         for update of cursor skip locked",
    )
    .bind(streams_max)
    .bind(objects)
    .bind(epochs)
    .fetch_all(connection)
    .await
}

/// One event of the inbox.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct InboxRow {
    /// live or test.
    pub environment: String,
    /// Who signed it.
    pub merchant_id: Uuid,
    /// When the edge accepted it.
    pub received_at: OffsetDateTime,
    /// Its id.
    pub event_id: String,
    /// Its stream's object.
    pub object: String,
    /// Its stream.
    pub epoch: String,
    /// Its place there.
    pub seq: i64,
    /// Its kind.
    pub kind: String,
    /// Its text.
    pub body: Vec<u8>,
}

/// Reads the next events of claimed streams, of each as many as its share, in order.
pub async fn next_events(
    connection: &mut PgConnection,
    streams: &[(&StreamRow, i64)],
) -> Result<Vec<InboxRow>, sqlx::Error> {
    sqlx::query_as(
        "-- next_events
         select event.environment, event.merchant_id, event.received_at, event.event_id,
                event.object, event.epoch, event.seq, event.kind, event.body
         from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
             as stream (object, epoch, settled_seq, stored_seq, share)
         cross join lateral (
             select inbox.* from inbox
             where inbox.object = stream.object and inbox.epoch = stream.epoch
               and inbox.seq > stream.settled_seq and inbox.seq <= stream.stored_seq
             order by inbox.seq
             limit stream.share
         ) event
         order by event.object, event.epoch, event.seq",
    )
    .bind(streams.iter().map(|(row, _)| row.object.as_str()).collect::<Vec<_>>())
    .bind(streams.iter().map(|(row, _)| row.epoch.as_str()).collect::<Vec<_>>())
    .bind(streams.iter().map(|(row, _)| row.settled_seq).collect::<Vec<_>>())
    .bind(streams.iter().map(|(row, _)| row.stored_seq).collect::<Vec<_>>())
    .bind(streams.iter().map(|(_, share)| *share).collect::<Vec<_>>())
    .fetch_all(connection)
    .await
}

/// Locks an event that could not be settled; `None` when there is no such event.
pub async fn lock_failed(
    connection: &mut PgConnection,
    event_id: &str,
) -> Result<Option<InboxRow>, sqlx::Error> {
    sqlx::query_as(
        "-- lock_failed
         select environment, merchant_id, received_at, event_id, object, epoch, seq, kind, body
         from inbox where event_id = $1 and state = 'failed'
         for update",
    )
    .bind(event_id)
    .fetch_optional(connection)
    .await
}

/// Moves cursors on; a cursor never moves back.
pub async fn move_cursors(
    connection: &mut PgConnection,
    moved: &[(&str, &str, i64)],
) -> Result<u64, sqlx::Error> {
    let objects: Vec<&str> = moved.iter().map(|(object, _, _)| *object).collect();
    let epochs: Vec<&str> = moved.iter().map(|(_, epoch, _)| *epoch).collect();
    let seqs: Vec<i64> = moved.iter().map(|(_, _, seq)| *seq).collect();
    let done = sqlx::query(
        "-- move_cursors
         update settle_cursor cursor set settled_seq = moved.seq
         from unnest($1::text[], $2::text[], $3::bigint[]) as moved (object, epoch, seq)
         where cursor.object = moved.object and cursor.epoch = moved.epoch
           and cursor.settled_seq < moved.seq",
    )
    .bind(objects)
    .bind(epochs)
    .bind(seqs)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Writes outcomes; an event that is already final is never touched again. That is said in a way
/// the planner cannot weigh: by its statistics hardly any event waits, so it would begin with
/// whatever does, and in a backlog that is everything.
pub async fn write_outcomes(
    connection: &mut PgConnection,
    settled: &[(&str, Uuid, &Settled)],
    now: OffsetDateTime,
) -> Result<u64, sqlx::Error> {
    let outcome = |(_, _, row): &(&str, Uuid, &Settled)| row.outcome.clone();
    let outcomes: Vec<Outcome> = settled.iter().map(outcome).collect();
    let done = sqlx::query(
        "-- write_outcomes
         update inbox set state = o.state, code = o.code, detail = o.detail,
             conversion_id = o.conversion_id, commission_id = o.commission_id, settled_at = $9
         from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::text[], $10::text[])
             as o (environment, merchant_id, received_at, event_id, state, code, detail,
                   conversion_id, commission_id)
         where inbox.environment = o.environment and inbox.merchant_id = o.merchant_id
           and inbox.received_at = o.received_at and inbox.event_id = o.event_id
           and case when inbox.state in ('applied', 'skipped') then false else true end",
    )
    .bind(settled.iter().map(|(environment, _, _)| *environment).collect::<Vec<_>>())
    .bind(settled.iter().map(|(_, merchant, _)| *merchant).collect::<Vec<_>>())
    .bind(settled.iter().map(|(_, _, s)| instant::to_row(s.received_at)).collect::<Vec<_>>())
    .bind(settled.iter().map(|(_, _, s)| s.event_id.as_str()).collect::<Vec<_>>())
    .bind(outcomes.iter().map(|o| o.code.state()).collect::<Vec<_>>())
    .bind(outcomes.iter().map(|o| o.code.as_str()).collect::<Vec<_>>())
    .bind(outcomes.iter().map(|o| o.detail.as_str()).collect::<Vec<_>>())
    .bind(outcomes.iter().map(|o| o.conversion.map(|id| id.to_string())).collect::<Vec<_>>())
    .bind(now)
    .bind(outcomes.iter().map(commission_id).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

fn commission_id(outcome: &Outcome) -> Option<String> {
    outcome.conversion.filter(|_| outcome.has_commission).map(ConversionId::commission_id)
}

/// An event that waits, with its text.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ParkedRow {
    /// live or test.
    pub environment: String,
    /// Who signed it.
    pub merchant_id: Uuid,
    /// Its id.
    pub event_id: String,
    /// When the edge accepted it.
    pub received_at: OffsetDateTime,
    /// Its place in its stream.
    pub seq: i64,
    /// Its kind.
    pub kind: String,
    /// Its text.
    pub body: Vec<u8>,
    /// The conversion it belongs to.
    pub conversion_id: String,
    /// The link it waits for.
    pub link_number: Option<i64>,
    /// When it goes on without, in the merchant's time.
    pub expires_at: OffsetDateTime,
}

/// Events that wait for, or as, one of these conversions.
pub async fn parked_of(
    connection: &mut PgConnection,
    conversions: &super::order::Keys,
) -> Result<Vec<ParkedRow>, sqlx::Error> {
    sqlx::query_as(
        "-- parked_of
         select parked.environment, parked.merchant_id, parked.event_id, parked.received_at,
                inbox.seq, inbox.kind, inbox.body, parked.conversion_id, parked.link_number,
                parked.expires_at
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, conversion_id)
         join parked_event parked using (environment, merchant_id, conversion_id)
         join inbox on inbox.environment = parked.environment
             and inbox.merchant_id = parked.merchant_id
             and inbox.received_at = parked.received_at and inbox.event_id = parked.event_id
         order by parked.received_at, inbox.seq
         for update of parked",
    )
    .bind(&conversions.environments)
    .bind(&conversions.merchants)
    .bind(&conversions.ids)
    .fetch_all(connection)
    .await
}

/// Events whose time is over, whose link is known now, or whose payout was answered, which sets
/// their time to now; locked against other nodes. Each case goes by an index of its own.
pub async fn parked_to_resume(
    connection: &mut PgConnection,
    now: OffsetDateTime,
    events_max: i64,
) -> Result<Vec<ParkedRow>, sqlx::Error> {
    sqlx::query_as(
        "-- parked_to_resume
         with test_clock as (
             select merchant_id, sum(seconds) as ahead_seconds
             from clock_move where real_at <= $1 group by merchant_id
         ), due as (
             select environment, merchant_id, event_id from parked_event where expires_at <= $1
             union
             select waiting.environment, waiting.merchant_id, event_id
             from test_clock
             join parked_event waiting on waiting.environment = 'test'
                 and waiting.merchant_id = test_clock.merchant_id
             where expires_at <= $1 + make_interval(secs => ahead_seconds)
             union
             select waiting.environment, waiting.merchant_id, event_id
             from parked_event waiting join link using (link_number)
         )
         select parked.environment, parked.merchant_id, parked.event_id, parked.received_at,
                inbox.seq, inbox.kind, inbox.body, parked.conversion_id, parked.link_number,
                parked.expires_at
         from due
         join parked_event parked using (environment, merchant_id, event_id)
         join inbox on inbox.environment = parked.environment
             and inbox.merchant_id = parked.merchant_id
             and inbox.received_at = parked.received_at and inbox.event_id = parked.event_id
         order by parked.received_at, inbox.seq
         limit $2
         for update of parked skip locked",
    )
    .bind(now)
    .bind(events_max)
    .fetch_all(connection)
    .await
}

/// Parks events.
pub async fn park(
    connection: &mut PgConnection,
    parked: &[(&str, Uuid, &Parked)],
    now: OffsetDateTime,
) -> Result<u64, sqlx::Error> {
    let link = |row: &Parked| row.link_number.and_then(|number| i64::try_from(number).ok());
    let done = sqlx::query(
        "-- park
         insert into parked_event (environment, merchant_id, event_id, received_at, conversion_id,
             link_number, parked_at, expires_at)
         select p.environment, p.merchant_id, p.event_id, p.received_at, p.conversion_id,
             p.link_number, $8, p.expires_at
         from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[],
                     $6::bigint[], $7::timestamptz[])
             as p (environment, merchant_id, event_id, received_at, conversion_id, link_number,
                   expires_at)
         on conflict do nothing",
    )
    .bind(parked.iter().map(|(environment, _, _)| *environment).collect::<Vec<_>>())
    .bind(parked.iter().map(|(_, merchant, _)| *merchant).collect::<Vec<_>>())
    .bind(parked.iter().map(|(_, _, p)| p.record.event_id.as_str()).collect::<Vec<_>>())
    .bind(parked.iter().map(|(_, _, p)| instant::to_row(p.record.received_at)).collect::<Vec<_>>())
    .bind(parked.iter().map(|(_, _, p)| p.conversion.to_string()).collect::<Vec<_>>())
    .bind(parked.iter().map(|(_, _, p)| link(p)).collect::<Vec<_>>())
    .bind(parked.iter().map(|(_, _, p)| instant::to_row(p.expires_at)).collect::<Vec<_>>())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets parked events that went on.
pub async fn unpark(
    connection: &mut PgConnection,
    events: &[(&str, Uuid, &str)],
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- unpark
         delete from parked_event parked
         using unnest($1::text[], $2::uuid[], $3::text[]) as gone (environment, merchant_id, event_id)
         where parked.environment = gone.environment and parked.merchant_id = gone.merchant_id
           and parked.event_id = gone.event_id",
    )
    .bind(events.iter().map(|(environment, _, _)| *environment).collect::<Vec<_>>())
    .bind(events.iter().map(|(_, merchant, _)| *merchant).collect::<Vec<_>>())
    .bind(events.iter().map(|(_, _, event)| *event).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
