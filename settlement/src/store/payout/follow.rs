//! Lines of unsent payouts follow their commissions.

use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// An unsent payout whose line no longer says what its commission does.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ChangedRow {
    /// Which payout.
    pub payout_id: Uuid,
    /// live or test.
    pub environment: String,
    /// ISO 4217.
    pub currency: String,
    /// draft or approved.
    pub state: String,
    /// What its lines come to now.
    pub amount: Decimal,
    /// The least that is paid; null: there is none.
    pub minimum: Option<Decimal>,
}

/// Makes the lines of changed commissions say what these do now; lines of commissions that are no
/// longer payable leave. Answers the payouts they are in, locked, with what is left of them. The
/// commissions are locked by this transaction.
pub async fn follow(
    connection: &mut PgConnection,
    commissions: &[(&str, Uuid, &str)],
) -> Result<Vec<ChangedRow>, sqlx::Error> {
    let payouts: Vec<Uuid> = sqlx::query_scalar(
        "-- lock_payouts_of_commissions
         select payout_id from payout
         where payout_id in (
             select line.payout_id
             from unnest($1::text[], $2::uuid[], $3::text[])
                 as changed (environment, merchant_id, commission_id)
             join payout_line line on line.subject = changed.commission_id
                 and line.kind = 'commission' and line.merchant_id = changed.merchant_id
                 and line.environment = changed.environment and line.held)
           and state in ('draft', 'approved')
         order by payout_id
         for update",
    )
    .bind(commissions.iter().map(|(environment, _, _)| *environment).collect::<Vec<_>>())
    .bind(commissions.iter().map(|(_, merchant, _)| *merchant).collect::<Vec<_>>())
    .bind(commissions.iter().map(|(_, _, commission)| *commission).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    if payouts.is_empty() {
        return Ok(Vec::new());
    }
    change_lines(connection, commissions, &payouts).await?;
    sqlx::query_as(
        "-- changed_payouts
         select payout.payout_id, payout.environment, payout.currency, state,
                coalesce((select sum(line.amount) from payout_line line
                          where line.payout_id = payout.payout_id), 0) as amount,
                payout_minimum.amount as minimum
         from payout
         left join payout_minimum using (environment, currency)
         where payout_id = any($1)
         order by payout_id",
    )
    .bind(&payouts)
    .fetch_all(connection)
    .await
}

async fn change_lines(
    connection: &mut PgConnection,
    commissions: &[(&str, Uuid, &str)],
    payouts: &[Uuid],
) -> Result<(), sqlx::Error> {
    let subjects: Vec<&str> = commissions.iter().map(|(_, _, commission)| *commission).collect();
    sqlx::query(
        "-- drop_lines_of_commissions
         delete from payout_line line using commission
         where line.payout_id = any($1) and line.subject = any($2) and line.kind = 'commission'
           and commission.environment = line.environment
           and commission.merchant_id = line.merchant_id
           and commission.commission_id = line.subject
           and (commission.state <> 'payable' or commission.net_amount = 0)",
    )
    .bind(payouts)
    .bind(&subjects)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "-- change_lines_of_commissions
         update payout_line line set amount = commission.net_amount from commission
         where line.payout_id = any($1) and line.subject = any($2) and line.kind = 'commission'
           and commission.environment = line.environment
           and commission.merchant_id = line.merchant_id
           and commission.commission_id = line.subject
           and commission.net_amount <> line.amount",
    )
    .bind(payouts)
    .bind(&subjects)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes what is left of unsent payouts, and that nobody has agreed with it; answers how many.
pub async fn set_drafts(
    connection: &mut PgConnection,
    payouts: &[(Uuid, Decimal)],
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_payouts_draft
         update payout set state = 'draft', amount = left_over.amount, approved_at = null,
             approved_by = null, method_version_id = null
         from unnest($1::uuid[], $2::numeric[]) as left_over (payout_id, amount)
         where payout.payout_id = left_over.payout_id and state in ('draft', 'approved')",
    )
    .bind(payouts.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(payouts.iter().map(|(_, amount)| *amount).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
