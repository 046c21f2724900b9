//! A run's files: the payouts they are made of, and their bytes, written once.

use super::instant;
use jiff::Timestamp;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A payout that is sent, with the method frozen at its approval. It has no `Debug`.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SentPayoutRow {
    /// Its id.
    pub payout_id: Uuid,
    /// Who is paid.
    pub affiliate_id: Uuid,
    /// Their name.
    pub affiliate: String,
    /// ISO 4217.
    pub currency: String,
    /// In `currency`.
    pub amount: Decimal,
    /// Up to when its lines count.
    pub cut_off_at: OffsetDateTime,
    /// The method's version; `None`: none was frozen.
    pub method_version_id: Option<Uuid>,
    /// That version's fields, sealed; `None`: none was frozen.
    pub details_sealed: Option<Vec<u8>>,
}

/// The live payouts of a run that are processing, in order of their ids.
pub async fn sent_payouts(
    connection: &mut PgConnection,
    run_id: Uuid,
) -> Result<Vec<SentPayoutRow>, sqlx::Error> {
    sqlx::query_as(
        "-- payouts_of_a_file
         select payout.payout_id, payout.affiliate_id, affiliate.name as affiliate,
                payout.currency, payout.amount, payout.cut_off_at, payout.method_version_id,
                payout_method.details_sealed
         from payout
         join affiliate using (affiliate_id)
         left join payout_method on payout_method.method_version_id = payout.method_version_id
         where payout.run_id = $1 and payout.environment = 'live' and payout.state = 'processing'
         order by payout.payout_id",
    )
    .bind(run_id)
    .fetch_all(connection)
    .await
}

/// A run's file.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PayoutFileRow {
    /// The file.
    pub bytes: Vec<u8>,
    /// Of the bytes, hex.
    pub sha256: String,
    /// When it was written.
    pub created_at: OffsetDateTime,
}

/// Keeps a file; a second one of the same run and format breaks `payout_file_pk`.
pub async fn insert(
    connection: &mut PgConnection,
    run_id: Uuid,
    format: &str,
    bytes: &[u8],
    sha256: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_payout_file
         insert into payout_file (run_id, environment, format, bytes, sha256, created_at)
         values ($1, 'live', $2, $3, $4, $5)",
    )
    .bind(run_id)
    .bind(format)
    .bind(bytes)
    .bind(sha256)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds a run's file.
pub async fn find(
    connection: &mut PgConnection,
    run_id: Uuid,
    format: &str,
) -> Result<Option<PayoutFileRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_payout_file
         select bytes, sha256, created_at from payout_file where run_id = $1 and format = $2",
    )
    .bind(run_id)
    .bind(format)
    .fetch_optional(connection)
    .await
}
