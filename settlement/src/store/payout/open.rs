//! Open lines: payable commissions and items that no payout holds.

use crate::domain::payout::plan::{Kind, Line, Minimums};
use crate::store::instant;
use crate::store::terms::unknown;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::{AffiliateId, MerchantId};
use shared::money::Currency;
use sqlx::PgConnection;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct LineRow {
    merchant_id: Uuid,
    kind: String,
    subject: String,
    affiliate_id: Uuid,
    currency: String,
    amount: Decimal,
}

impl LineRow {
    fn read(self) -> Result<Line, sqlx::Error> {
        let wrong = |what: &str| unknown("payout line", what);
        Ok(Line {
            merchant: MerchantId(self.merchant_id),
            kind: Kind::parse(&self.kind).ok_or_else(|| wrong(&self.kind))?,
            affiliate: AffiliateId(self.affiliate_id),
            currency: Currency::parse(&self.currency).ok_or_else(|| wrong(&self.currency))?,
            subject: self.subject,
            amount: self.amount,
        })
    }
}

/// Locks the payable commissions that took effect by the cut-off and are in no payout, in the order
/// of their conversions, as everyone who changes commissions does: a reduction waits for the draft
/// and then finds the line. Left out: those of which nothing is left, and those of whose orders
/// something waits that was reported while they were in flight; it is applied first.
pub async fn lock_commissions(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Option<Uuid>,
    cut_off: Timestamp,
) -> Result<Vec<Line>, sqlx::Error> {
    let rows: Vec<LineRow> = sqlx::query_as(
        "-- lock_open_commissions
         select merchant_id, 'commission' as kind, commission_id as subject, affiliate_id, currency,
                net_amount as amount
         from commission
         where environment = $1 and state = 'payable' and not in_flight and net_amount > 0
           and ($2::uuid is null or merchant_id = $2)
           and not exists (
               select from parked_event parked
               where parked.environment = commission.environment
                 and parked.merchant_id = commission.merchant_id
                 and parked.conversion_id = commission.conversion_id)
           and exists (
               select from ledger_transfer posted
               where posted.environment = commission.environment
                 and posted.merchant_id = commission.merchant_id
                 and posted.transfer_key = commission.commission_id || ':payable'
                 and posted.effective_at <= $3)
           and not exists (
               select from payout_line line
               where line.subject = commission.commission_id and line.kind = 'commission'
                 and line.merchant_id = commission.merchant_id
                 and line.environment = commission.environment and line.held)
         order by conversion_id
         for update of commission",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(instant::to_row(cut_off))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(LineRow::read).collect()
}

/// The items that took effect by the cut-off and are in no payout.
pub async fn items(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Option<Uuid>,
    cut_off: Timestamp,
) -> Result<Vec<Line>, sqlx::Error> {
    let rows: Vec<LineRow> = sqlx::query_as(
        "-- open_payable_items
         select merchant_id, kind, item_id::text as subject, affiliate_id, currency, amount
         from payable_item item
         where environment = $1 and ($2::uuid is null or merchant_id = $2) and effective_at <= $3
           and not exists (
               select from payout_line line
               where line.subject = item.item_id::text and line.kind = item.kind
                 and line.merchant_id = item.merchant_id
                 and line.environment = item.environment and line.held)
         order by item_id",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(instant::to_row(cut_off))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(LineRow::read).collect()
}

/// What one affiliate has open in one merchant's books and currency: commissions and items that no
/// payout holds. The commissions are locked, so that the sum stands until the transaction ends.
pub async fn balance(
    connection: &mut PgConnection,
    (environment, merchant_id): (&str, Uuid),
    affiliate_id: Uuid,
    currency: &str,
) -> Result<Decimal, sqlx::Error> {
    sqlx::query_scalar(
        "-- open_balance
         with open_commission as (
             select net_amount from commission
             where environment = $1 and merchant_id = $2 and affiliate_id = $3 and currency = $4
               and state = 'payable' and not in_flight
               and not exists (
                   select from payout_line line
                   where line.subject = commission.commission_id and line.kind = 'commission'
                     and line.merchant_id = commission.merchant_id
                     and line.environment = commission.environment and line.held)
             order by conversion_id
             for update of commission
         )
         select coalesce((select sum(net_amount) from open_commission), 0) + coalesce((
             select sum(amount) from payable_item item
             where environment = $1 and merchant_id = $2 and affiliate_id = $3 and currency = $4
               and not exists (
                   select from payout_line line
                   where line.subject = item.item_id::text and line.kind = item.kind
                     and line.merchant_id = item.merchant_id
                     and line.environment = item.environment and line.held)), 0)",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(affiliate_id)
    .bind(currency)
    .fetch_one(connection)
    .await
}

/// The least that is paid, per currency.
pub async fn minimums(
    connection: &mut PgConnection,
    environment: &str,
) -> Result<Minimums, sqlx::Error> {
    let rows: Vec<(String, Decimal)> = sqlx::query_as(
        "-- payout_minimums
         select currency, amount from payout_minimum where environment = $1",
    )
    .bind(environment)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(code, amount)| {
            let currency = Currency::parse(&code).ok_or_else(|| unknown("payout minimum", &code));
            Ok((currency?, amount))
        })
        .collect()
}

/// Sets the least that is paid in a currency.
pub async fn set_minimum(
    connection: &mut PgConnection,
    environment: &str,
    currency: &str,
    amount: Decimal,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- set_payout_minimum
         insert into payout_minimum (environment, currency, amount) values ($1, $2, $3)
         on conflict on constraint payout_minimum_pk do update set amount = excluded.amount",
    )
    .bind(environment)
    .bind(currency)
    .bind(amount)
    .execute(connection)
    .await?;
    Ok(())
}

/// Test merchants that have a payable commission in no sent payout.
pub async fn test_merchants(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "-- payable_test_merchants
         select distinct merchant_id from commission
         where environment = 'test' and state = 'payable' and not in_flight
         order by merchant_id",
    )
    .fetch_all(connection)
    .await
}
