//! Deliveries put back on their schedule, because an endpoint's owner asks for it: one, or all that
//! did not arrive. Whoever does so holds the lane.

use super::instant;
use crate::domain::webhook::endpoint::EndpointKey;
use jiff::Timestamp;
use sqlx::PgConnection;

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

/// Ends a lane's rest: who asks for something wants to see it tried now, though all before it
/// failed. How often it failed is not forgotten: the next attempt is a probe. Answers the rows
/// touched.
pub async fn end_rest(
    connection: &mut PgConnection,
    key: &EndpointKey,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- end_rest_of_webhook_lane
         update webhook_lane set rests_until = null
         where environment = $1 and merchant_id = $2 and endpoint_id = $3",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
