//! What an endpoint's owner asks of its lane: a ping, one delivery again, or all that did not
//! arrive.

use super::instant;
use crate::domain::webhook::endpoint::EndpointKey;
use crate::domain::webhook::told::Written;
use jiff::Timestamp;
use sqlx::PgConnection;

/// Takes a lane until the transaction ends, and answers the number of its newest delivery; `None`
/// when there is no such endpoint. Whoever numbers deliveries waits here; who only owes the
/// endpoint a group does not.
pub async fn lock_lane(
    connection: &mut PgConnection,
    key: &EndpointKey,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "-- lock_webhook_lane
         select last_sequence from webhook_lane
         where environment = $1 and merchant_id = $2 and endpoint_id = $3
         for no key update",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .fetch_optional(connection)
    .await
}

/// Inserts deliveries that are due now, numbered under the lane's lock; answers how many.
pub async fn insert(
    connection: &mut PgConnection,
    key: &EndpointKey,
    written: &[Written],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_asked_webhook_deliveries
         insert into webhook_delivery (environment, merchant_id, endpoint_id, sequence, position,
                                       message_id, type, body, state, next_attempt_at, created_at)
         select $1, $2, $3, new.sequence, new.position, new.message_id, new.type, new.body,
                'pending', $9, $9
         from unnest($4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[])
             as new (sequence, position, message_id, type, body)",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(written.iter().map(|one| one.sequence).collect::<Vec<_>>())
    .bind(written.iter().map(|one| one.position).collect::<Vec<_>>())
    .bind(written.iter().map(|one| one.message_id.as_str()).collect::<Vec<_>>())
    .bind(written.iter().map(|one| one.kind.as_str()).collect::<Vec<_>>())
    .bind(written.iter().map(|one| one.body.as_str()).collect::<Vec<_>>())
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Notes the lane's newest number, and that it has something to send now; answers the rows
/// touched.
pub async fn wake(
    connection: &mut PgConnection,
    key: &EndpointKey,
    last_sequence: i64,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- wake_webhook_lane
         update webhook_lane
         set last_sequence = greatest(last_sequence, $4), due_at = least(due_at, $5)
         where environment = $1 and merchant_id = $2 and endpoint_id = $3",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(last_sequence)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Puts a delivery back on its schedule, due now, whatever its state; answers the rows touched.
pub async fn resend(
    connection: &mut PgConnection,
    key: &EndpointKey,
    sequence: i64,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- resend_webhook_delivery
         update webhook_delivery
         set state = 'pending', tries = 0, next_attempt_at = $6, ended_at = null
         where environment = $1 and merchant_id = $2 and endpoint_id = $3 and sequence = $4
           and created_at >= $5",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(sequence)
    .bind(instant::to_row(since))
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deliveries put back on their schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct RevivedRow {
    /// Those that had been given up.
    pub dead: i64,
    /// Those that waited for a later try.
    pub pending: i64,
}

/// Makes due now what was numbered since an instant and is dead or waits, oldest first and so
/// many at most. Pings stay as they are: they are no news.
pub async fn revive(
    connection: &mut PgConnection,
    key: &EndpointKey,
    since: Timestamp,
    deliveries_max: i64,
    now: Timestamp,
) -> Result<RevivedRow, sqlx::Error> {
    sqlx::query_as(
        "-- revive_webhook_deliveries
         with late as (
             select sequence, created_at, state from webhook_delivery
             where environment = $1 and merchant_id = $2 and endpoint_id = $3
               and created_at >= $4 and position is not null
               and (state = 'dead' or state = 'pending' and next_attempt_at > $6)
             order by sequence limit $5
         ), revived as (
             update webhook_delivery delivery
             set state = 'pending', tries = 0, next_attempt_at = $6, ended_at = null
             from late
             where delivery.environment = $1 and delivery.merchant_id = $2
               and delivery.endpoint_id = $3 and delivery.sequence = late.sequence
               and delivery.created_at = late.created_at
             returning late.state
         )
         select count(*) filter (where state = 'dead') as dead,
                count(*) filter (where state = 'pending') as pending
         from revived",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(instant::to_row(since))
    .bind(deliveries_max)
    .bind(instant::to_row(now))
    .fetch_one(connection)
    .await
}

/// Begins a lane anew, as if nothing had failed: what waits on it is due now. Answers how many
/// deliveries that are.
pub async fn begin_anew(
    connection: &mut PgConnection,
    key: &EndpointKey,
    since: Timestamp,
    now: Timestamp,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "-- begin_webhook_lane_anew
         with lane as (
             update webhook_lane
             set due_at = $5, failures_in_row = 0, failing_since = null
             where environment = $1 and merchant_id = $2 and endpoint_id = $3
         ), hastened as (
             update webhook_delivery set next_attempt_at = $5
             where environment = $1 and merchant_id = $2 and endpoint_id = $3
               and created_at >= $4 and state = 'pending' and next_attempt_at > $5
             returning sequence
         )
         select count(*) from hastened",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(instant::to_row(since))
    .bind(instant::to_row(now))
    .fetch_one(connection)
    .await
}
