//! Everything of the log since an instant that did not arrive at an endpoint is owed to it again.

use super::{bodies, held_lane, log};
use crate::domain::order::Scope;
use crate::domain::webhook::endpoint::{Endpoint, EndpointKey, Format, Owner};
use crate::domain::webhook::told::Told;
use crate::error::Fault;
use crate::flows::webhook_endpoint;
use crate::store::webhook_feed::{self, ToldRow};
use crate::store::{edge_stream, webhook_again};
use jiff::Timestamp;
use shared::validate::resource::{EventType, Recovery};
use sqlx::PgConnection;
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
    let newest = held_lane(connection, &key).await?;
    let chosen = webhook_endpoint::find(connection, scope, id).await?.events;
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
        let last = span.last.unwrap_or(from);
        let kinds: Vec<&str> = chosen.iter().map(String::as_str).collect();
        let rows =
            webhook_feed::missing(connection, &key, (from, last), wish.since, &kinds).await?;
        done.missing = number(connection, &key, &chosen, rows, newest, now).await?;
        done.next = (span.groups == GROUPS_MAX).then_some(last + 1);
    }
    let newest = newest.saturating_add_unsigned(done.missing);
    webhook_again::wake(connection, &key, newest, now).await?;
    Ok(done)
}

/// Numbers deliveries of notices after the newest one; answers how many.
async fn number(
    connection: &mut PgConnection,
    key: &EndpointKey,
    chosen: &[String],
    rows: Vec<ToldRow>,
    newest: i64,
    now: Timestamp,
) -> Result<u64, Fault> {
    let told: Option<Vec<Told>> = rows.into_iter().map(ToldRow::told).collect();
    let told = told.ok_or_else(|| Fault::Corrupt("a notice is of no known type".to_owned()))?;
    if told.is_empty() {
        return Ok(0);
    }
    let endpoint = Endpoint {
        key: *key,
        owner: Owner::Merchant,
        events: chosen.iter().filter_map(|word| EventType::parse(word)).collect(),
        format: Format::Khata,
    };
    let written = bodies::write(connection, &endpoint, &told, newest + 1).await?;
    edge_stream::ensure_month_partition(connection, "webhook_delivery", now).await?;
    Ok(webhook_again::insert(connection, key, &written, now).await?)
}
