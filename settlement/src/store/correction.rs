//! Corrections: asked for, decided on, and the commissions they are about.

use super::instant;
use jiff::Timestamp;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A correction as stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CorrectionRow {
    /// The request's id.
    pub correction_id: String,
    /// live or test.
    pub environment: String,
    /// Whose commission.
    pub merchant_id: Uuid,
    /// What it corrects.
    pub commission_id: String,
    /// Plus favours the affiliate; in currency.
    pub amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// Why.
    pub reason: String,
    /// merchant or network.
    pub charged_to: String,
    /// requested, approved or refused.
    pub state: String,
    /// Who asked.
    pub requested_by: Uuid,
}

/// Inserts a request; 0 when its id is known.
pub async fn insert(
    connection: &mut PgConnection,
    row: &CorrectionRow,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_correction
         insert into correction (environment, merchant_id, correction_id, commission_id, amount,
                                 currency, reason, charged_to, state, requested_by, requested_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict do nothing",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(&row.correction_id)
    .bind(&row.commission_id)
    .bind(row.amount)
    .bind(&row.currency)
    .bind(&row.reason)
    .bind(&row.charged_to)
    .bind(&row.state)
    .bind(row.requested_by)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Finds a correction by its request's id.
pub async fn find(
    connection: &mut PgConnection,
    correction_id: &str,
) -> Result<Option<CorrectionRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_correction
         select correction_id, environment, merchant_id, commission_id, amount, currency, reason,
                charged_to, state, requested_by
         from correction where correction_id = $1",
    )
    .bind(correction_id)
    .fetch_optional(connection)
    .await
}

/// Decides on a request; 0 when somebody did.
pub async fn decide(
    connection: &mut PgConnection,
    correction_id: &str,
    state: &str,
    by: Uuid,
    effective: Option<Timestamp>,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- decide_correction
         update correction set state = $2, decided_by = $3, decided_at = $4, effective_at = $5
         where correction_id = $1 and state = 'requested'",
    )
    .bind(correction_id)
    .bind(state)
    .bind(by)
    .bind(instant::to_row(now))
    .bind(effective.map(instant::to_row))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// A commission as a correction needs it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CorrectedRow {
    /// live or test.
    pub environment: String,
    /// Whose.
    pub merchant_id: Uuid,
    /// Who earns it.
    pub affiliate_id: Uuid,
    /// Where it stands.
    pub state: String,
    /// The frozen amount.
    pub amount: Decimal,
    /// What is left of it.
    pub net_amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// End of its return window.
    pub hold_until: Option<OffsetDateTime>,
    /// Corrections posted so far, summed.
    pub corrections: Decimal,
}

/// Locks the commission of a conversion, with what its corrections come to. The sum is read once
/// the lock is held, so it counts whatever the lock had to wait for.
pub async fn lock_commission(
    connection: &mut PgConnection,
    conversion_id: &str,
) -> Result<Option<CorrectedRow>, sqlx::Error> {
    sqlx::query(
        "-- lock_corrected_commission
         select from commission where conversion_id = $1 for update",
    )
    .bind(conversion_id)
    .execute(&mut *connection)
    .await?;
    sqlx::query_as(
        "-- corrected_commission
         select environment, merchant_id, affiliate_id, state, amount, net_amount, currency,
                hold_until, coalesce((
                    select sum(correction.amount) from correction
                    where correction.commission_id = commission.commission_id
                      and correction.merchant_id = commission.merchant_id
                      and correction.environment = commission.environment
                      and correction.state = 'approved'), 0) as corrections
         from commission where conversion_id = $1",
    )
    .bind(conversion_id)
    .fetch_optional(connection)
    .await
}
