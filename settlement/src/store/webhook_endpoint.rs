//! Webhook endpoints of merchants.

use super::instant;
use crate::domain::webhook::endpoint::EndpointKey;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// One endpoint, without its secret, within its merchant and environment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EndpointRow {
    /// Its id.
    pub endpoint_id: Uuid,
    /// Where events go.
    pub url: String,
    /// Which types.
    pub events: Vec<String>,
    /// How bodies are written.
    pub format: String,
    /// The merchant's own note.
    pub description: Option<String>,
    /// active or paused.
    pub state: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// Since when nothing is sent.
    pub paused_at: Option<OffsetDateTime>,
    /// owner or failing.
    pub paused_because: Option<String>,
    /// Until when the secret before the latest rotation signs too.
    pub previous_secret_until: Option<OffsetDateTime>,
    /// Since when nothing arrives there.
    pub failing_since: Option<OffsetDateTime>,
    /// The number of its newest delivery.
    pub last_sequence: i64,
}

/// Inserts an endpoint with its sealed secret.
pub async fn insert(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    row: &EndpointRow,
    secret_sealed: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_webhook_endpoint
         insert into webhook_endpoint (environment, merchant_id, endpoint_id, url, events, format,
                                       description, state, secret_sealed, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(row.endpoint_id)
    .bind(&row.url)
    .bind(&row.events)
    .bind(&row.format)
    .bind(&row.description)
    .bind(&row.state)
    .bind(secret_sealed)
    .bind(row.created_at)
    .bind(row.updated_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// How many endpoints a merchant has in an environment.
pub async fn count(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "-- count_webhook_endpoints
         select count(*) from webhook_endpoint where environment = $1 and merchant_id = $2",
    )
    .bind(environment)
    .bind(merchant_id)
    .fetch_one(connection)
    .await
}

/// Writes what may change of an endpoint; answers the rows touched.
pub async fn update(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    row: &EndpointRow,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- update_webhook_endpoint
         update webhook_endpoint
         set url = $4, events = $5, description = $6, state = $7, updated_at = $8,
             paused_at = $9, paused_because = $10
         where environment = $1 and merchant_id = $2 and endpoint_id = $3",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(row.endpoint_id)
    .bind(&row.url)
    .bind(&row.events)
    .bind(&row.description)
    .bind(&row.state)
    .bind(instant::to_row(now))
    .bind(row.paused_at)
    .bind(&row.paused_because)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Gives an endpoint another secret; the one before signs too until `previous_until`, or not at
/// all. Answers the rows touched.
pub async fn rotate_secret(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    endpoint_id: Uuid,
    secret_sealed: &[u8],
    previous_until: Option<Timestamp>,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- rotate_webhook_secret
         update webhook_endpoint
         set previous_secret_sealed = case when $5::timestamptz is null then null
                                           else secret_sealed end,
             previous_secret_until = $5, secret_sealed = $4, updated_at = $6
         where environment = $1 and merchant_id = $2 and endpoint_id = $3",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(endpoint_id)
    .bind(secret_sealed)
    .bind(previous_until.map(instant::to_row))
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes an endpoint; answers the rows touched.
pub async fn delete(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    endpoint_id: Uuid,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- delete_webhook_endpoint
         delete from webhook_endpoint
         where environment = $1 and merchant_id = $2 and endpoint_id = $3",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(endpoint_id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Which endpoints of one merchant, newest first.
#[derive(Debug, Clone)]
pub struct EndpointFilter {
    /// live or test.
    pub environment: &'static str,
    /// Whose.
    pub merchant_id: Uuid,
    /// One by its id.
    pub endpoint_id: Option<Uuid>,
    /// active or paused.
    pub state: Option<String>,
    /// Those after this place in the order.
    pub after: Option<(OffsetDateTime, String)>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists endpoints, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &EndpointFilter,
) -> Result<Vec<EndpointRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_webhook_endpoints
         select endpoint_id, url, events, format, description, state, created_at, updated_at,
                paused_at, paused_because, previous_secret_until, failing_since, last_sequence
         from webhook_endpoint join webhook_lane using (environment, merchant_id, endpoint_id)
         where environment = $1 and merchant_id = $2
           and ($3::uuid is null or endpoint_id = $3)
           and ($4::text is null or state = $4)
           and ($5::timestamptz is null or created_at < $5
                or (created_at = $5 and endpoint_id::text > $6))
         order by created_at desc, endpoint_id::text
         limit $7",
    )
    .bind(filter.environment)
    .bind(filter.merchant_id)
    .bind(filter.endpoint_id)
    .bind(&filter.state)
    .bind(filter.after.as_ref().map(|(at, _)| *at))
    .bind(filter.after.as_ref().map(|(_, id)| id))
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}

/// What is told of an endpoint that was paused.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PausedRow {
    /// Where it was sent to.
    pub url: String,
    /// Whose it is; `None`: its merchant's.
    pub affiliate_id: Option<Uuid>,
}

/// Pauses an active endpoint because it fails; `None`: it is not active.
pub async fn pause_failing(
    connection: &mut PgConnection,
    key: EndpointKey,
    now: Timestamp,
) -> Result<Option<PausedRow>, sqlx::Error> {
    sqlx::query_as(
        "-- pause_failing_webhook_endpoint
         update webhook_endpoint
         set state = 'paused', paused_at = $4, paused_because = 'failing', updated_at = $4
         where environment = $1 and merchant_id = $2 and endpoint_id = $3 and state = 'active'
         returning url, affiliate_id",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(instant::to_row(now))
    .fetch_optional(connection)
    .await
}
