//! What operators enter beside corrections: merchants' payments, write-offs, rates, conversions
//! between currencies. Each is written once; its own id makes it known.

use super::instant;
use jiff::Timestamp;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::Date;
use uuid::Uuid;

/// In whose books, and by which id of the request.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// live or test.
    pub environment: &'a str,
    /// In whose books.
    pub merchant_id: Uuid,
    /// The request's own id.
    pub id: &'a str,
    /// Which operator's account; `None`: the installation.
    pub by: Option<Uuid>,
    /// When it takes effect.
    pub at: Timestamp,
    /// When it is entered.
    pub now: Timestamp,
}

/// A merchant's payment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PaymentRow {
    /// ISO 4217.
    pub currency: String,
    /// In currency; below zero it takes earlier ones back.
    pub amount: Decimal,
}

/// Whether a merchant of a place (environment, merchant) can owe in a currency: it is its own, or
/// its books have it; `None`: there is no such merchant. What is entered into one merchant's books
/// goes one after the other from here on.
pub async fn lock_books(
    connection: &mut PgConnection,
    (environment, merchant_id): (&str, Uuid),
    currency: &str,
) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar(
        "-- lock_books
         select currency = $3 or exists (
             select from ledger_transfer transfer
             where transfer.environment = $1 and transfer.merchant_id = $2
               and transfer.currency = $3)
         from merchant where merchant_id = $2 for no key update",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(currency)
    .fetch_optional(connection)
    .await
}

/// What a merchant of a place (environment, merchant) paid in a currency, less what was taken back.
pub async fn paid(
    connection: &mut PgConnection,
    (environment, merchant_id): (&str, Uuid),
    currency: &str,
) -> Result<Decimal, sqlx::Error> {
    sqlx::query_scalar(
        "-- merchant_paid
         select coalesce(sum(amount), 0) from merchant_payment
         where environment = $1 and merchant_id = $2 and currency = $3",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(currency)
    .fetch_one(connection)
    .await
}

/// Inserts a merchant's payment; the one known by this id when there is one.
pub async fn insert_payment(
    connection: &mut PgConnection,
    entry: Entry<'_>,
    row: &PaymentRow,
) -> Result<Option<PaymentRow>, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_merchant_payment
         insert into merchant_payment (environment, merchant_id, merchant_payment_id, currency,
                                       amount, paid_at, entered_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict do nothing",
    )
    .bind(entry.environment)
    .bind(entry.merchant_id)
    .bind(entry.id)
    .bind(&row.currency)
    .bind(row.amount)
    .bind(instant::to_row(entry.at))
    .bind(entry.by)
    .bind(instant::to_row(entry.now))
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(None);
    }
    let known = sqlx::query_as(
        "-- find_merchant_payment
         select currency, amount from merchant_payment
         where merchant_payment_id = $3 and merchant_id = $2 and environment = $1",
    );
    let known = known.bind(entry.environment).bind(entry.merchant_id).bind(entry.id);
    known.fetch_one(connection).await.map(Some)
}

/// A negative balance given up.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct WriteOffRow {
    /// Whose.
    pub affiliate_id: Uuid,
    /// ISO 4217.
    pub currency: String,
    /// In currency, above zero.
    pub amount: Decimal,
    /// Why.
    pub reason: String,
}

/// The write-off known by an id.
pub async fn find_write_off(
    connection: &mut PgConnection,
    entry: Entry<'_>,
) -> Result<Option<WriteOffRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_write_off
         select affiliate_id, currency, amount, reason from write_off
         where write_off_id = $3 and merchant_id = $2 and environment = $1",
    )
    .bind(entry.environment)
    .bind(entry.merchant_id)
    .bind(entry.id)
    .fetch_optional(connection)
    .await
}

/// Inserts a write-off.
pub async fn insert_write_off(
    connection: &mut PgConnection,
    entry: Entry<'_>,
    row: &WriteOffRow,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_write_off
         insert into write_off (environment, merchant_id, write_off_id, affiliate_id, currency,
                                amount, reason, entered_by, effective_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(entry.environment)
    .bind(entry.merchant_id)
    .bind(entry.id)
    .bind(row.affiliate_id)
    .bind(&row.currency)
    .bind(row.amount)
    .bind(&row.reason)
    .bind(entry.by)
    .bind(instant::to_row(entry.at))
    .bind(instant::to_row(entry.now))
    .execute(connection)
    .await?;
    Ok(())
}

/// An entered exchange rate.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RateRow {
    /// Its id.
    pub rate_id: Uuid,
    /// live or test.
    pub environment: String,
    /// ISO 4217.
    pub from_currency: String,
    /// ISO 4217.
    pub to_currency: String,
    /// Units of the second for one of the first.
    pub rate: Decimal,
    /// The day it is of.
    pub dated: Date,
    /// Where it was read.
    pub source: String,
}

/// Inserts a rate.
pub async fn insert_rate(
    connection: &mut PgConnection,
    row: &RateRow,
    by: Option<Uuid>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_fx_rate
         insert into fx_rate (rate_id, environment, from_currency, to_currency, rate, dated, source,
                              entered_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(row.rate_id)
    .bind(&row.environment)
    .bind(&row.from_currency)
    .bind(&row.to_currency)
    .bind(row.rate)
    .bind(row.dated)
    .bind(&row.source)
    .bind(by)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// A rate by its id.
pub async fn find_rate(
    connection: &mut PgConnection,
    rate_id: Uuid,
) -> Result<Option<RateRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_fx_rate
         select rate_id, environment, from_currency, to_currency, rate, dated, source
         from fx_rate where rate_id = $1",
    )
    .bind(rate_id)
    .fetch_optional(connection)
    .await
}

/// A balance taken from one currency into another.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ConvertedRow {
    /// Whose.
    pub affiliate_id: Uuid,
    /// By which rate.
    pub rate_id: Uuid,
    /// That rate, frozen.
    pub rate: Decimal,
    /// ISO 4217.
    pub from_currency: String,
    /// What left.
    pub from_amount: Decimal,
    /// ISO 4217.
    pub to_currency: String,
    /// What came.
    pub to_amount: Decimal,
}

/// The conversion between currencies known by an id.
pub async fn find_converted(
    connection: &mut PgConnection,
    entry: Entry<'_>,
) -> Result<Option<ConvertedRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_fx_conversion
         select affiliate_id, rate_id, rate, from_currency, from_amount, to_currency, to_amount
         from fx_conversion
         where fx_conversion_id = $3 and merchant_id = $2 and environment = $1",
    )
    .bind(entry.environment)
    .bind(entry.merchant_id)
    .bind(entry.id)
    .fetch_optional(connection)
    .await
}

/// Inserts a conversion between currencies.
pub async fn insert_converted(
    connection: &mut PgConnection,
    entry: Entry<'_>,
    row: &ConvertedRow,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_fx_conversion
         insert into fx_conversion (environment, merchant_id, fx_conversion_id, affiliate_id,
             rate_id, rate, from_currency, from_amount, to_currency, to_amount, converted_by,
             effective_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(entry.environment)
    .bind(entry.merchant_id)
    .bind(entry.id)
    .bind(row.affiliate_id)
    .bind(row.rate_id)
    .bind(row.rate)
    .bind(&row.from_currency)
    .bind(row.from_amount)
    .bind(&row.to_currency)
    .bind(row.to_amount)
    .bind(entry.by)
    .bind(instant::to_row(entry.at))
    .bind(instant::to_row(entry.now))
    .execute(connection)
    .await?;
    Ok(())
}
