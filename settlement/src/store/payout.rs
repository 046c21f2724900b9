//! Payouts: their rows as they stand.

pub mod bank_row;
pub mod drain;
pub mod follow;
pub mod line;
pub mod open;
pub mod prospect;
pub mod run;
pub mod sent;

use super::instant;
use crate::domain::payout::life::State;
use crate::domain::payout::plan::Draft;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::MerchantId;
use sqlx::PgConnection;
use uuid::Uuid;

/// A payout as stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PayoutRow {
    /// Its id.
    pub payout_id: Uuid,
    /// Of which run.
    pub run_id: Uuid,
    /// live or test.
    pub environment: String,
    /// The one merchant, in test.
    pub merchant_id: Option<Uuid>,
    /// Who is paid.
    pub affiliate_id: Uuid,
    /// ISO 4217.
    pub currency: String,
    /// Sum of its lines, in currency.
    pub amount: Decimal,
    /// Where it stands.
    pub state: String,
    /// Why it was cancelled, failed or returned.
    pub reason: Option<String>,
    /// The operator who asked to take it for failed.
    pub failure_asked_by: Option<Uuid>,
}

/// Inserts drafts of a run, with the ids given.
pub async fn insert(
    connection: &mut PgConnection,
    run: &run::RunRow,
    merchant: Option<MerchantId>,
    drafts: &[(Uuid, &Draft)],
    at: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_payouts
         insert into payout (run_id, environment, merchant_id, cut_off_at, created_at, state,
                             payout_id, affiliate_id, currency, amount)
         select $1, $2, $3, $4, $5, 'draft', d.*
         from unnest($6::uuid[], $7::uuid[], $8::text[], $9::numeric[]) as d",
    )
    .bind(run.run_id)
    .bind(&run.environment)
    .bind(merchant.map(|id| id.0))
    .bind(run.cut_off_at)
    .bind(instant::to_row(at))
    .bind(drafts.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(drafts.iter().map(|(_, d)| d.affiliate.0).collect::<Vec<_>>())
    .bind(drafts.iter().map(|(_, d)| d.currency.code()).collect::<Vec<_>>())
    .bind(drafts.iter().map(|(_, d)| d.amount).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Locks payouts by their ids, in their order.
pub async fn lock(
    connection: &mut PgConnection,
    payouts: &[Uuid],
) -> Result<Vec<PayoutRow>, sqlx::Error> {
    sqlx::query_as(
        "-- lock_payouts
         select payout_id, run_id, environment, merchant_id, affiliate_id, currency, amount, state,
                reason, failure_asked_by
         from payout where payout_id = any($1)
         order by payout_id
         for update",
    )
    .bind(payouts)
    .fetch_all(connection)
    .await
}

/// The payouts of a run, in their order.
pub async fn of_run(
    connection: &mut PgConnection,
    run_id: Uuid,
) -> Result<Vec<PayoutRow>, sqlx::Error> {
    sqlx::query_as(
        "-- payouts_of_run
         select payout_id, run_id, environment, merchant_id, affiliate_id, currency, amount, state,
                reason, failure_asked_by
         from payout where run_id = $1
         order by payout_id",
    )
    .bind(run_id)
    .fetch_all(connection)
    .await
}

/// One payout.
pub async fn find(
    connection: &mut PgConnection,
    payout_id: Uuid,
) -> Result<Option<PayoutRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_payout
         select payout_id, run_id, environment, merchant_id, affiliate_id, currency, amount, state,
                reason, failure_asked_by
         from payout where payout_id = $1",
    )
    .bind(payout_id)
    .fetch_optional(connection)
    .await
}

/// Marks drafts as approved; answers how many were.
pub async fn approve(
    connection: &mut PgConnection,
    payouts: &[Uuid],
    by: Option<Uuid>,
    at: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- approve_payouts
         update payout set state = 'approved', approved_at = $2, approved_by = $3
         where payout_id = any($1) and state = 'draft'",
    )
    .bind(payouts)
    .bind(instant::to_row(at))
    .bind(by)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Cancels payouts that are not sent; answers how many were. Their lines are released beside it.
pub async fn cancel(
    connection: &mut PgConnection,
    payouts: &[Uuid],
    reason: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- cancel_payouts
         update payout set state = 'cancelled', reason = $2
         where payout_id = any($1) and state in ('draft', 'approved')",
    )
    .bind(payouts)
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Notes who asked to take a payout for failed; answers the rows touched.
pub async fn ask_failure(
    connection: &mut PgConnection,
    payout_id: Uuid,
    by: Uuid,
    reason: &str,
    at: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- ask_payout_failure
         update payout set failure_asked_by = $2, failure_asked_at = $3, reason = $4
         where payout_id = $1 and state = 'processing'",
    )
    .bind(payout_id)
    .bind(by)
    .bind(instant::to_row(at))
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Moves answered payouts on, each from the one state that the answer needs; answers how many were.
pub async fn set_answered(
    connection: &mut PgConnection,
    from: State,
    to: State,
    payouts: &[(Uuid, Option<&str>)],
    at: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_payouts_answered
         update payout set state = $2, answered_at = $3, reason = coalesce(a.reason, payout.reason)
         from unnest($4::uuid[], $5::text[]) as a (payout_id, reason)
         where payout.payout_id = a.payout_id and payout.state = $1",
    )
    .bind(from.word())
    .bind(to.word())
    .bind(instant::to_row(at))
    .bind(payouts.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(payouts.iter().map(|(_, reason)| *reason).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
