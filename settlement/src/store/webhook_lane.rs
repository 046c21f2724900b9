//! Lanes of webhook endpoints: numbers, leases, how each endpoint stands.

use super::instant;
use super::terms::unknown;
use crate::domain::notice::Kind;
use crate::domain::webhook::endpoint::{Endpoint, EndpointKey, Format, Owner};
use crate::domain::webhook::lane::{Standing, rest_end_max};
use jiff::Timestamp;
use shared::id::{AffiliateId, Environment, MerchantId};
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// Keys of endpoints as columns, for `unnest`.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// live or test.
    pub environments: Vec<&'static str>,
    /// Their merchants; nil for affiliates'.
    pub merchants: Vec<Uuid>,
    /// Their ids.
    pub endpoints: Vec<Uuid>,
}

impl Keys {
    /// The columns of some keys.
    pub fn of(keys: impl Iterator<Item = EndpointKey>) -> Self {
        let mut columns = Self::default();
        for key in keys {
            columns.environments.push(key.environment.as_str());
            columns.merchants.push(key.merchant.0);
            columns.endpoints.push(key.endpoint);
        }
        columns
    }
}

/// Reads the key of a row.
pub fn key(
    environment: &str,
    merchant_id: Uuid,
    endpoint: Uuid,
) -> Result<EndpointKey, sqlx::Error> {
    let environment =
        Environment::parse(environment).ok_or_else(|| unknown("webhook_lane", environment))?;
    Ok(EndpointKey { environment, merchant: MerchantId(merchant_id), endpoint })
}

/// A lane that this transaction has locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Whose lane.
    pub endpoint: Endpoint,
    /// The number of its newest delivery.
    pub last_sequence: i64,
}

#[derive(sqlx::FromRow)]
struct LockedRow {
    environment: String,
    merchant_id: Uuid,
    endpoint_id: Uuid,
    last_sequence: i64,
    affiliate_id: Option<Uuid>,
    events: Vec<String>,
    format: String,
}

fn locked(row: &LockedRow) -> Result<Locked, sqlx::Error> {
    let owner = |affiliate| Owner::Affiliate(AffiliateId(affiliate));
    let format =
        Format::parse(&row.format).ok_or_else(|| unknown("webhook_endpoint", &row.format))?;
    let endpoint = Endpoint {
        key: key(&row.environment, row.merchant_id, row.endpoint_id)?,
        owner: row.affiliate_id.map_or(Owner::Merchant, owner),
        events: row.events.iter().filter_map(|word| Kind::parse(word)).collect(),
        format,
    };
    Ok(Locked { endpoint, last_sequence: row.last_sequence })
}

/// Which of the lanes that are owed groups are locked.
#[derive(Debug, Clone, Copy)]
pub struct OwedFilter {
    /// One with so many failures in a row is owed more than it can take as long as something due
    /// lies before it.
    pub failures_min: u32,
    /// Deliveries numbered before this are not sent any more.
    pub since: Timestamp,
    /// What stepped back until then at the latest stays back; until later, a clock was wrong.
    pub back_until_max: Timestamp,
    /// Lanes at most.
    pub lanes_max: i64,
}

/// Locks the lanes of active endpoints that are owed groups, leaving out those that another
/// transaction holds: first those that have nothing else to send, then the longest owed.
pub async fn lock_owed(
    connection: &mut PgConnection,
    filter: OwedFilter,
    now: Timestamp,
) -> Result<Vec<Locked>, sqlx::Error> {
    let rows: Vec<LockedRow> = sqlx::query_as(
        "-- lock_owed_webhook_lanes
         select lane.environment, lane.merchant_id, lane.endpoint_id, lane.last_sequence,
                endpoint.affiliate_id, endpoint.events, endpoint.format
         from webhook_lane lane
         join webhook_endpoint endpoint using (environment, merchant_id, endpoint_id)
         cross join lateral (
             select position from webhook_due due
             where due.environment = lane.environment and due.merchant_id = lane.merchant_id
               and due.endpoint_id = lane.endpoint_id
             order by position limit 1
         ) as oldest
         where endpoint.state = 'active'
           and (lane.failures_in_row < $1 or not exists (
               select from webhook_delivery delivery
               where delivery.environment = lane.environment
                 and delivery.merchant_id = lane.merchant_id
                 and delivery.endpoint_id = lane.endpoint_id
                 and delivery.state = 'pending' and delivery.next_attempt_at <= $2
                 and delivery.created_at >= $4))
           and (lane.number_after between $2 and $5) is not true
         order by coalesce(lane.due_at <= $2, false), oldest.position
         limit $3
         for no key update of lane skip locked",
    )
    .bind(i32::try_from(filter.failures_min).unwrap_or(i32::MAX))
    .bind(instant::to_row(now))
    .bind(filter.lanes_max)
    .bind(instant::to_row(filter.since))
    .bind(instant::to_row(filter.back_until_max))
    .fetch_all(connection)
    .await?;
    rows.iter().map(locked).collect()
}

