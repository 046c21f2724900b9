//! Rows of banks' answers, and what each came to.

use crate::domain::payout::bank::Outcome;
use crate::domain::payout_export::answers::AnswerRow;
use crate::store::instant;
use jiff::Timestamp;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;

/// One row to keep.
#[derive(Debug, Clone)]
pub struct NewRow<'a> {
    /// Its id.
    pub bank_row_id: Uuid,
    /// Its place in the file.
    pub line_number: i32,
    /// What it says; `None`: it could not be read.
    pub said: Option<&'a AnswerRow>,
    /// What it came to.
    pub outcome: Outcome,
}

/// The places of a file's rows that were taken in before, but for those that are judged again.
pub async fn known(
    connection: &mut PgConnection,
    file_sha256: &str,
) -> Result<HashSet<i32>, sqlx::Error> {
    let rows: Vec<i32> = sqlx::query_scalar(
        "-- known_bank_rows
         select line_number from bank_row where file_sha256 = $1 and outcome <> all($2)",
    )
    .bind(file_sha256)
    .bind(Outcome::JUDGED_AGAIN.map(Outcome::as_str))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Keeps rows; one that came to the same before, at its place, stays as it is.
pub async fn insert(
    connection: &mut PgConnection,
    file_sha256: &str,
    rows: &[NewRow<'_>],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let said = || rows.iter().map(|row| row.said);
    let done = sqlx::query(
        "-- insert_bank_rows
         insert into bank_row (file_sha256, created_at, bank_row_id, line_number, payout_id,
                               currency, amount, answer, reason, outcome)
         select $1, $2, r.*
         from unnest($3::uuid[], $4::integer[], $5::uuid[], $6::text[], $7::numeric[], $8::text[],
                     $9::text[], $10::text[]) as r
         on conflict on constraint bank_row_once do nothing",
    )
    .bind(file_sha256)
    .bind(instant::to_row(now))
    .bind(rows.iter().map(|row| row.bank_row_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.line_number).collect::<Vec<_>>())
    .bind(said().map(|row| row.map(|row| row.payout_id)).collect::<Vec<_>>())
    .bind(said().map(|row| row.map(|row| row.currency.code())).collect::<Vec<_>>())
    .bind(said().map(|row| row.map(|row| row.amount)).collect::<Vec<Option<Decimal>>>())
    .bind(said().map(|row| row.map(|row| row.answer.as_str())).collect::<Vec<_>>())
    .bind(said().map(|row| row.and_then(|row| row.reason.as_deref())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.outcome.as_str()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
