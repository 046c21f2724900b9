//! What `verify` reads of the figures that are really paid: items, lines, amounts, answers.

use crate::domain::order::Scope;
use sqlx::PgConnection;

/// One figure that is off.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OffRow {
    /// Of which item, line or payout.
    pub subject: String,
    /// What is stored.
    pub stored: Option<String>,
    /// What must be.
    pub wanted: Option<String>,
}

/// Items of a scope that are not what was entered or came back, and what has no item.
pub async fn wrong_items(
    connection: &mut PgConnection,
    scope: Scope,
    rows_max: i64,
) -> Result<Vec<OffRow>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_items
         with wanted as (
             select 'correction ' || correction_id as subject, affiliate_id, correction.currency,
                    correction.amount
             from correction join commission using (environment, merchant_id, commission_id)
             where environment = $1 and merchant_id = $2 and correction.state = 'approved'
             union all
             select 'write_off ' || write_off_id, affiliate_id, currency, amount
             from write_off where environment = $1 and merchant_id = $2
             union all
             select 'fx ' || fx_conversion_id, affiliate_id, from_currency, -from_amount
             from fx_conversion where environment = $1 and merchant_id = $2
             union all
             select 'fx ' || fx_conversion_id, affiliate_id, to_currency, to_amount
             from fx_conversion where environment = $1 and merchant_id = $2
             union all
             select 'bank_return ' || payout.payout_id, payout.affiliate_id, payout.currency,
                    sum(line.amount)
             from payout join payout_line line using (payout_id)
             where line.environment = $1 and line.merchant_id = $2 and payout.state = 'returned'
             group by payout.payout_id having sum(line.amount) <> 0
         ), item as (
             select kind || ' ' || source as subject, affiliate_id, currency, amount
             from payable_item where environment = $1 and merchant_id = $2
         ), off as (
             (select 'stored' as side, * from (select * from item except all select * from wanted) i)
             union all
             (select 'wanted', * from (select * from wanted except all select * from item) w)
         )
         select subject || ', ' || currency as subject,
                string_agg(affiliate_id || ' ' || amount, ', ') filter (where side = 'stored')
                    as stored,
                string_agg(affiliate_id || ' ' || amount, ', ') filter (where side = 'wanted')
                    as wanted
         from off group by off.subject, currency
         limit $3",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// Lines of a scope that do not carry what their item is.
pub async fn wrong_item_lines(
    connection: &mut PgConnection,
    scope: Scope,
    rows_max: i64,
) -> Result<Vec<OffRow>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_item_lines
         select line.payout_id || ' ' || line.kind || ' ' || line.subject as subject,
                line.currency || ' ' || line.amount as stored,
                item.currency || ' ' || item.amount as wanted
         from payout_line line
         left join payable_item item on item.environment = line.environment
             and item.merchant_id = line.merchant_id and item.item_id::text = line.subject
             and item.kind = line.kind and item.affiliate_id = line.affiliate_id
         where line.environment = $1 and line.merchant_id = $2 and line.kind <> 'commission'
           and (item.amount, item.currency) is distinct from (line.amount, line.currency)
         limit $3",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// Payouts, over all merchants, whose amount is not the sum of their lines.
pub async fn wrong_amounts(
    connection: &mut PgConnection,
    rows_max: i64,
) -> Result<Vec<OffRow>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_payout_amounts
         select payout_id::text as subject, payout.amount::text as stored,
                coalesce(sum(line.amount), 0)::text as wanted
         from payout left join payout_line line using (payout_id)
         where payout.state <> 'cancelled'
         group by payout_id having payout.amount <> coalesce(sum(line.amount), 0)
         limit $1",
    )
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// Payouts, over all merchants, that were answered without an answer: a bank's row, or for a failed
/// one the first operator's word.
pub async fn wrong_answers(
    connection: &mut PgConnection,
    rows_max: i64,
) -> Result<Vec<OffRow>, sqlx::Error> {
    sqlx::query_as(
        "-- verify_payout_answers
         select payout_id::text as subject, state as stored, 'no answer says so' as wanted
         from payout
         where (state in ('settled', 'returned')
                or state = 'failed' and failure_asked_by is null)
           and not exists (
               select from bank_row answer
               where answer.payout_id = payout.payout_id and answer.outcome = payout.state)
         limit $1",
    )
    .bind(rows_max)
    .fetch_all(connection)
    .await
}
