//! Links.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

/// One link, as its row has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LinkRow {
    /// live or test.
    pub environment: String,
    /// Whose shop.
    pub merchant_id: Uuid,
    /// Sealed into click ids; 40 bits.
    pub link_number: i64,
    /// Short name in the URL.
    pub code: String,
    /// Who shares it.
    pub affiliate_id: Uuid,
    /// Under which terms.
    pub campaign_id: Uuid,
    /// Where it leads.
    pub destination: String,
    /// live, paused or archived.
    pub state: String,
}

/// Inserts a link; 0 when its code or its number is taken.
pub async fn insert(
    connection: &mut PgConnection,
    row: &LinkRow,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_link
         insert into link (environment, merchant_id, link_number, code, affiliate_id, campaign_id,
                           destination, state, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict do nothing",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(row.link_number)
    .bind(&row.code)
    .bind(row.affiliate_id)
    .bind(row.campaign_id)
    .bind(&row.destination)
    .bind(&row.state)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Finds a link by its code.
pub async fn find(
    connection: &mut PgConnection,
    code: &str,
) -> Result<Option<LinkRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_link
         select environment, merchant_id, link_number, code, affiliate_id, campaign_id,
                destination, state
         from link where code = $1",
    )
    .bind(code)
    .fetch_optional(connection)
    .await
}

/// Sets a link's state; answers the rows touched. An archived one stays archived.
pub async fn set_state(
    connection: &mut PgConnection,
    code: &str,
    state: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_link_state
         update link set state = $2 where code = $1 and state <> 'archived'",
    )
    .bind(code)
    .bind(state)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
