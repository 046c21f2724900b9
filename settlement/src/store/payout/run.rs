//! Runs of payouts.

use crate::store::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A run as stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RunRow {
    /// Its id.
    pub run_id: Uuid,
    /// live or test.
    pub environment: String,
    /// Whose, in test.
    pub merchant_id: Option<Uuid>,
    /// Up to when lines count.
    pub cut_off_at: OffsetDateTime,
    /// The schedule's instant it was made for.
    pub scheduled_at: Option<OffsetDateTime>,
    /// open or sent.
    pub state: String,
    /// Merchants that were left out, with why.
    pub left_out: serde_json::Value,
    /// Which operator's account made it.
    pub created_by: Option<Uuid>,
}

/// Takes the right to make runs of an environment, or of a test merchant, until the transaction
/// ends; false when another one has it.
pub async fn try_lock(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Option<Uuid>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "-- try_lock_payout_runs
         select pg_try_advisory_xact_lock(hashtextextended($1, 0))",
    )
    .bind(format!("payout_run:{environment}:{}", merchant_id.unwrap_or_default()))
    .fetch_one(connection)
    .await
}

/// Inserts an open run; 0 when its instant of the schedule has one already.
pub async fn insert(
    connection: &mut PgConnection,
    row: &RunRow,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_payout_run
         insert into payout_run (run_id, environment, merchant_id, cut_off_at, scheduled_at, state,
                                 left_out, created_by, created_at)
         values ($1, $2, $3, $4, $5, 'open', $6, $7, $8)
         on conflict do nothing",
    )
    .bind(row.run_id)
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(row.cut_off_at)
    .bind(row.scheduled_at)
    .bind(&row.left_out)
    .bind(row.created_by)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Whether there is such a run.
pub async fn exists(connection: &mut PgConnection, run_id: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "-- payout_run_exists
         select exists (select from payout_run where run_id = $1)",
    )
    .bind(run_id)
    .fetch_one(connection)
    .await
}

/// Locks a run.
pub async fn lock(
    connection: &mut PgConnection,
    run_id: Uuid,
) -> Result<Option<RunRow>, sqlx::Error> {
    sqlx::query_as(
        "-- lock_payout_run
         select run_id, environment, merchant_id, cut_off_at, scheduled_at, state, left_out,
                created_by
         from payout_run where run_id = $1
         for update",
    )
    .bind(run_id)
    .fetch_optional(connection)
    .await
}

/// Closes an open run: its payouts are sent. Answers the rows touched.
pub async fn set_sent(
    connection: &mut PgConnection,
    run_id: Uuid,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_payout_run_sent
         update payout_run set state = 'sent', sent_at = $2 where run_id = $1 and state = 'open'",
    )
    .bind(run_id)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Gives payouts to another run; answers how many there were.
pub async fn move_payouts(
    connection: &mut PgConnection,
    payouts: &[Uuid],
    to_run: Uuid,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- move_payouts
         update payout set run_id = $2
         where payout_id = any($1) and state in ('draft', 'approved')",
    )
    .bind(payouts)
    .bind(to_run)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// The newest runs, with how many payouts each has and how many were sent.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ListedRunRow {
    /// Its id.
    pub run_id: Uuid,
    /// live or test.
    pub environment: String,
    /// Up to when lines count.
    pub cut_off_at: OffsetDateTime,
    /// open or sent.
    pub state: String,
    /// Merchants that were left out, with why.
    pub left_out: serde_json::Value,
    /// Its payouts.
    pub payouts: i64,
}

/// Lists the newest runs.
pub async fn list(
    connection: &mut PgConnection,
    runs_max: i64,
) -> Result<Vec<ListedRunRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_payout_runs
         select run_id, environment, cut_off_at, state, left_out,
                (select count(*) from payout where payout.run_id = payout_run.run_id) as payouts
         from payout_run
         order by created_at desc, run_id
         limit $1",
    )
    .bind(runs_max)
    .fetch_all(connection)
    .await
}

/// The newest instant of the schedule that has a run; `None`: there is none yet.
pub async fn last_scheduled(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Option<Uuid>,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar(
        "-- last_scheduled_payout_run
         select max(scheduled_at) from payout_run
         where environment = $1
           and coalesce(merchant_id, '00000000-0000-0000-0000-000000000000') = coalesce($2, '00000000-0000-0000-0000-000000000000')
           and scheduled_at is not null",
    )
    .bind(environment)
    .bind(merchant_id)
    .fetch_one(connection)
    .await
}