/// A locked lane is not numbered on before an instant; answers the rows touched.
pub async fn step_back(
    connection: &mut PgConnection,
    key: EndpointKey,
    until: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- step_webhook_lane_back
         update webhook_lane set number_after = $4
         where environment = $1 and merchant_id = $2 and endpoint_id = $3",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(instant::to_row(until))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Locks one endpoint's lane, so that a delivery can be numbered; `None`: there is no such
/// endpoint.
pub async fn lock(
    connection: &mut PgConnection,
    key: EndpointKey,
) -> Result<Option<Locked>, sqlx::Error> {
    let row: Option<LockedRow> = sqlx::query_as(
        "-- lock_webhook_lane
         select lane.environment, lane.merchant_id, lane.endpoint_id, lane.last_sequence,
                endpoint.affiliate_id, endpoint.events, endpoint.format
         from webhook_lane lane
         join webhook_endpoint endpoint using (environment, merchant_id, endpoint_id)
         where lane.environment = $1 and lane.merchant_id = $2 and lane.endpoint_id = $3
         for no key update of lane",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(locked).transpose()
}

/// Sets the numbers of locked lanes' newest deliveries, and that they have something to send now,
/// or as soon as they have rested. No rest is longer than the longest, whatever a clock once said.
pub async fn advance(
    connection: &mut PgConnection,
    lanes: &[(EndpointKey, i64)],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let keys = Keys::of(lanes.iter().map(|(key, _)| *key));
    let done = sqlx::query(
        "-- advance_webhook_lanes
         update webhook_lane lane
         set last_sequence = numbered.last_sequence,
             due_at = greatest(least(lane.due_at, $5),
                               case when lane.rests_until > $6 then $6 else lane.rests_until end)
         from unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[])
             as numbered (environment, merchant_id, endpoint_id, last_sequence)
         where lane.environment = numbered.environment
           and lane.merchant_id = numbered.merchant_id
           and lane.endpoint_id = numbered.endpoint_id",
    )
    .bind(keys.environments)
    .bind(keys.merchants)
    .bind(keys.endpoints)
    .bind(lanes.iter().map(|(_, last)| *last).collect::<Vec<_>>())
    .bind(instant::to_row(now))
    .bind(instant::to_row(rest_end_max(now)))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets an endpoint's failures, makes due now what waits on it and was numbered since an
/// instant, and gives up what is older; answers the lanes touched. The lane is locked. A lease from
/// before ends: what it learns of the failures is of the past.
pub async fn resume(
    connection: &mut PgConnection,
    key: EndpointKey,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- resume_webhook_lane
         with pending as (
             update webhook_delivery
             set state = case when created_at >= $5 then 'pending' else 'dead' end,
                 next_attempt_at = case when created_at >= $5 then $4 end,
                 ended_at = case when created_at < $5 then $4 end
             where environment = $1 and merchant_id = $2 and endpoint_id = $3
               and state = 'pending'
             returning state
         )
         update webhook_lane
         set failures_in_row = 0, failing_since = null, rests_until = null,
             lease_until = null, lease_token = null,
             due_at = case when exists (select from pending where state = 'pending') then $4 end
         where environment = $1 and merchant_id = $2 and endpoint_id = $3",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(instant::to_row(now))
    .bind(instant::to_row(since))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// How a leased lane stands once its attempts were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Whose lane.
    pub key: EndpointKey,
    /// The lease's token.
    pub token: Uuid,
    /// How it stands.
    pub standing: Standing,
}

/// A lease: whose lane, and its token.
pub type LeaseKey = (EndpointKey, Uuid);

/// Locks those of these lanes whose lease is still the given one and that nobody else has locked;
/// answers their leases. It waits for nobody.
pub async fn lock_leased(
    connection: &mut PgConnection,
    leases: &[LeaseKey],
) -> Result<Vec<LeaseKey>, sqlx::Error> {
    let sql = "-- lock_leased_webhook_lanes
         select lane.environment, lane.merchant_id, lane.endpoint_id, lane.lease_token
         from webhook_lane lane
         join unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[])
             as leased (environment, merchant_id, endpoint_id, lease_token)
             using (environment, merchant_id, endpoint_id, lease_token)
         for no key update of lane skip locked";
    matching(connection, sql, leases).await
}

/// Those of these leases that still are their lanes', locked or not. One that is not will never be
/// again.
pub async fn still_leased(
    connection: &mut PgConnection,
    leases: &[LeaseKey],
) -> Result<Vec<LeaseKey>, sqlx::Error> {
    let sql = "-- still_leased_webhook_lanes
         select lane.environment, lane.merchant_id, lane.endpoint_id, lane.lease_token
         from webhook_lane lane
         join unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[])
             as leased (environment, merchant_id, endpoint_id, lease_token)
             using (environment, merchant_id, endpoint_id, lease_token)";
    matching(connection, sql, leases).await
}

