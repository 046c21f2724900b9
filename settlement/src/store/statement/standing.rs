//! Reads: where an affiliate stands beside a payout: what waits, what was rejected, balances.

use super::StatementKey;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A commission that is not in the payout.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StandingRow {
    /// Whose order.
    pub merchant: String,
    /// When it was placed.
    pub ordered_at: OffsetDateTime,
    /// cnv_….
    pub conversion_id: String,
    /// Where it stands.
    pub state: String,
    /// Whether a payout with it is on its way.
    pub in_flight: bool,
    /// ISO 4217.
    pub currency: String,
    /// The frozen amount.
    pub amount: Decimal,
    /// What is left of it.
    pub net_amount: Decimal,
    /// End of the return window.
    pub hold_until: Option<OffsetDateTime>,
    /// Frozen at the sale.
    pub terms: serde_json::Value,
    /// Of a rejected one: the shop's words, else the status it reported; `None`: the shop said
    /// nothing that rejects it.
    pub told: Option<String>,
    /// Of an unpaid one: where the other payout stands that holds it; `None`: none does.
    pub held_by: Option<String>,
}

/// Unpaid commissions of the affiliate that the payout has not, newest first.
pub async fn waiting(
    connection: &mut PgConnection,
    key: StatementKey,
    affiliate_id: Uuid,
    environment: &str,
) -> Result<Vec<StandingRow>, sqlx::Error> {
    sqlx::query_as(
        "-- statement_waiting
         select merchant.name as merchant, conversion.ordered_at, conversion.conversion_id,
                commission.state, commission.in_flight, commission.currency, commission.amount,
                commission.net_amount, commission.hold_until, commission.terms,
                null::text as told, other.state as held_by
         from commission
         join conversion using (environment, merchant_id, conversion_id)
         join merchant using (merchant_id)
         left join payout_line held
           on held.subject = commission.commission_id and held.kind = 'commission'
          and held.merchant_id = commission.merchant_id
          and held.environment = commission.environment and held.held
         left join payout other on other.payout_id = held.payout_id
         where commission.affiliate_id = $1 and commission.environment = $2
           and commission.state in ('pending', 'hold', 'approved', 'payable')
           and ($3::uuid is null or commission.merchant_id = $3)
           and not exists (
               select from payout_line line
               where line.payout_id = $4 and line.subject = commission.commission_id
                 and line.kind = 'commission' and line.merchant_id = commission.merchant_id
                 and line.environment = commission.environment)
         order by conversion.ordered_at desc, conversion.conversion_id
         limit $5",
    )
    .bind(affiliate_id)
    .bind(environment)
    .bind(key.merchant_id)
    .bind(key.payout_id)
    .bind(key.rows_max)
    .fetch_all(connection)
    .await
}

/// From when to when.
pub type Period = (Option<OffsetDateTime>, OffsetDateTime);

/// Commissions rejected in the period, newest first.
pub async fn rejected(
    connection: &mut PgConnection,
    key: StatementKey,
    affiliate_id: Uuid,
    environment: &str,
    (from, until): Period,
) -> Result<Vec<StandingRow>, sqlx::Error> {
    // Only what the shop itself reported is told, and of that what rejected the commission: a
    // review's reasons are not the affiliate's.
    sqlx::query_as(
        "-- statement_rejected
         select merchant.name as merchant, conversion.ordered_at, conversion.conversion_id,
                commission.state, commission.in_flight, commission.currency, commission.amount,
                commission.net_amount, commission.hold_until, commission.terms, shop.told,
                null::text as held_by
         from commission
         join conversion using (environment, merchant_id, conversion_id)
         join merchant using (merchant_id)
         left join lateral (
             select coalesce(fact.reason, fact.status) as told from order_fact fact
             where fact.environment = commission.environment
               and fact.merchant_id = commission.merchant_id
               and fact.conversion_id = commission.conversion_id
               and (fact.status = conversion.reversed_by or fact.status = 'commission_rejected')
               and coalesce(fact.reason, fact.status)
                   = coalesce(commission.reason, 'commission_rejected')
             order by fact.received_at, fact.event_id limit 1
         ) shop on true
         where commission.affiliate_id = $1 and commission.environment = $2
           and commission.state = 'rejected'
           and ($3::uuid is null or commission.merchant_id = $3)
           and ($4::timestamptz is null or commission.updated_at > $4)
           and commission.updated_at <= $5
         order by conversion.ordered_at desc, conversion.conversion_id
         limit $6",
    )
    .bind(affiliate_id)
    .bind(environment)
    .bind(key.merchant_id)
    .bind(from)
    .bind(until)
    .bind(key.rows_max)
    .fetch_all(connection)
    .await
}

/// Where an affiliate stands in one currency.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct BalanceRow {
    /// ISO 4217.
    pub currency: String,
    /// `A.pending`.
    pub pending: Decimal,
    /// `A.hold`.
    pub hold: Decimal,
    /// `A.approved`.
    pub approved: Decimal,
    /// `A.payable`.
    pub payable: Decimal,
    /// `A.in_flight`.
    pub in_flight: Decimal,
    /// Lines of settled payouts.
    pub paid: Decimal,
}

/// An affiliate's balances by currency, from the ledger.
pub async fn balances(
    connection: &mut PgConnection,
    affiliate_id: Uuid,
    environment: &str,
    merchant_id: Option<Uuid>,
) -> Result<Vec<BalanceRow>, sqlx::Error> {
    sqlx::query_as(
        "-- balances_of_affiliate
         with account as (
             select currency,
                    coalesce(sum(amount) filter (where account = 'A.pending'), 0) as pending,
                    coalesce(sum(amount) filter (where account = 'A.hold'), 0) as hold,
                    coalesce(sum(amount) filter (where account = 'A.approved'), 0) as approved,
                    coalesce(sum(amount) filter (where account = 'A.payable'), 0) as payable,
                    coalesce(sum(amount) filter (where account = 'A.in_flight'), 0) as in_flight
             from ledger_entry
             where affiliate_id = $1 and environment = $2
               and ($3::uuid is null or merchant_id = $3)
             group by currency
         ), paid as (
             select payout.currency, sum(line.amount) as paid
             from payout join payout_line line using (payout_id)
             where payout.affiliate_id = $1 and payout.environment = $2
               and payout.state = 'settled' and ($3::uuid is null or line.merchant_id = $3)
             group by payout.currency
         )
         select account.*, coalesce(paid.paid, 0) as paid
         from account left join paid using (currency)
         order by currency",
    )
    .bind(affiliate_id)
    .bind(environment)
    .bind(merchant_id)
    .fetch_all(connection)
    .await
}
