//! Commissions in payouts that are sent or answered: locked, moved, told of, in sets.

use crate::store::instant;
use jiff::Timestamp;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A commission in a payout, as its notice tells it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CarriedRow {
    /// In which payout.
    pub payout_id: Uuid,
    /// Whose books.
    pub merchant_id: Uuid,
    /// com_….
    pub commission_id: String,
    /// cnv_….
    pub conversion_id: String,
    /// The frozen amount.
    pub amount: Decimal,
    /// What is left of it.
    pub net_amount: Decimal,
    /// Why it was reduced.
    pub reason: Option<String>,
    /// End of its return window.
    pub hold_until: Option<OffsetDateTime>,
}

/// Locks the commissions of payouts, in the order of their conversions, as everyone who changes
/// commissions does. Whoever locks payouts too does it after this.
pub async fn lock_commissions(
    connection: &mut PgConnection,
    payouts: &[Uuid],
) -> Result<Vec<CarriedRow>, sqlx::Error> {
    sqlx::query_as(
        "-- lock_commissions_of_payouts
         select line.payout_id, commission.merchant_id, commission.commission_id, conversion_id,
                commission.amount, net_amount, reason, hold_until
         from payout_line line
         join commission on commission.environment = line.environment
             and commission.merchant_id = line.merchant_id
             and commission.commission_id = line.subject
         where line.payout_id = any($1) and line.kind = 'commission'
         order by conversion_id
         for update of commission",
    )
    .bind(payouts)
    .fetch_all(connection)
    .await
}

/// The payouts, and in them the merchants, of whose orders something waits that was reported while
/// they were in flight before.
pub async fn with_parked(
    connection: &mut PgConnection,
    payouts: &[Uuid],
) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    sqlx::query_as(
        "-- payouts_with_parked
         select distinct line.payout_id, line.merchant_id
         from parked_event parked
         join payout_line line on line.kind = 'commission'
             and line.subject = 'com_' || substr(parked.conversion_id, 5)
             and line.merchant_id = parked.merchant_id and line.environment = parked.environment
         where line.payout_id = any($1)",
    )
    .bind(payouts)
    .fetch_all(connection)
    .await
}

/// Marks the commissions of payouts as in flight; answers how many were payable, free, and of the
/// amount that their line has. The state is asked for in a way the planner cannot use: the index of
/// payable commissions would look as good to it as the primary key, and be read for each line.
pub async fn set_in_flight(
    connection: &mut PgConnection,
    payouts: &[Uuid],
    at: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_commissions_in_flight
         update commission set in_flight = true, updated_at = greatest(updated_at, $2)
         from payout_line line
         where line.payout_id = any($1) and line.kind = 'commission'
           and commission.environment = line.environment
           and commission.merchant_id = line.merchant_id
           and commission.commission_id = line.subject
           and case when commission.state = 'payable' and not commission.in_flight
               then commission.net_amount = line.amount else false end",
    )
    .bind(payouts)
    .bind(instant::to_row(at))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Marks payouts as sent; answers how many were approved.
pub async fn set_processing(
    connection: &mut PgConnection,
    payouts: &[Uuid],
    at: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_payouts_processing
         update payout set state = 'processing', processing_at = $2
         where payout_id = any($1) and state = 'approved'",
    )
    .bind(payouts)
    .bind(instant::to_row(at))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// What becomes of the commissions in flight of an answered payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// They are paid.
    Paid,
    /// They are payable and free again.
    Free,
}

/// Ends the flight of the commissions of payouts; answers how many were in flight. The state is
/// asked for as above, and for the same reason.
pub async fn land(
    connection: &mut PgConnection,
    payouts: &[Uuid],
    landing: Landing,
    at: Timestamp,
) -> Result<u64, sqlx::Error> {
    let state = match landing {
        Landing::Paid => "paid",
        Landing::Free => "payable",
    };
    let done = sqlx::query(
        "-- land_commissions
         update commission
         set state = $2, in_flight = false, updated_at = greatest(updated_at, $3)
         from payout_line line
         where line.payout_id = any($1) and line.kind = 'commission'
           and commission.environment = line.environment
           and commission.merchant_id = line.merchant_id
           and commission.commission_id = line.subject
           and case when commission.state = 'payable' then commission.in_flight else false end",
    )
    .bind(payouts)
    .bind(state)
    .bind(instant::to_row(at))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Lets the events go on that wait for these payouts; answers how many there are. They are due from
/// `now` on: the next round of resuming takes them up.
pub async fn wake_parked(
    connection: &mut PgConnection,
    payouts: &[Uuid],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- wake_parked_by_payouts
         update parked_event parked set expires_at = least(parked.expires_at, $2)
         from payout_line line
         join commission on commission.environment = line.environment
             and commission.merchant_id = line.merchant_id
             and commission.commission_id = line.subject
         where line.payout_id = any($1) and line.kind = 'commission'
           and parked.environment = commission.environment
           and parked.merchant_id = commission.merchant_id
           and parked.conversion_id = commission.conversion_id",
    )
    .bind(payouts)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
