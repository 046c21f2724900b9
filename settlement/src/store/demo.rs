//! The demo network, read back by its fixed names.

use sqlx::PgConnection;
use uuid::Uuid;

pub use super::link::LinkRow;
pub use super::merchant::MerchantRow;
pub use super::product::ProductRow;

/// A campaign with its windows and the rate of its own rule.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DemoCampaignRow {
    /// live or test.
    pub environment: String,
    /// Its id.
    pub campaign_id: Uuid,
    /// Its name.
    pub name: String,
    /// Of its rule.
    pub rate_bps: i32,
    /// Of its terms.
    pub cookie_days: i32,
    /// Of its terms, else the merchant's.
    pub hold_days: i32,
}

/// Makes two seedings wait for each other until the transaction ends.
pub async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- lock_demo
         select pg_advisory_xact_lock(hashtextextended('seed_demo', 0))",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether an environment has a platform default.
pub async fn has_platform_rule(
    connection: &mut PgConnection,
    environment: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "-- has_platform_rule
         select exists (select from rule where environment = $1 and level = 'platform')",
    )
    .bind(environment)
    .fetch_one(connection)
    .await
}

/// The first affiliate of that name.
pub async fn affiliate_by_name(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "-- demo_affiliate
         select affiliate_id from affiliate where name = $1 order by affiliate_id limit 1",
    )
    .bind(name)
    .fetch_optional(connection)
    .await
}

/// The first merchant of that name.
pub async fn merchant_by_name(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Option<MerchantRow>, sqlx::Error> {
    sqlx::query_as(
        "-- demo_merchant
         select merchant_id, name, state, approved_domain, home_url, currency, time_zone,
                hold_days, hold_start
         from merchant where name = $1 order by merchant_id limit 1",
    )
    .bind(name)
    .fetch_optional(connection)
    .await
}

/// A merchant's campaigns that have a percent rule of their own.
pub async fn campaigns(
    connection: &mut PgConnection,
    merchant_id: Uuid,
) -> Result<Vec<DemoCampaignRow>, sqlx::Error> {
    sqlx::query_as(
        "-- demo_campaigns
         select distinct on (campaign.environment, campaign.campaign_id)
                campaign.environment, campaign.campaign_id, campaign.name, rule.rate_bps,
                terms.cookie_days, coalesce(terms.hold_days, merchant.hold_days, 14) as hold_days
         from campaign
         join merchant using (merchant_id)
         join campaign_terms terms using (environment, merchant_id, campaign_id)
         join rule using (environment, merchant_id, campaign_id)
         where campaign.merchant_id = $1 and rule.rate_bps is not null
         order by campaign.environment, campaign.campaign_id, terms.version desc,
                  rule.version desc",
    )
    .bind(merchant_id)
    .fetch_all(connection)
    .await
}

/// A merchant's products.
pub async fn products(
    connection: &mut PgConnection,
    merchant_id: Uuid,
) -> Result<Vec<ProductRow>, sqlx::Error> {
    sqlx::query_as::<_, ProductRow>(
        "-- demo_products
         select environment, merchant_id, sku, name, price, currency, url
         from product where merchant_id = $1 order by environment, price desc, sku",
    )
    .bind(merchant_id)
    .fetch_all(connection)
    .await
}

/// A merchant's links that are not archived.
pub async fn links(
    connection: &mut PgConnection,
    merchant_id: Uuid,
) -> Result<Vec<LinkRow>, sqlx::Error> {
    sqlx::query_as(
        "-- demo_links
         select environment, merchant_id, link_number, code, affiliate_id, campaign_id,
                destination, state
         from link where merchant_id = $1 and state <> 'archived' order by environment, code",
    )
    .bind(merchant_id)
    .fetch_all(connection)
    .await
}
