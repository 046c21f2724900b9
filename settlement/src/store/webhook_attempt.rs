//! Attempts to deliver: one row each, written once.

use super::instant;
use super::webhook_lane::Keys;
use crate::domain::webhook::endpoint::EndpointKey;
use jiff::Timestamp;
use sqlx::PgConnection;

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// On which endpoint.
    pub key: EndpointKey,
    /// Which delivery.
    pub sequence: i64,
    /// Which attempt of it, from 1.
    pub number: i32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: i32,
    /// HTTP status; `None`: none came.
    pub status: Option<i32>,
    /// Why it failed where a status does not say it.
    pub fault: Option<&'static str>,
    /// The first bytes of the answer; `None`: none came.
    pub answer: Option<&'a [u8]>,
}

/// Inserts attempts. The months' partitions are there.
pub async fn insert(
    connection: &mut PgConnection,
    attempts: &[Attempt<'_>],
) -> Result<u64, sqlx::Error> {
    let keys = Keys::of(attempts.iter().map(|row| row.key));
    let done = sqlx::query(
        "-- insert_webhook_attempts
         insert into webhook_attempt (environment, merchant_id, endpoint_id, sequence, attempt,
             started_at, duration_ms, status, fault, answer)
         select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[], $5::int[],
             $6::timestamptz[], $7::int[], $8::int[], $9::text[], $10::bytea[])",
    )
    .bind(keys.environments)
    .bind(keys.merchants)
    .bind(keys.endpoints)
    .bind(attempts.iter().map(|row| row.sequence).collect::<Vec<_>>())
    .bind(attempts.iter().map(|row| row.number).collect::<Vec<_>>())
    .bind(attempts.iter().map(|row| instant::to_row(row.started_at)).collect::<Vec<_>>())
    .bind(attempts.iter().map(|row| row.duration_ms).collect::<Vec<_>>())
    .bind(attempts.iter().map(|row| row.status).collect::<Vec<_>>())
    .bind(attempts.iter().map(|row| row.fault).collect::<Vec<_>>())
    .bind(attempts.iter().map(|row| row.answer).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
