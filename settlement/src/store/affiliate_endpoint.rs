//! Webhook endpoints of affiliates: they stand under the nil merchant. What may change of one is
//! written as a merchant's is.

use super::webhook_endpoint::EndpointRow;
use sqlx::PgConnection;
use uuid::Uuid;

/// An affiliate's endpoint.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AffiliateEndpointRow {
    /// live or test.
    pub environment: String,
    /// Whose.
    pub affiliate_id: Uuid,
    /// The endpoint.
    #[sqlx(flatten)]
    pub endpoint: EndpointRow,
}

/// Inserts an endpoint with its sealed secret.
pub async fn insert(
    connection: &mut PgConnection,
    row: &AffiliateEndpointRow,
    secret_sealed: &[u8],
) -> Result<(), sqlx::Error> {
    let endpoint = &row.endpoint;
    sqlx::query(
        "-- insert_affiliate_endpoint
         insert into webhook_endpoint (environment, merchant_id, endpoint_id, affiliate_id, url,
                                       events, format, description, state, secret_sealed,
                                       created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(&row.environment)
    .bind(Uuid::nil())
    .bind(endpoint.endpoint_id)
    .bind(row.affiliate_id)
    .bind(&endpoint.url)
    .bind(&endpoint.events)
    .bind(&endpoint.format)
    .bind(&endpoint.description)
    .bind(&endpoint.state)
    .bind(secret_sealed)
    .bind(endpoint.created_at)
    .bind(endpoint.updated_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// An affiliate's endpoint by its id, whichever world it is of.
pub async fn find(
    connection: &mut PgConnection,
    endpoint_id: Uuid,
) -> Result<Option<AffiliateEndpointRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_affiliate_endpoint
         select environment, affiliate_id, endpoint_id, url, events, format, description, state,
                created_at, updated_at, paused_at, paused_because, previous_secret_until,
                failing_since, last_sequence
         from webhook_endpoint join webhook_lane using (environment, merchant_id, endpoint_id)
         where environment in ('live', 'test') and merchant_id = $1 and endpoint_id = $2
           and affiliate_id is not null",
    )
    .bind(Uuid::nil())
    .bind(endpoint_id)
    .fetch_optional(connection)
    .await
}

/// An affiliate's endpoints in both worlds, live ones first, newest first.
pub async fn of_affiliate(
    connection: &mut PgConnection,
    affiliate_id: Uuid,
) -> Result<Vec<AffiliateEndpointRow>, sqlx::Error> {
    sqlx::query_as(
        "-- endpoints_of_affiliate
         select environment, affiliate_id, endpoint_id, url, events, format, description, state,
                created_at, updated_at, paused_at, paused_because, previous_secret_until,
                failing_since, last_sequence
         from webhook_endpoint join webhook_lane using (environment, merchant_id, endpoint_id)
         where affiliate_id = $1
         order by environment, created_at desc, endpoint_id",
    )
    .bind(affiliate_id)
    .fetch_all(connection)
    .await
}
