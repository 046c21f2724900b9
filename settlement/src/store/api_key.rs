//! Merchants' keys.

use super::instant;
use jiff::Timestamp;
use shared::shop::ShopTerms;
use sqlx::PgConnection;
use sqlx::types::Json;
use sqlx::types::time::OffsetDateTime;
use std::fmt;
use uuid::Uuid;

/// One key, as its row has it.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ApiKeyRow {
    /// live or test.
    pub environment: String,
    /// Whose.
    pub merchant_id: Uuid,
    /// `pk_…`.
    pub key_id: String,
    /// active, disabled or revoked.
    pub state: String,
    /// The signing secret under the master key.
    pub secret_sealed: Vec<u8>,
    /// Calls in any 60 seconds.
    pub per_minute_max: i32,
    /// Calls in any 3,600 seconds.
    pub per_hour_max: i32,
    /// Addresses or networks that may use it; empty: any.
    pub allow_list: Vec<String>,
    /// For a shop's key, whose webhooks it proves.
    pub shop: Option<Json<ShopTerms>>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// From then on it counts as revoked.
    pub expires_at: Option<OffsetDateTime>,
    /// The key that rotation made in its place.
    pub successor_key_id: Option<String>,
    /// When its newest proven call was made; the request log tells, a little later.
    pub last_used_at: Option<OffsetDateTime>,
}

impl fmt::Debug for ApiKeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyRow")
            .field("key_id", &self.key_id)
            .field("merchant_id", &self.merchant_id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Inserts a key.
pub async fn insert(connection: &mut PgConnection, row: &ApiKeyRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_api_key
         insert into api_key (environment, merchant_id, key_id, state, secret_sealed,
                              per_minute_max, per_hour_max, allow_list, created_at, shop)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(&row.key_id)
    .bind(&row.state)
    .bind(&row.secret_sealed)
    .bind(row.per_minute_max)
    .bind(row.per_hour_max)
    .bind(&row.allow_list)
    .bind(row.created_at)
    .bind(row.shop)
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds a key by its public id.
pub async fn find(
    connection: &mut PgConnection,
    key_id: &str,
) -> Result<Option<ApiKeyRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_api_key
         select environment, merchant_id, key_id, state, secret_sealed, per_minute_max,
                per_hour_max, allow_list, shop, created_at, expires_at, successor_key_id,
                last_used_at
         from api_key where key_id = $1",
    )
    .bind(key_id)
    .fetch_optional(connection)
    .await
}

/// Every key of a merchant in both environments, whatever its state.
pub async fn of_merchant(
    connection: &mut PgConnection,
    merchant_id: Uuid,
) -> Result<Vec<ApiKeyRow>, sqlx::Error> {
    sqlx::query_as(
        "-- api_keys_of_merchant
         select environment, merchant_id, key_id, state, secret_sealed, per_minute_max,
                per_hour_max, allow_list, shop, created_at, expires_at, successor_key_id,
                last_used_at
         from api_key where environment in ('live', 'test') and merchant_id = $1
         order by environment, created_at, key_id",
    )
    .bind(merchant_id)
    .fetch_all(connection)
    .await
}

/// What the per-minute limits of a merchant's active keys in one environment sum to. One that is
/// to expire counts until it does.
pub async fn per_minute_sum(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    now: Timestamp,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "-- per_minute_sum
         select coalesce(sum(per_minute_max), 0) from api_key
         where environment = $1 and merchant_id = $2 and state = 'active'
           and (expires_at is null or expires_at > $3)",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(instant::to_row(now))
    .fetch_one(connection)
    .await
}

/// Sets a key's state; answers the rows touched. A revoked key stays revoked.
pub async fn set_state(
    connection: &mut PgConnection,
    key_id: &str,
    state: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_api_key_state
         update api_key set state = $2 where key_id = $1 and state <> 'revoked'",
    )
    .bind(key_id)
    .bind(state)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Sets what rotation does to the key it replaces; answers the rows touched: 0 unless it is active
/// and was not rotated before.
pub async fn set_successor(
    connection: &mut PgConnection,
    key_id: &str,
    successor_key_id: &str,
    expires_at: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_api_key_successor
         update api_key set successor_key_id = $2, expires_at = $3
         where key_id = $1 and state = 'active' and successor_key_id is null",
    )
    .bind(key_id)
    .bind(successor_key_id)
    .bind(instant::to_row(expires_at))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Sets a key's limits; answers the rows touched. A revoked key keeps its own.
pub async fn set_limits(
    connection: &mut PgConnection,
    key_id: &str,
    per_minute_max: i32,
    per_hour_max: i32,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_api_key_limits
         update api_key set per_minute_max = $2, per_hour_max = $3
         where key_id = $1 and state <> 'revoked'",
    )
    .bind(key_id)
    .bind(per_minute_max)
    .bind(per_hour_max)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Sets who may use a key; answers the rows touched. A revoked key keeps its own list.
pub async fn set_allow_list(
    connection: &mut PgConnection,
    key_id: &str,
    allow_list: &[String],
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_api_key_allow_list
         update api_key set allow_list = $2 where key_id = $1 and state <> 'revoked'",
    )
    .bind(key_id)
    .bind(allow_list)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Ids of keys whose time is over and whose state does not say so yet.
pub async fn expired(
    connection: &mut PgConnection,
    now: Timestamp,
    keys_max: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "-- expired_api_keys
         select key_id from api_key
         where expires_at <= $1 and state <> 'revoked'
         order by expires_at, key_id limit $2",
    )
    .bind(instant::to_row(now))
    .bind(keys_max)
    .fetch_all(connection)
    .await
}

/// Every merchant and environment that has a key: each has an intake object at the edge.
pub async fn intakes(connection: &mut PgConnection) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
    sqlx::query_as(
        "-- intakes
         select distinct merchant_id, environment from api_key order by merchant_id, environment",
    )
    .fetch_all(connection)
    .await
}

/// The newest proven call of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse<'a> {
    /// live or test.
    pub environment: &'a str,
    /// Whose.
    pub merchant_id: Uuid,
    /// `pk_…`.
    pub key_id: String,
    /// When, on the edge's clock.
    pub used_at: Timestamp,
}

/// Moves keys' last use forward, never back; answers the rows touched. Rows are locked in the
/// order of their ids, so that two batches never wait for each other.
pub async fn mark_used(
    connection: &mut PgConnection,
    uses: &[KeyUse<'_>],
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- mark_api_keys_used
         with used as (
             select api_key.environment, api_key.merchant_id, api_key.key_id, new.used_at
             from api_key
             join unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[])
                  as new (environment, merchant_id, key_id, used_at)
                  using (environment, merchant_id, key_id)
             where api_key.last_used_at is null or api_key.last_used_at < new.used_at
             order by api_key.key_id
             for no key update of api_key
         )
         update api_key set last_used_at = greatest(api_key.last_used_at, used.used_at)
         from used
         where api_key.environment = used.environment and api_key.merchant_id = used.merchant_id
           and api_key.key_id = used.key_id",
    )
    .bind(uses.iter().map(|used| used.environment).collect::<Vec<_>>())
    .bind(uses.iter().map(|used| used.merchant_id).collect::<Vec<_>>())
    .bind(uses.iter().map(|used| used.key_id.as_str()).collect::<Vec<_>>())
    .bind(uses.iter().map(|used| instant::to_row(used.used_at)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
