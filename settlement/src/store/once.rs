//! What makes a merchant's write happen once: used signatures, and first answers by their key.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

/// Whose signatures and keys these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whose {
    /// live or test.
    pub environment: &'static str,
    /// Which merchant.
    pub merchant_id: Uuid,
}

/// Notes a signature; 0 when it was noted before. Waits for another call that is noting it.
pub async fn insert_signature(
    connection: &mut PgConnection,
    whose: Whose,
    signature: &str,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_signature
         insert into used_signature (environment, merchant_id, signature, used_at)
         values ($1, $2, $3, $4)
         on conflict on constraint used_signature_pk do nothing",
    )
    .bind(whose.environment)
    .bind(whose.merchant_id)
    .bind(signature)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes what is older than an instant: signatures no clock lets pass any more.
pub async fn forget_signatures(
    connection: &mut PgConnection,
    whose: Whose,
    before: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- forget_signatures
         delete from used_signature
         where environment = $1 and merchant_id = $2 and used_at <= $3",
    )
    .bind(whose.environment)
    .bind(whose.merchant_id)
    .bind(instant::to_row(before))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a key until the transaction ends; false when another call has it.
pub async fn try_lock_key(
    connection: &mut PgConnection,
    whose: Whose,
    scoped_key: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "-- try_lock_idempotency_key
         select pg_try_advisory_xact_lock(hashtextextended($1, 0))",
    )
    .bind(format!("idempotency:{}:{}:{scoped_key}", whose.environment, whose.merchant_id))
    .fetch_one(connection)
    .await
}

/// A first answer.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RecordRow {
    /// Of the body as received, hex.
    pub body_sha256: String,
    /// HTTP status.
    pub status: i32,
    /// The answer's body under the master key.
    pub answer_sealed: Vec<u8>,
}

/// Finds the first answer under a key.
pub async fn find_record(
    connection: &mut PgConnection,
    whose: Whose,
    scoped_key: &str,
) -> Result<Option<RecordRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_idempotency_record
         select body_sha256, status, answer_sealed from idempotency_record
         where environment = $1 and merchant_id = $2 and scoped_key = $3",
    )
    .bind(whose.environment)
    .bind(whose.merchant_id)
    .bind(scoped_key)
    .fetch_optional(connection)
    .await
}

/// Inserts a first answer; the caller holds its key.
pub async fn insert_record(
    connection: &mut PgConnection,
    whose: Whose,
    scoped_key: &str,
    record: &RecordRow,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_idempotency_record
         insert into idempotency_record (environment, merchant_id, scoped_key, body_sha256, status,
                                         answer_sealed, answered_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(whose.environment)
    .bind(whose.merchant_id)
    .bind(scoped_key)
    .bind(&record.body_sha256)
    .bind(record.status)
    .bind(&record.answer_sealed)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes answers given before an instant: their keys may be used anew.
pub async fn forget_records(
    connection: &mut PgConnection,
    whose: Whose,
    before: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- forget_idempotency_records
         delete from idempotency_record
         where environment = $1 and merchant_id = $2 and answered_at <= $3",
    )
    .bind(whose.environment)
    .bind(whose.merchant_id)
    .bind(instant::to_row(before))
    .execute(connection)
    .await?;
    Ok(())
}
