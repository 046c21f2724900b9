//! What `verify` reads of payouts: their steps, commission by commission, and what they posted.

use crate::domain::order::Scope;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A step of a payout that carries a commission.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PayoutStepRow {
    /// Which commission.
    pub commission_id: String,
    /// What of it the payout carries.
    pub amount: Decimal,
    /// The key of what the step posted.
    pub transfer_key: String,
    /// When it took effect.
    pub effective_at: OffsetDateTime,
    /// When it was written.
    pub created_at: OffsetDateTime,
}

/// Steps of payouts that were posted, for each commission that they carry, in their order. A step
/// is posted in the books of every merchant of which the payout pays something, at the same
/// instants: where a merchant's lines come to nothing there is no posting, and another's tells.
pub async fn payout_steps(
    connection: &mut PgConnection,
    scope: Scope,
    payouts: &[Uuid],
    commissions: &[String],
) -> Result<Vec<PayoutStepRow>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_payout_steps
         select line.subject as commission_id, line.amount, transfer_key, effective_at, created_at
         from payout_line line
         cross join unnest(array['sent', 'settled', 'failed']) as step
         cross join lateral (
             select transfer_key, effective_at, created_at
             from payout_line other join ledger_transfer transfer
                 on transfer.environment = other.environment
                 and transfer.merchant_id = other.merchant_id
                 and transfer.transfer_key = other.payout_id || ':' || step
             where other.payout_id = line.payout_id
             limit 1
         ) transfer
         where line.environment = $1 and line.merchant_id = $2 and line.payout_id = any($3)
           and line.kind = 'commission' and line.subject = any($4)
         order by created_at, transfer_key desc",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(payouts)
    .bind(commissions)
    .fetch_all(connection)
    .await
}

/// What payouts posted in a scope's books that is not what their lines and states make: the key,
/// what is posted, what must be.
pub async fn wrong_payouts(
    connection: &mut PgConnection,
    scope: Scope,
    rows_max: i64,
) -> Result<Vec<(String, Option<Decimal>, Option<Decimal>)>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_payouts
         with line as (
             select payout_id, sum(amount) as whole from payout_line
             where environment = $1 and merchant_id = $2
             group by payout_id having sum(amount) <> 0
         ), wanted as (
             select payout_id || ':' || step as transfer_key, whole
             from line
             join payout using (payout_id)
             cross join lateral unnest(case payout.state
                 when 'processing' then array['sent']
                 when 'settled' then array['sent', 'settled']
                 when 'failed' then array['sent', 'failed']
                 when 'returned' then array['sent', 'settled', 'returned']
                 else array[]::text[] end) as step
         ), posted as (
             select transfer_key, sum(amount) filter (where account =
                        case split_part(transfer_key, ':', 2) when 'sent' then 'A.in_flight'
                            when 'settled' then 'N.bank' else 'A.payable' end) as whole
             from ledger_entry
             where environment = $1 and merchant_id = $2
               and transfer_key ~ '^[0-9a-f-]{36}:(sent|settled|failed|returned)$'
             group by transfer_key
         )
         select transfer_key, posted.whole, wanted.whole
         from posted full join wanted using (transfer_key)
         where posted.whole is distinct from wanted.whole
         limit $3",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}
