//! Reads: a merchant's links.

use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A link, as shown.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ShownLinkRow {
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
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Which links of one merchant, newest first.
#[derive(Debug, Clone)]
pub struct LinkFilter {
    /// live or test.
    pub environment: &'static str,
    /// Whose.
    pub merchant_id: Uuid,
    /// One by its code.
    pub code: Option<String>,
    /// Of one affiliate.
    pub affiliate_id: Option<Uuid>,
    /// Of one campaign.
    pub campaign_id: Option<Uuid>,
    /// In one state.
    pub state: Option<String>,
    /// Those after this place in the order.
    pub after: Option<(OffsetDateTime, String)>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists links, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &LinkFilter,
) -> Result<Vec<ShownLinkRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_links
         select code, affiliate_id, campaign_id, destination, state, created_at
         from link
         where environment = $1 and merchant_id = $2
           and ($3::text is null or code = $3)
           and ($4::uuid is null or affiliate_id = $4)
           and ($5::uuid is null or campaign_id = $5)
           and ($6::text is null or state = $6)
           and ($7::timestamptz is null or created_at < $7 or (created_at = $7 and code > $8))
         order by created_at desc, code
         limit $9",
    )
    .bind(filter.environment)
    .bind(filter.merchant_id)
    .bind(&filter.code)
    .bind(filter.affiliate_id)
    .bind(filter.campaign_id)
    .bind(&filter.state)
    .bind(filter.after.as_ref().map(|(at, _)| *at))
    .bind(filter.after.as_ref().map(|(_, code)| code))
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}

/// The number of a merchant's first link that works.
pub async fn first_live(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
) -> Result<Option<u64>, sqlx::Error> {
    let number: Option<i64> = sqlx::query_scalar(
        "-- first_live_link
         select link_number from link
         join campaign using (environment, merchant_id, campaign_id)
         where environment = $1 and merchant_id = $2 and link.state = 'live'
           and campaign.state = 'active'
         order by link.created_at, code limit 1",
    )
    .bind(environment)
    .bind(merchant_id)
    .fetch_optional(connection)
    .await?;
    Ok(number.map(i64::unsigned_abs))
}
