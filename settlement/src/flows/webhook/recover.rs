//! Everything of the log since an instant that did not arrive at an endpoint is owed to it again.

use super::{bodies, held_lane, log, wake};
use crate::domain::order::Scope;
use crate::domain::webhook::endpoint::{Endpoint, EndpointKey};
use crate::domain::webhook::told::Told;
use crate::error::Fault;
use crate::store::webhook_feed::{self, ToldRow};
use crate::store::webhook_lane::Locked;
use crate::store::{edge_stream, webhook_again, webhook_delivery};
use jiff::{SignedDuration, Timestamp};
use shared::validate::resource::Recovery;
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;

/// Deliveries that one call puts back on their schedule at most.
pub const REVIVED_MAX: i64 = 10_000;
/// Groups of notices that one call looks at for what has no delivery, at most.
pub const GROUPS_MAX: i64 = 5_000;

/// What a recovery did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Deliveries that had been given up and are tried again.
    pub dead: i64,
    /// Deliveries that waited for a later try and are tried now.
    pub pending: i64,
    /// Notices of types the endpoint chooses now that had no delivery, and have one.
    pub missing: u64,
    /// Where the next call goes on; `None`: all is done.
    pub next: Option<i64>,
}

/// Recovers, in the caller's transaction. What arrived is not sent again, so a second call finds
/// nothing more to do. The lane is held: nobody else numbers deliveries meanwhile.
pub async fn within(
    connection: &mut PgConnection,
    scope: Scope,
    id: Uuid,
    wish: Recovery,
    now: Timestamp,
) -> Result<Recovered, Fault> {
    let key =
        EndpointKey { environment: scope.environment, merchant: scope.merchant, endpoint: id };
    let lane = held_lane(connection, &key).await?;
    let revived = webhook_again::revive(connection, &key, wish.since, REVIVED_MAX, now).await?;
    let log = (scope.environment, scope.merchant);
    let from = match wish.from {
        Some(from) => from,
        None => log::first_since(connection, log, wish.since).await?,
    };
    let mut done =
        Recovered { dead: revived.dead, pending: revived.pending, missing: 0, next: Some(from) };
    if revived.dead + revived.pending < REVIVED_MAX {
        let span = webhook_feed::span(connection, log, from, GROUPS_MAX).await?;
        let groups = (from, span.last.unwrap_or(from));
        let told = told(connection, &lane.endpoint, groups, wish.since).await?;
        done.missing = number_missing(connection, &lane, told, groups, wish.since, now).await?;
        done.next = (span.groups == GROUPS_MAX).then_some(groups.1 + 1);
    }
    let newest = lane.last_sequence.saturating_add_unsigned(done.missing);
    wake(connection, &key, newest, now).await?;
    Ok(done)
}

/// The notices of a merchant's groups, from the first to the last, of the types an endpoint chose.
async fn told(
    connection: &mut PgConnection,
    endpoint: &Endpoint,
    groups: (i64, i64),
    since: Timestamp,
) -> Result<Vec<Told>, Fault> {
    let log = (endpoint.key.environment, endpoint.key.merchant);
    let chosen: Vec<&str> = endpoint.events.iter().map(|kind| kind.as_str()).collect();
    let rows = webhook_feed::chosen(connection, log, groups, since, &chosen).await?;
    let told: Option<Vec<Told>> = rows.into_iter().map(ToldRow::told).collect();
    told.ok_or_else(|| Fault::Corrupt("a notice is of no known type".to_owned()))
}

/// Of notices in groups from the first to the last, numbers on a held lane, after its newest
/// delivery, those that have no delivery on it and are not owed to it; answers how many.
pub(in crate::flows) async fn number_missing(
    connection: &mut PgConnection,
    lane: &Locked,
    mut told: Vec<Told>,
    groups: (i64, i64),
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, Fault> {
    let key = lane.endpoint.key;
    // A delivery is numbered after its notice was written, by clocks that may differ.
    let about = since.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    let numbered: HashSet<i64> =
        webhook_feed::numbered(connection, &key, groups, about).await?.into_iter().collect();
    let owed: HashSet<i64> =
        webhook_feed::owed(connection, &key, groups).await?.into_iter().collect();
    told.retain(|one| !numbered.contains(&one.position) && !owed.contains(&(one.position / 256)));
    if told.is_empty() {
        return Ok(0);
    }
    let first = lane.last_sequence + 1;
    let written = bodies::write(connection, &lane.endpoint, &told, first).await?;
    let written: Vec<_> = written.into_iter().map(|one| (key, one)).collect();
    edge_stream::ensure_month_partition(connection, "webhook_delivery", now).await?;
    Ok(webhook_delivery::insert(connection, &written, now).await?)
}
