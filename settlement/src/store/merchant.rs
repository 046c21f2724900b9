//! Merchants.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

/// One shop, as its row has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MerchantRow {
    /// Its id.
    pub merchant_id: Uuid,
    /// Shown to affiliates.
    pub name: String,
    /// pending, approved, suspended or rejected.
    pub state: String,
    /// Destinations lie on it or below it.
    pub approved_domain: String,
    /// Where a paused link leads.
    pub home_url: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name.
    pub time_zone: String,
    /// Days of the return window; `None`: the network's.
    pub hold_days: Option<i32>,
    /// First status that starts the return window.
    pub hold_start: String,
}

/// Inserts a merchant.
pub async fn insert(
    connection: &mut PgConnection,
    row: &MerchantRow,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_merchant
         insert into merchant (merchant_id, name, state, approved_domain, home_url, currency,
                               time_zone, hold_days, hold_start, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(row.merchant_id)
    .bind(&row.name)
    .bind(&row.state)
    .bind(&row.approved_domain)
    .bind(&row.home_url)
    .bind(&row.currency)
    .bind(&row.time_zone)
    .bind(row.hold_days)
    .bind(&row.hold_start)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads a merchant and locks its row. Every flow that changes a directory row of the merchant
/// begins here: the lock is what keeps an older picture from being written over a newer one.
pub async fn lock(
    connection: &mut PgConnection,
    merchant_id: Uuid,
) -> Result<Option<MerchantRow>, sqlx::Error> {
    sqlx::query_as(
        "-- lock_merchant
         select merchant_id, name, state, approved_domain, home_url, currency, time_zone,
                hold_days, hold_start
         from merchant where merchant_id = $1
         for no key update",
    )
    .bind(merchant_id)
    .fetch_optional(connection)
    .await
}

/// Sets a merchant's state; answers the rows touched.
pub async fn set_state(
    connection: &mut PgConnection,
    merchant_id: Uuid,
    state: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_merchant_state
         update merchant set state = $2 where merchant_id = $1",
    )
    .bind(merchant_id)
    .bind(state)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Finds a merchant.
pub async fn find(
    connection: &mut PgConnection,
    merchant_id: Uuid,
) -> Result<Option<MerchantRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_merchant
         select merchant_id, name, state, approved_domain, home_url, currency, time_zone,
                hold_days, hold_start
         from merchant where merchant_id = $1",
    )
    .bind(merchant_id)
    .fetch_optional(connection)
    .await
}
