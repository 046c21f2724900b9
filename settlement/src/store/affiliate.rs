//! Affiliates.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

/// One affiliate, as its row has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AffiliateRow {
    /// Its id.
    pub affiliate_id: Uuid,
    /// Shown to merchants.
    pub name: String,
    /// active or suspended.
    pub state: String,
}

/// Inserts an affiliate.
pub async fn insert(
    connection: &mut PgConnection,
    row: &AffiliateRow,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_affiliate
         insert into affiliate (affiliate_id, name, state, created_at) values ($1, $2, $3, $4)",
    )
    .bind(row.affiliate_id)
    .bind(&row.name)
    .bind(&row.state)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Reads an affiliate and locks its row.
pub async fn lock(
    connection: &mut PgConnection,
    affiliate_id: Uuid,
) -> Result<Option<AffiliateRow>, sqlx::Error> {
    sqlx::query_as(
        "-- lock_affiliate
         select affiliate_id, name, state from affiliate where affiliate_id = $1
         for no key update",
    )
    .bind(affiliate_id)
    .fetch_optional(connection)
    .await
}

/// Sets an affiliate's state; answers the rows touched.
pub async fn set_state(
    connection: &mut PgConnection,
    affiliate_id: Uuid,
    state: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_affiliate_state
         update affiliate set state = $2 where affiliate_id = $1",
    )
    .bind(affiliate_id)
    .bind(state)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
