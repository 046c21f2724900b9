//! Leases lanes with something to send, each with what its deliveries need to go.

use super::instant;
use super::terms::unknown;
use super::webhook_lane::key;
use crate::domain::webhook::endpoint::{EndpointKey, Format};
use crate::domain::webhook::lane::Standing;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::fmt;
use uuid::Uuid;

/// A lane that one node alone sends on until its lease ends.
#[derive(Clone, PartialEq, Eq)]
pub struct Leased {
    /// Whose lane.
    pub key: EndpointKey,
    /// The lease's token.
    pub token: Uuid,
    /// How the endpoint stands.
    pub standing: Standing,
    /// Where to.
    pub url: String,
    /// How bodies are written.
    pub format: Format,
    /// Its secret, sealed.
    pub secret_sealed: Vec<u8>,
    /// The secret before it, sealed, as long as it signs too.
    pub previous_secret_sealed: Option<Vec<u8>>,
}

/// The URL may hold a secret of its owner's.
impl fmt::Debug for Leased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased")
            .field("key", &self.key)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// What a lease is taken for.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// Its token, new.
    pub token: Uuid,
    /// When it ends by itself.
    pub until: Timestamp,
    /// No lease ends later; one that does was given by a clock that was wrong, and counts as over.
    pub until_max: Timestamp,
    /// Lanes at most.
    pub lanes_max: i64,
    /// Lanes with so many failures in a row come after all others.
    pub failures_min: u32,
}

#[derive(sqlx::FromRow)]
struct LeasedRow {
    environment: String,
    merchant_id: Uuid,
    endpoint_id: Uuid,
    failures_in_row: i32,
    failing_since: Option<OffsetDateTime>,
    rests_until: Option<OffsetDateTime>,
    url: String,
    format: String,
    secret_sealed: Vec<u8>,
    previous_secret_sealed: Option<Vec<u8>>,
}

/// Leases lanes of active endpoints that have something to send, the longest due first.
pub async fn lease(
    connection: &mut PgConnection,
    lease: Lease,
    now: Timestamp,
) -> Result<Vec<Leased>, sqlx::Error> {
    let rows: Vec<LeasedRow> = sqlx::query_as(
        "-- lease_webhook_lanes
         with due as (
             select lane.environment, lane.merchant_id, lane.endpoint_id, endpoint.url,
                    endpoint.format, endpoint.secret_sealed,
                    case when endpoint.previous_secret_until > $1
                         then endpoint.previous_secret_sealed end as previous_secret_sealed
             from webhook_lane lane
             join webhook_endpoint endpoint using (environment, merchant_id, endpoint_id)
             where lane.due_at <= $1 and endpoint.state = 'active'
               and (lane.lease_until is null or lane.lease_until <= $1 or lane.lease_until > $6)
             order by lane.failures_in_row >= $2, lane.due_at
             limit $3
             for no key update of lane skip locked
         )
         update webhook_lane lane set lease_token = $4, lease_until = $5
         from due
         where lane.environment = due.environment and lane.merchant_id = due.merchant_id
           and lane.endpoint_id = due.endpoint_id
         returning lane.environment, lane.merchant_id, lane.endpoint_id, lane.failures_in_row,
                   lane.failing_since, lane.rests_until, due.url, due.format, due.secret_sealed,
                   due.previous_secret_sealed",
    )
    .bind(instant::to_row(now))
    .bind(i32::try_from(lease.failures_min).unwrap_or(i32::MAX))
    .bind(lease.lanes_max)
    .bind(lease.token)
    .bind(instant::to_row(lease.until))
    .bind(instant::to_row(lease.until_max))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| read(row, lease.token)).collect()
}

fn read(row: LeasedRow, token: Uuid) -> Result<Leased, sqlx::Error> {
    let format =
        Format::parse(&row.format).ok_or_else(|| unknown("webhook_endpoint", &row.format))?;
    let standing = Standing {
        failures_in_row: u32::try_from(row.failures_in_row).unwrap_or(0),
        failing_since: row.failing_since.map(instant::from_row),
        rests_until: row.rests_until.map(instant::from_row),
    };
    Ok(Leased {
        key: key(&row.environment, row.merchant_id, row.endpoint_id)?,
        token,
        standing,
        url: row.url,
        format,
        secret_sealed: row.secret_sealed,
        previous_secret_sealed: row.previous_secret_sealed,
    })
}
