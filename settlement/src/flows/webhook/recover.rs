//! Everything of the log since an instant that did not arrive at an endpoint is owed to it again.

use super::{bodies, held_lane, log, wake};
use crate::domain::webhook::endpoint::{Endpoint, EndpointKey, Owner};
use crate::domain::webhook::owed::concerns;
use crate::domain::webhook::place::group_of;
use crate::domain::webhook::told::Told;
use crate::error::Fault;
use crate::store::webhook_feed::SpanRow;
use crate::store::webhook_group::Group;
use crate::store::webhook_lane::Locked;
use crate::store::{affiliate_log, edge_stream, webhook_again, webhook_delivery, webhook_feed};
use jiff::{SignedDuration, Timestamp};
use shared::id::{Environment, MerchantId};
use shared::validate::resource::Recovery;
use sqlx::PgConnection;
use std::collections::HashSet;

/// Deliveries that one call puts back on their schedule, or makes, at most.
pub const DELIVERIES_MAX: i64 = 10_000;
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
    key: &EndpointKey,
    wish: Recovery,
    now: Timestamp,
) -> Result<Recovered, Fault> {
    let lane = held_lane(connection, key).await?;
    let revived = webhook_again::revive(connection, key, wish.since, DELIVERIES_MAX, now).await?;
    let logs = Logs::of(connection, &lane.endpoint).await?;
    let from = match wish.from {
        Some(from) => from,
        None => logs.first_since(connection, wish.since).await?,
    };
    let mut done =
        Recovered { dead: revived.dead, pending: revived.pending, missing: 0, next: Some(from) };
    let left = DELIVERIES_MAX - revived.dead - revived.pending;
    if left > 0 {
        let span = logs.span(connection, from).await?;
        let groups = (from, span.last.unwrap_or(from));
        let mut told = missing(connection, &lane.endpoint, &logs, groups, wish.since).await?;
        // What is cut off begins a later call, which finds the rest of its group numbered.
        let cut = usize::try_from(left).ok().and_then(|left| told.get(left));
        let end = (span.groups >= GROUPS_MAX).then_some(groups.1 + 1);
        done.next = cut.map(|first| group_of(first.position)).or(end);
        told.truncate(usize::try_from(left).unwrap_or(0));
        done.missing = number(connection, &lane, &told, now).await?;
    }
    let newest = lane.last_sequence.saturating_add_unsigned(done.missing);
    wake(connection, key, newest, now).await?;
    Ok(done)
}

/// Where an endpoint's notices are written.
enum Logs {
    /// In its merchant's log.
    Merchant(Environment, MerchantId),
    /// In those of the affiliate's merchants, and beside them.
    Affiliate(affiliate_log::Logs),
}

impl Logs {
    async fn of(connection: &mut PgConnection, endpoint: &Endpoint) -> Result<Self, Fault> {
        let EndpointKey { environment, merchant, .. } = endpoint.key;
        Ok(match endpoint.owner {
            Owner::Merchant => Self::Merchant(environment, merchant),
            Owner::Affiliate(affiliate) => {
                Self::Affiliate(affiliate_log::logs(connection, environment, affiliate).await?)
            }
        })
    }

    async fn first_since(
        &self,
        connection: &mut PgConnection,
        since: Timestamp,
    ) -> Result<i64, Fault> {
        match self {
            Self::Merchant(environment, merchant) => {
                log::first_since(connection, (*environment, *merchant), since).await
            }
            Self::Affiliate(logs) => {
                // What is still being written then is owed with its own commit.
                let bound = webhook_feed::newest_given_out(connection).await?.saturating_add(1);
                log::first_of_all(connection, logs, since, bound).await
            }
        }
    }

    async fn span(&self, connection: &mut PgConnection, from: i64) -> Result<SpanRow, sqlx::Error> {
        match self {
            Self::Merchant(environment, merchant) => {
                webhook_feed::span(connection, (*environment, *merchant), from, GROUPS_MAX).await
            }
            Self::Affiliate(logs) => {
                affiliate_log::span(connection, logs, (from, i64::MAX), GROUPS_MAX).await
            }
        }
    }

    async fn between(
        &self,
        connection: &mut PgConnection,
        groups: (i64, i64),
        since: Timestamp,
    ) -> Result<Vec<Group>, sqlx::Error> {
        match self {
            Self::Merchant(environment, merchant) => {
                webhook_feed::between(connection, (*environment, *merchant), groups, since).await
            }
            Self::Affiliate(logs) => affiliate_log::between(connection, logs, groups, since).await,
        }
    }
}

/// Of the notices in groups from the first to the last, those that an endpoint chooses, has no
/// delivery of and is not owed.
async fn missing(
    connection: &mut PgConnection,
    endpoint: &Endpoint,
    logs: &Logs,
    groups: (i64, i64),
    since: Timestamp,
) -> Result<Vec<Told>, Fault> {
    let (key, owner) = (&endpoint.key, endpoint.owner);
    let written = logs.between(connection, groups, since).await?;
    // A delivery is numbered after its notice was written, by clocks that may differ.
    let about = since.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    let numbered: HashSet<i64> =
        webhook_feed::numbered(connection, key, groups, about).await?.into_iter().collect();
    let owed: HashSet<i64> =
        webhook_feed::owed(connection, key, groups).await?.into_iter().collect();
    let others = written.into_iter().filter(|group| !owed.contains(&group.position));
    let is_missing = |one: &Told| {
        endpoint.events.contains(&one.kind)
            && concerns(owner, one.merchant, one.affiliate, one.kind)
            && !numbered.contains(&one.position)
    };
    Ok(others.flat_map(|group| group.told).filter(is_missing).collect())
}

/// Numbers deliveries of notices on a held lane, after its newest one; answers how many.
async fn number(
    connection: &mut PgConnection,
    lane: &Locked,
    told: &[Told],
    now: Timestamp,
) -> Result<u64, Fault> {
    if told.is_empty() {
        return Ok(0);
    }
    let (key, first) = (lane.endpoint.key, lane.last_sequence + 1);
    let written = bodies::write(connection, &lane.endpoint, told, first).await?;
    let written: Vec<_> = written.into_iter().map(|one| (key, one)).collect();
    edge_stream::ensure_month_partition(connection, "webhook_delivery", now).await?;
    Ok(webhook_delivery::insert(connection, &written, now).await?)
}
