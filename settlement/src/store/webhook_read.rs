//! Deliveries and attempts as their owners read them.

use super::instant;
use crate::domain::webhook::endpoint::EndpointKey;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeliveryRow {
    /// Its number on the endpoint.
    pub sequence: i64,
    /// `webhook-id`.
    pub message_id: String,
    /// Type of its notice.
    #[sqlx(rename = "type")]
    pub kind: String,
    /// What is sent, byte for byte.
    pub body: String,
    /// pending, delivered or dead.
    pub state: String,
    /// How often it was tried in all.
    pub attempts: i32,
    /// When it is tried next; `None` once it ended.
    pub next_attempt_at: Option<OffsetDateTime>,
    /// When it was numbered.
    pub created_at: OffsetDateTime,
    /// When it arrived or was given up.
    pub ended_at: Option<OffsetDateTime>,
}

/// Which deliveries of an endpoint, newest first.
#[derive(Debug, Clone)]
pub struct DeliveryFilter {
    /// Whose.
    pub key: EndpointKey,
    /// One by its number.
    pub sequence: Option<i64>,
    /// In one state.
    pub state: Option<String>,
    /// Of one type.
    pub kind: Option<String>,
    /// Numbered then or later.
    pub since: Timestamp,
    /// Numbered before.
    pub until: Option<Timestamp>,
    /// Those below this number.
    pub below: Option<i64>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists deliveries, newest first.
pub async fn deliveries(
    connection: &mut PgConnection,
    filter: &DeliveryFilter,
) -> Result<Vec<DeliveryRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_webhook_deliveries
         select sequence, message_id, type, body, state, attempts, next_attempt_at, created_at,
                ended_at
         from webhook_delivery
         where environment = $1 and merchant_id = $2 and endpoint_id = $3
           and ($4::bigint is null or sequence = $4)
           and ($5::text is null or state = $5)
           and ($6::text is null or type = $6)
           and created_at >= $7
           and ($8::timestamptz is null or created_at < $8)
           and ($9::bigint is null or sequence < $9)
         order by sequence desc
         limit $10",
    )
    .bind(filter.key.environment.as_str())
    .bind(filter.key.merchant.0)
    .bind(filter.key.endpoint)
    .bind(filter.sequence)
    .bind(&filter.state)
    .bind(&filter.kind)
    .bind(instant::to_row(filter.since))
    .bind(filter.until.map(instant::to_row))
    .bind(filter.below)
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AttemptRow {
    /// Which delivery.
    pub sequence: i64,
    /// Which attempt of it, from 1.
    pub attempt: i32,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// In milliseconds.
    pub duration_ms: i32,
    /// HTTP status; `None`: none came.
    pub status: Option<i32>,
    /// Why it failed where a status alone does not say it.
    pub fault: Option<String>,
    /// The first bytes of the answer; `None`: none came.
    pub answer: Option<Vec<u8>>,
}

/// Which attempts of an endpoint, newest first.
#[derive(Debug, Clone)]
pub struct AttemptFilter {
    /// Whose.
    pub key: EndpointKey,
    /// Of one delivery.
    pub sequence: Option<i64>,
    /// Begun then or later.
    pub since: Timestamp,
    /// Those after this place in the order: begin, delivery, attempt.
    pub after: Option<(OffsetDateTime, i64, i32)>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists attempts, newest first.
pub async fn attempts(
    connection: &mut PgConnection,
    filter: &AttemptFilter,
) -> Result<Vec<AttemptRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_webhook_attempts
         select sequence, attempt, started_at, duration_ms, status, fault, answer
         from webhook_attempt
         where environment = $1 and merchant_id = $2 and endpoint_id = $3
           and ($4::bigint is null or sequence = $4)
           and started_at >= $5
           and ($6::timestamptz is null or started_at <= $6)
           and ($6::timestamptz is null or (started_at, sequence, attempt) < ($6, $7, $8))
         order by started_at desc, sequence desc, attempt desc
         limit $9",
    )
    .bind(filter.key.environment.as_str())
    .bind(filter.key.merchant.0)
    .bind(filter.key.endpoint)
    .bind(filter.sequence)
    .bind(instant::to_row(filter.since))
    .bind(filter.after.map(|(at, ..)| at))
    .bind(filter.after.map(|(_, sequence, _)| sequence))
    .bind(filter.after.map(|(.., attempt)| attempt))
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}