async fn matching(
    connection: &mut PgConnection,
    sql: &'static str,
    leases: &[LeaseKey],
) -> Result<Vec<LeaseKey>, sqlx::Error> {
    let keys = Keys::of(leases.iter().map(|(key, _)| *key));
    let rows: Vec<(String, Uuid, Uuid, Uuid)> = sqlx::query_as(sql)
        .bind(keys.environments)
        .bind(keys.merchants)
        .bind(keys.endpoints)
        .bind(leases.iter().map(|(_, token)| *token).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|(environment, merchant, id, token)| Ok((key(environment, *merchant, *id)?, *token)))
        .collect()
}

/// Ends leases: writes how the lanes stand, and when each has something to send next of what was
/// numbered since an instant.
pub async fn release(
    connection: &mut PgConnection,
    ended: &[Ended],
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let keys = Keys::of(ended.iter().map(|lane| lane.key));
    let instants = |of: fn(&Standing) -> Option<Timestamp>| -> Vec<Option<OffsetDateTime>> {
        ended.iter().map(|lane| of(&lane.standing).map(instant::to_row)).collect()
    };
    let failures = |lane: &Ended| i32::try_from(lane.standing.failures_in_row).unwrap_or(i32::MAX);
    let rests: Vec<Option<OffsetDateTime>> = ended
        .iter()
        .map(|lane| lane.standing.rests_until.map(|until| until.min(rest_end_max(now))))
        .map(|until| until.map(instant::to_row))
        .collect();
    let done = sqlx::query(
        "-- release_webhook_lanes
         update webhook_lane lane
         set failures_in_row = ended.failures_in_row, failing_since = ended.failing_since,
             rests_until = ended.rests_until, lease_until = null, lease_token = null,
             due_at = (
                 select greatest(delivery.next_attempt_at, ended.rests_until)
                 from webhook_delivery delivery
                 where delivery.environment = lane.environment
                   and delivery.merchant_id = lane.merchant_id
                   and delivery.endpoint_id = lane.endpoint_id and delivery.state = 'pending'
                   and delivery.created_at >= $8
                 order by delivery.next_attempt_at
                 limit 1)
         from unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[],
                     $6::timestamptz[], $7::timestamptz[])
             as ended (environment, merchant_id, endpoint_id, lease_token, failures_in_row,
                       failing_since, rests_until)
         where lane.environment = ended.environment and lane.merchant_id = ended.merchant_id
           and lane.endpoint_id = ended.endpoint_id and lane.lease_token = ended.lease_token",
    )
    .bind(keys.environments)
    .bind(keys.merchants)
    .bind(keys.endpoints)
    .bind(ended.iter().map(|lane| lane.token).collect::<Vec<_>>())
    .bind(ended.iter().map(failures).collect::<Vec<_>>())
    .bind(instants(|standing| standing.failing_since))
    .bind(rests)
    .bind(instant::to_row(since))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
