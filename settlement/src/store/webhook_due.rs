//! Groups of notices that endpoints are owed: written with the groups, taken when their
//! deliveries are numbered.

use super::webhook_lane::{Keys, key};
use crate::domain::notice::{Kind, Notice};
use crate::domain::order::Scope;
use crate::domain::webhook::endpoint::{EndpointKey, Owner};
use crate::domain::webhook::owed::Listener;
use shared::id::AffiliateId;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Groups of one row at most: what is taken at once stays small.
const GROUPS_PER_ROW_MAX: usize = 100;

/// A group with its position.
pub type Placed<'a> = (i64, &'a [(Scope, &'a Notice)]);

#[derive(sqlx::FromRow)]
struct ListenerRow {
    environment: String,
    merchant_id: Uuid,
    endpoint_id: Uuid,
    affiliate_id: Option<Uuid>,
    events: Vec<String>,
}

/// The endpoints of these notices' merchants and affiliates, paused ones too. None of them can be
/// deleted before this transaction ends.
pub async fn listeners(
    connection: &mut PgConnection,
    notices: &[(Scope, &Notice)],
) -> Result<Vec<Listener>, sqlx::Error> {
    let merchants = notices.iter().filter(|(scope, _)| !scope.merchant.0.is_nil());
    let scopes: BTreeSet<(&str, Uuid)> =
        merchants.map(|(scope, _)| (scope.environment.as_str(), scope.merchant.0)).collect();
    let affiliates: BTreeSet<(&str, Uuid)> = notices
        .iter()
        .filter_map(|(scope, notice)| Some((scope.environment.as_str(), notice.affiliate?.0)))
        .collect();
    let (scopes, merchants): (Vec<&str>, Vec<Uuid>) = scopes.into_iter().unzip();
    let (worlds, affiliates): (Vec<&str>, Vec<Uuid>) = affiliates.into_iter().unzip();
    let rows: Vec<ListenerRow> = sqlx::query_as(
        "-- webhook_listeners
         with listener as (
             select endpoint.environment, merchant_id, endpoint_id, affiliate_id, events
             from unnest($1::text[], $2::uuid[]) as told (environment, merchant_id)
             join webhook_endpoint endpoint using (environment, merchant_id)
             union all
             select endpoint.environment, merchant_id, endpoint_id, affiliate_id, events
             from unnest($3::text[], $4::uuid[]) as told (environment, affiliate_id)
             join webhook_endpoint endpoint using (environment, affiliate_id)
         )
         select listener.* from listener
         join webhook_lane lane using (environment, merchant_id, endpoint_id)
         for key share of lane",
    )
    .bind(scopes)
    .bind(merchants)
    .bind(worlds)
    .bind(affiliates)
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &ListenerRow) -> Result<Listener, sqlx::Error> {
    let owner = row
        .affiliate_id
        .map_or(Owner::Merchant, |affiliate| Owner::Affiliate(AffiliateId(affiliate)));
    Ok(Listener {
        key: key(&row.environment, row.merchant_id, row.endpoint_id)?,
        owner,
        events: row.events.iter().filter_map(|word| Kind::parse(word)).collect(),
    })
}

/// Notes what each listener is owed of these groups, many of them in a row.
pub async fn insert(
    connection: &mut PgConnection,
    listeners: &[Listener],
    groups: &[Placed<'_>],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let mut owed: BTreeMap<(EndpointKey, Uuid), Vec<i64>> = BTreeMap::new();
    for listener in listeners {
        for (position, group) in groups {
            if group.iter().any(|told| listener.is_owed(*told)) {
                let under = group[0].0.merchant.0;
                owed.entry((listener.key, under)).or_default().push(*position);
            }
        }
    }
    let rows: Vec<(EndpointKey, Uuid, &[i64])> = owed
        .iter()
        .flat_map(|((key, under), positions)| {
            positions.chunks(GROUPS_PER_ROW_MAX).map(|part| (*key, *under, part))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let keys = Keys::of(rows.iter().map(|(key, ..)| *key));
    sqlx::query(
        "-- insert_webhook_due
         insert into webhook_due (environment, merchant_id, endpoint_id, position, positions,
                                  log_merchant_id, created_at)
         select environment, merchant_id, endpoint_id, (positions::bigint[])[1],
                positions::bigint[], log_merchant_id, $6
         from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[])
             as owed (environment, merchant_id, endpoint_id, positions, log_merchant_id)",
    )
    .bind(keys.environments)
    .bind(keys.merchants)
    .bind(keys.endpoints)
    .bind(rows.iter().map(|(_, _, positions)| array(positions)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, under, _)| *under).collect::<Vec<_>>())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// An array as Postgres reads it: arrays of unequal length make no array of arrays.
fn array(positions: &[i64]) -> String {
    let texts: Vec<String> = positions.iter().map(i64::to_string).collect();
    format!("{{{}}}", texts.join(","))
}

/// What was taken of one endpoint's.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DueRow {
    /// live or test.
    pub environment: String,
    /// The endpoint's.
    pub merchant_id: Uuid,
    /// Which endpoint.
    pub endpoint_id: Uuid,
    /// Which groups.
    pub positions: Vec<i64>,
    /// Under which merchant they stand.
    pub log_merchant_id: Uuid,
}

/// Takes the oldest groups of each of these endpoints, so many of each at most, and the rest of the
/// last one's row. Their lanes are locked.
pub async fn take(
    connection: &mut PgConnection,
    keys: Keys,
    groups_max: i64,
) -> Result<Vec<DueRow>, sqlx::Error> {
    sqlx::query_as(
        "-- take_webhook_due
         delete from webhook_due due using (
             select oldest.* from unnest($1::text[], $2::uuid[], $3::uuid[])
                 as lane (environment, merchant_id, endpoint_id)
             cross join lateral (
                 select *, sum(cardinality(positions)) over (order by position) as groups
                 from (select environment, merchant_id, endpoint_id, position, positions
                       from webhook_due
                       where environment = lane.environment and merchant_id = lane.merchant_id
                         and endpoint_id = lane.endpoint_id
                       order by position limit $4) as first
             ) as oldest
             where groups - cardinality(positions) < $4
         ) as taken
         where due.environment = taken.environment and due.merchant_id = taken.merchant_id
           and due.endpoint_id = taken.endpoint_id and due.position = taken.position
         returning due.environment, due.merchant_id, due.endpoint_id, due.positions,
                   due.log_merchant_id",
    )
    .bind(keys.environments)
    .bind(keys.merchants)
    .bind(keys.endpoints)
    .bind(groups_max)
    .fetch_all(connection)
    .await
}

/// Lets go what paused endpoints have been owed since before an instant, a few rows of each;
/// answers the endpoints with how many groups that were.
pub async fn let_go(
    connection: &mut PgConnection,
    before: OffsetDateTime,
    rows_max: i64,
) -> Result<Vec<(EndpointKey, i64)>, sqlx::Error> {
    let rows: Vec<(String, Uuid, Uuid, i64)> = sqlx::query_as(
        "-- let_webhook_due_go
         with gone as (
             delete from webhook_due due using (
                 select oldest.* from webhook_endpoint endpoint
                 cross join lateral (
                     select environment, merchant_id, endpoint_id, position, created_at
                     from webhook_due
                     where environment = endpoint.environment
                       and merchant_id = endpoint.merchant_id
                       and endpoint_id = endpoint.endpoint_id
                     order by position limit $2
                 ) as oldest
                 where endpoint.state = 'paused' and oldest.created_at < $1
             ) as old
             where due.environment = old.environment and due.merchant_id = old.merchant_id
               and due.endpoint_id = old.endpoint_id and due.position = old.position
             returning due.environment, due.merchant_id, due.endpoint_id,
                       cardinality(due.positions) as groups
         )
         select environment, merchant_id, endpoint_id, sum(groups)::bigint
         from gone group by 1, 2, 3 order by 1, 2, 3",
    )
    .bind(before)
    .bind(rows_max)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(world, merchant, id, groups)| Ok((key(&world, merchant, id)?, groups)))
        .collect()
}
