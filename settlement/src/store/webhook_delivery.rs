//! Deliveries: numbered with their bodies, found when they are due, ended.

use super::instant;
use super::webhook_lane::{Keys, key};
use crate::domain::webhook::endpoint::EndpointKey;
use crate::domain::webhook::told::Written;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// Inserts deliveries, due at once. The lanes of their endpoints are locked, and the month's
/// partition is there.
pub async fn insert(
    connection: &mut PgConnection,
    written: &[(EndpointKey, Written)],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let keys = Keys::of(written.iter().map(|(key, _)| *key));
    let done = sqlx::query(
        "-- insert_webhook_deliveries
         insert into webhook_delivery (environment, merchant_id, endpoint_id, sequence, position,
             message_id, type, body, state, next_attempt_at, created_at)
         select environment, merchant_id, endpoint_id, sequence, position, message_id, type, body,
                'pending', $9, $9
         from unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[],
                     $7::text[], $8::text[])
             as written (environment, merchant_id, endpoint_id, sequence, position, message_id,
                         type, body)",
    )
    .bind(keys.environments)
    .bind(keys.merchants)
    .bind(keys.endpoints)
    .bind(written.iter().map(|(_, row)| row.sequence).collect::<Vec<_>>())
    .bind(written.iter().map(|(_, row)| row.position).collect::<Vec<_>>())
    .bind(written.iter().map(|(_, row)| row.message_id.as_str()).collect::<Vec<_>>())
    .bind(written.iter().map(|(_, row)| row.kind.as_str()).collect::<Vec<_>>())
    .bind(written.iter().map(|(_, row)| row.body.as_str()).collect::<Vec<_>>())
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// A delivery whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// On which endpoint.
    pub key: EndpointKey,
    /// Its number there.
    pub sequence: i64,
    /// When it was numbered; part of its key.
    pub created_at: OffsetDateTime,
    /// `webhook-id`.
    pub message_id: String,
    /// What is sent.
    pub body: String,
    /// How often it was tried in all.
    pub attempts: i32,
    /// How often since it was last put on its schedule.
    pub tries: i32,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    environment: String,
    merchant_id: Uuid,
    endpoint_id: Uuid,
    sequence: i64,
    created_at: OffsetDateTime,
    message_id: String,
    body: String,
    attempts: i32,
    tries: i32,
}

/// What is due on these endpoints, so many of each at most: the longest due first, then by number.
pub async fn due(
    connection: &mut PgConnection,
    keys: Keys,
    per_lane_max: i64,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Due>, sqlx::Error> {
    let rows: Vec<DueRow> = sqlx::query_as(
        "-- due_webhook_deliveries
         select due.* from unnest($1::text[], $2::uuid[], $3::uuid[])
             as lane (environment, merchant_id, endpoint_id)
         cross join lateral (
             select delivery.environment, delivery.merchant_id, delivery.endpoint_id, sequence,
                    created_at, message_id, body, attempts, tries
             from webhook_delivery delivery
             where delivery.environment = lane.environment
               and delivery.merchant_id = lane.merchant_id
               and delivery.endpoint_id = lane.endpoint_id
               and state = 'pending' and next_attempt_at <= $5 and created_at >= $6
             order by next_attempt_at, sequence
             limit $4
         ) as due",
    )
    .bind(keys.environments)
    .bind(keys.merchants)
    .bind(keys.endpoints)
    .bind(per_lane_max)
    .bind(instant::to_row(now))
    .bind(instant::to_row(since))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: DueRow) -> Result<Due, sqlx::Error> {
    Ok(Due {
        key: key(&row.environment, row.merchant_id, row.endpoint_id)?,
        sequence: row.sequence,
        created_at: row.created_at,
        message_id: row.message_id,
        body: row.body,
        attempts: row.attempts,
        tries: row.tries,
    })
}

/// What an attempt made of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// On which endpoint.
    pub key: EndpointKey,
    /// Its number there.
    pub sequence: i64,
    /// When it was numbered; part of its key.
    pub created_at: OffsetDateTime,
    /// Which attempt of it, from 1.
    pub attempt: i32,
    /// How many tries it had when the attempt began. It has others now: it was put back on its
    /// schedule meanwhile.
    pub tries: i32,
    /// pending, delivered or dead.
    pub state: &'static str,
    /// When it is tried again, while it is pending.
    pub next_attempt_at: Option<Timestamp>,
    /// When it ended, once it has.
    pub ended_at: Option<Timestamp>,
}

/// Writes what attempts made of pending deliveries; answers the endpoint of each row touched. One
/// that failed makes nothing of a delivery that was put back on its schedule meanwhile: it is
/// counted alone.
pub async fn end_attempts(
    connection: &mut PgConnection,
    tried: &[Tried],
) -> Result<Vec<Uuid>, sqlx::Error> {
    let keys = Keys::of(tried.iter().map(|row| row.key));
    let instants = |of: fn(&Tried) -> Option<Timestamp>| -> Vec<Option<OffsetDateTime>> {
        tried.iter().map(|row| of(row).map(instant::to_row)).collect()
    };
    sqlx::query_scalar(
        "-- end_webhook_attempts
         update webhook_delivery delivery
         set attempts = tried.attempt,
             state = case when delivery.tries = tried.tries or tried.state = 'delivered'
                          then tried.state else delivery.state end,
             tries = case when delivery.tries = tried.tries or tried.state = 'delivered'
                          then delivery.tries + 1 else delivery.tries end,
             next_attempt_at = case when delivery.tries = tried.tries or tried.state = 'delivered'
                                    then tried.next_attempt_at else delivery.next_attempt_at end,
             ended_at = case when delivery.tries = tried.tries or tried.state = 'delivered'
                             then tried.ended_at else delivery.ended_at end
         from unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[],
                     $6::int[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::int[])
             as tried (environment, merchant_id, endpoint_id, sequence, created_at, attempt,
                       state, next_attempt_at, ended_at, tries)
         where delivery.environment = tried.environment
           and delivery.merchant_id = tried.merchant_id
           and delivery.endpoint_id = tried.endpoint_id and delivery.sequence = tried.sequence
           and delivery.created_at = tried.created_at and delivery.state = 'pending'
         returning delivery.endpoint_id",
    )
    .bind(keys.environments)
    .bind(keys.merchants)
    .bind(keys.endpoints)
    .bind(tried.iter().map(|row| row.sequence).collect::<Vec<_>>())
    .bind(tried.iter().map(|row| row.created_at).collect::<Vec<_>>())
    .bind(tried.iter().map(|row| row.attempt).collect::<Vec<_>>())
    .bind(tried.iter().map(|row| row.state).collect::<Vec<_>>())
    .bind(instants(|row| row.next_attempt_at))
    .bind(instants(|row| row.ended_at))
    .bind(tried.iter().map(|row| row.tries).collect::<Vec<_>>())
    .fetch_all(connection)
    .await
}
