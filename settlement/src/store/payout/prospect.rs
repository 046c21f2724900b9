//! Reads: what a payable commission that no payout holds meets in the next payout.

use crate::store::read_commission::ShownCommissionRow;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// What decides whether a commission goes out.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ProspectRow {
    /// The least that is paid in its currency; null: none is set.
    pub minimum: Option<Decimal>,
    /// What its affiliate has open in the merchant's books, in its currency.
    pub balance: Decimal,
    /// Whether a balance of it was taken into another currency and that is not paid out yet.
    pub is_converted: bool,
    /// The last payout with it that failed; null: none did.
    pub refused_payout_id: Option<Uuid>,
    /// When that was known.
    pub refused_at: Option<OffsetDateTime>,
    /// Why it failed.
    pub refused_reason: Option<String>,
}

/// What a commission of a merchant in an environment meets.
pub async fn find(
    connection: &mut PgConnection,
    (environment, merchant_id): (&str, Uuid),
    commission: &ShownCommissionRow,
) -> Result<ProspectRow, sqlx::Error> {
    sqlx::query_as(
        "-- prospect_of_commission
         with open_commission as (
             select sum(net_amount) as amount from commission
             where environment = $1 and merchant_id = $2 and affiliate_id = $3 and currency = $4
               and state = 'payable' and not in_flight
               and not exists (
                   select from payout_line line
                   where line.subject = commission.commission_id and line.kind = 'commission'
                     and line.merchant_id = commission.merchant_id
                     and line.environment = commission.environment and line.held)
         ), open_item as (
             select sum(amount) as amount, bool_or(kind = 'fx' and amount < 0) as is_converted
             from payable_item item
             where environment = $1 and merchant_id = $2 and affiliate_id = $3 and currency = $4
               and not exists (
                   select from payout_line line
                   where line.subject = item.item_id::text and line.kind = item.kind
                     and line.merchant_id = item.merchant_id
                     and line.environment = item.environment and line.held)
         )
         select (select amount from payout_minimum
                 where environment = $1 and currency = $4) as minimum,
                coalesce(open_commission.amount, 0) + coalesce(open_item.amount, 0) as balance,
                coalesce(open_item.is_converted, false) as is_converted,
                refused.payout_id as refused_payout_id, refused.answered_at as refused_at,
                refused.reason as refused_reason
         from open_commission cross join open_item
         left join lateral (
             select payout_id, answered_at, reason from payout
             where payout.affiliate_id = $3 and payout.environment = $1
               and payout.currency = $4 and payout.state = 'failed'
               and exists (
                   select from payout_line line
                   where line.payout_id = payout.payout_id and line.subject = $5
                     and line.kind = 'commission' and line.merchant_id = $2
                     and line.environment = $1)
             order by payout.created_at desc
             limit 1
         ) refused on true",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(commission.affiliate_id)
    .bind(&commission.currency)
    .bind(&commission.commission_id)
    .fetch_one(connection)
    .await
}
