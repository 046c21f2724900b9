//! Reads: a merchant's campaigns with their latest windows and products.

use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A campaign, as shown.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ShownCampaignRow {
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
    /// Version of its windows.
    pub terms_version: i32,
    /// Days after a click in which an order can earn.
    pub cookie_days: i32,
    /// Days of the return window; `None`: the merchant's.
    pub hold_days: Option<i32>,
    /// What starts it; `None`: the merchant's.
    pub hold_start: Option<String>,
    /// SKUs, in their order.
    pub products: Vec<String>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// Which campaigns of one merchant, newest first.
#[derive(Debug, Clone)]
pub struct CampaignFilter {
    /// live or test.
    pub environment: &'static str,
    /// Whose.
    pub merchant_id: Uuid,
    /// One by its id.
    pub campaign_id: Option<Uuid>,
    /// In one state.
    pub state: Option<String>,
    /// public or invite.
    pub listing: Option<String>,
    /// Those after this place in the order.
    pub after: Option<(OffsetDateTime, Uuid)>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists campaigns, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &CampaignFilter,
) -> Result<Vec<ShownCampaignRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_campaigns
         select campaign.campaign_id, name, state, listing, fallback_url,
                terms.version as terms_version, terms.cookie_days, terms.hold_days,
                terms.hold_start, created_at, updated_at,
                array(
                    select sku from campaign_product
                    where environment = campaign.environment
                      and merchant_id = campaign.merchant_id
                      and campaign_id = campaign.campaign_id
                    order by sku
                ) as products
         from campaign
         cross join lateral (
             select version, cookie_days, hold_days, hold_start from campaign_terms
             where environment = campaign.environment and merchant_id = campaign.merchant_id
               and campaign_id = campaign.campaign_id
             order by version desc limit 1
         ) terms
         where environment = $1 and merchant_id = $2
           and ($3::uuid is null or campaign.campaign_id = $3)
           and ($4::text is null or state = $4)
           and ($5::text is null or listing = $5)
           and ($6::timestamptz is null or created_at < $6
                or (created_at = $6 and campaign.campaign_id > $7))
         order by created_at desc, campaign.campaign_id
         limit $8",
    )
    .bind(filter.environment)
    .bind(filter.merchant_id)
    .bind(filter.campaign_id)
    .bind(&filter.state)
    .bind(&filter.listing)
    .bind(filter.after.map(|(at, _)| at))
    .bind(filter.after.map(|(_, id)| id))
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}
