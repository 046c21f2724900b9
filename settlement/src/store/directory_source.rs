//! What a directory row is computed from: links and keys joined with their campaign and merchant.

use super::instant;
use jiff::Timestamp;
use shared::directory::OTHER_KEYS_MAX;
use shared::shop::ShopTerms;
use sqlx::PgConnection;
use sqlx::types::Json;
use sqlx::types::time::OffsetDateTime;
use std::fmt;
use uuid::Uuid;

/// A link with everything that decides how the edge treats it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LinkSource {
    /// live or test.
    pub environment: String,
    /// Whose shop.
    pub merchant_id: Uuid,
    /// Sealed into click ids.
    pub link_number: i64,
    /// Short name.
    pub code: String,
    /// Who shares it.
    pub affiliate_id: Uuid,
    /// Under which terms.
    pub campaign_id: Uuid,
    /// Where it leads.
    pub destination: String,
    /// live, paused or archived.
    pub link_state: String,
    /// draft, active, paused or archived.
    pub campaign_state: String,
    /// Where the campaign's paused links lead.
    pub fallback_url: Option<String>,
    /// Of the version in force now.
    pub cookie_days: i32,
    /// pending, approved, suspended or rejected.
    pub merchant_state: String,
    /// Deep links stay on it.
    pub approved_domain: String,
    /// Where paused links lead without a fallback.
    pub home_url: String,
}

/// Which links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// One link, by its code.
    Code(&'a str),
    /// A campaign's.
    Campaign(Uuid),
    /// All of a merchant.
    Merchant,
}

/// Reads links of a merchant with what decides over them.
pub async fn links(
    connection: &mut PgConnection,
    merchant_id: Uuid,
    which: Which<'_>,
    now: Timestamp,
) -> Result<Vec<LinkSource>, sqlx::Error> {
    let (code, campaign_id) = match which {
        Which::Code(code) => (Some(code), None),
        Which::Campaign(campaign_id) => (None, Some(campaign_id)),
        Which::Merchant => (None, None),
    };
    sqlx::query_as(
        "-- directory_links
         select link.environment, link.merchant_id, link.link_number, link.code,
                link.affiliate_id, link.campaign_id, link.destination, link.state as link_state,
                campaign.state as campaign_state, campaign.fallback_url, terms.cookie_days,
                merchant.state as merchant_state, merchant.approved_domain, merchant.home_url
         from link
         join campaign using (environment, merchant_id, campaign_id)
         join merchant using (merchant_id)
         cross join lateral (
             select cookie_days from campaign_terms
             where environment = link.environment and merchant_id = link.merchant_id
               and campaign_id = link.campaign_id
               -- A test clock is ahead of ours: what is in force there may lie in our future.
               and (version = 1 or in_force_from <= $4 or environment = 'test')
             order by version desc limit 1
         ) terms
         where link.environment in ('live', 'test') and link.merchant_id = $1
           and ($2::text is null or link.code = $2)
           and ($3::uuid is null or link.campaign_id = $3)
         order by link.code",
    )
    .bind(merchant_id)
    .bind(code)
    .bind(campaign_id)
    .bind(instant::to_row(now))
    .fetch_all(connection)
    .await
}

/// A key with everything that decides how the edge treats it.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KeySource {
    /// live or test.
    pub environment: String,
    /// Whose.
    pub merchant_id: Uuid,
    /// `pk_…`.
    pub key_id: String,
    /// active, disabled or revoked.
    pub key_state: String,
    /// The signing secret under the master key.
    pub secret_sealed: Vec<u8>,
    /// Calls in any 60 seconds.
    pub per_minute_max: i32,
    /// Calls in any 3,600 seconds.
    pub per_hour_max: i32,
    /// Addresses or networks that may use it.
    pub allow_list: Vec<String>,
    /// For a shop's key, whose webhooks it proves.
    pub shop: Option<Json<ShopTerms>>,
    /// From then on it counts as revoked.
    pub expires_at: Option<OffsetDateTime>,
    /// Of a test key, the merchant's other keys: active ones first, then the youngest.
    pub other_keys: Vec<String>,
    /// pending, approved, suspended or rejected.
    pub merchant_state: String,
    /// ISO 4217.
    pub currency: String,
    /// Resources stay on it.
    pub approved_domain: String,
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySource").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Reads keys of a merchant with what decides over them: all of them, or some together with the
/// test keys that may name them.
pub async fn keys(
    connection: &mut PgConnection,
    merchant_id: Uuid,
    key_ids: Option<&[&str]>,
) -> Result<Vec<KeySource>, sqlx::Error> {
    sqlx::query_as(
        "-- directory_keys
         select api_key.environment, api_key.merchant_id, api_key.key_id,
                api_key.state as key_state, api_key.secret_sealed, api_key.per_minute_max,
                api_key.per_hour_max, api_key.allow_list, api_key.shop, api_key.expires_at,
                case when api_key.environment = 'test' then array(
                    select other.key_id from api_key other
                    where other.environment in ('live', 'test')
                      and other.merchant_id = api_key.merchant_id
                      and other.key_id <> api_key.key_id
                    order by other.state = 'active' desc, other.created_at desc, other.key_id
                    limit $3
                ) else '{}' end as other_keys,
                merchant.state as merchant_state, merchant.currency, merchant.approved_domain
         from api_key join merchant using (merchant_id)
         where api_key.environment in ('live', 'test') and api_key.merchant_id = $1
           and ($2::text[] is null or api_key.key_id = any($2)
                or api_key.environment = 'test' and api_key.state <> 'revoked')
         order by api_key.key_id",
    )
    .bind(merchant_id)
    .bind(key_ids)
    .bind(i64::try_from(OTHER_KEYS_MAX).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
}
