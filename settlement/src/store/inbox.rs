//! The inbox as the edge fills it; settling reads it in `settling`.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// One accepted event, as it goes into its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its place in the stream.
    pub seq: i64,
    /// Its id.
    pub event_id: String,
    /// conversion, `order_status` or `clock_advance`.
    pub kind: &'static str,
    /// When the edge accepted it.
    pub received_at: Timestamp,
    /// The key that signed it.
    pub key_id: String,
    /// Its text, byte for byte as sent.
    pub body: Vec<u8>,
}

/// Whose events, and from which stream.
#[derive(Debug, Clone, Copy)]
pub struct Stream<'a> {
    /// live or test.
    pub environment: &'a str,
    /// Who signed them.
    pub merchant_id: Uuid,
    /// The object.
    pub object: &'a str,
    /// Its stream.
    pub epoch: &'a str,
}

/// Inserts the events that are not there yet; answers how many were new.
pub async fn insert(
    connection: &mut PgConnection,
    stream: Stream<'_>,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let instants: Vec<OffsetDateTime> =
        events.iter().map(|event| instant::to_row(event.received_at)).collect();
    let done = sqlx::query(
        "-- insert_inbox
         insert into inbox (environment, merchant_id, object, epoch, stored_at,
                            seq, event_id, kind, received_at, key_id, body)
         select $1, $2, $3, $4, $5, event.*
         from unnest($6::bigint[], $7::text[], $8::text[], $9::timestamptz[], $10::text[],
                     $11::bytea[]) as event
         on conflict do nothing",
    )
    .bind(stream.environment)
    .bind(stream.merchant_id)
    .bind(stream.object)
    .bind(stream.epoch)
    .bind(instant::to_row(now))
    .bind(events.iter().map(|event| event.seq).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.event_id.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.kind).collect::<Vec<_>>())
    .bind(instants)
    .bind(events.iter().map(|event| event.key_id.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.body.as_slice()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
