//! Campaigns and the versions of their windows.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

/// One campaign, as its row has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CampaignRow {
    /// live or test.
    pub environment: String,
    /// Whose.
    pub merchant_id: Uuid,
    /// Its id.
    pub campaign_id: Uuid,
    /// Shown to affiliates.
    pub name: String,
    /// draft, active, paused or archived.
    pub state: String,
    /// public or invite.
    pub listing: String,
    /// Where its paused links lead.
    pub fallback_url: Option<String>,
}

/// One version of a campaign's windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermsRow {
    /// From 1, gapless.
    pub version: i32,
    /// Days after a click in which an order can earn.
    pub cookie_days: i32,
    /// Days of the return window; `None`: the merchant's.
    pub hold_days: Option<i32>,
    /// What starts it; `None`: the merchant's.
    pub hold_start: Option<&'static str>,
}

/// Inserts a campaign.
pub async fn insert(
    connection: &mut PgConnection,
    row: &CampaignRow,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_campaign
         insert into campaign (environment, merchant_id, campaign_id, name, state, listing,
                               fallback_url, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(row.campaign_id)
    .bind(&row.name)
    .bind(&row.state)
    .bind(&row.listing)
    .bind(&row.fallback_url)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Inserts a version of a campaign's windows, in force from `now`.
pub async fn insert_terms(
    connection: &mut PgConnection,
    campaign: &CampaignRow,
    terms: &TermsRow,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_campaign_terms
         insert into campaign_terms (environment, merchant_id, campaign_id, version, cookie_days,
                                     hold_days, hold_start, in_force_from)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&campaign.environment)
    .bind(campaign.merchant_id)
    .bind(campaign.campaign_id)
    .bind(terms.version)
    .bind(terms.cookie_days)
    .bind(terms.hold_days)
    .bind(terms.hold_start)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds a campaign by its id, which is unique over environments and merchants.
pub async fn find(
    connection: &mut PgConnection,
    campaign_id: Uuid,
) -> Result<Option<CampaignRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_campaign
         select environment, merchant_id, campaign_id, name, state, listing, fallback_url
         from campaign where campaign_id = $1",
    )
    .bind(campaign_id)
    .fetch_optional(connection)
    .await
}

/// Whether a campaign has terms: without them no link may lead to it.
pub async fn has_terms(
    connection: &mut PgConnection,
    campaign: &CampaignRow,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "-- campaign_has_terms
         select exists (
             select from campaign_terms
             where environment = $1 and merchant_id = $2 and campaign_id = $3)",
    )
    .bind(&campaign.environment)
    .bind(campaign.merchant_id)
    .bind(campaign.campaign_id)
    .fetch_one(connection)
    .await
}

/// Sets a campaign's state; answers the rows touched. An archived one stays archived.
pub async fn set_state(
    connection: &mut PgConnection,
    campaign: &CampaignRow,
    state: &str,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_campaign_state
         update campaign set state = $4, updated_at = $5
         where environment = $1 and merchant_id = $2 and campaign_id = $3 and state <> 'archived'",
    )
    .bind(&campaign.environment)
    .bind(campaign.merchant_id)
    .bind(campaign.campaign_id)
    .bind(state)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Brings a campaign's own columns up to date.
pub async fn update(
    connection: &mut PgConnection,
    row: &CampaignRow,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- update_campaign
         update campaign set name = $4, listing = $5, fallback_url = $6, updated_at = $7
         where environment = $1 and merchant_id = $2 and campaign_id = $3",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(row.campaign_id)
    .bind(&row.name)
    .bind(&row.listing)
    .bind(&row.fallback_url)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Replaces the products of a campaign; answers the SKUs that are no products of the merchant's,
/// which are left out.
pub async fn replace_products(
    connection: &mut PgConnection,
    row: &CampaignRow,
    skus: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query(
        "-- delete_campaign_products
         delete from campaign_product
         where environment = $1 and merchant_id = $2 and campaign_id = $3 and sku <> all($4)",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(row.campaign_id)
    .bind(skus)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "-- insert_campaign_products
         insert into campaign_product (environment, merchant_id, campaign_id, sku)
         select environment, merchant_id, $3, sku from product
         where environment = $1 and merchant_id = $2 and sku = any($4)
         on conflict do nothing",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(row.campaign_id)
    .bind(skus)
    .execute(&mut *connection)
    .await?;
    sqlx::query_scalar(
        "-- unknown_campaign_products
         select sku from unnest($3::text[]) as sent (sku)
         where not exists (
             select from product
             where environment = $1 and merchant_id = $2 and product.sku = sent.sku)
         order by sku",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(skus)
    .fetch_all(connection)
    .await
}
