//! Notices on their way to endpoints.

pub mod bodies;
pub mod deliver;
pub mod drop_old;
pub mod fan_out;
pub mod feed;
pub(in crate::flows) mod log;
pub mod mark_log;
pub mod pause;
pub mod recover;
pub mod resend;
pub mod resume;
pub mod rotate_secret;
pub mod test_delivery;

use crate::domain::webhook::endpoint::EndpointKey;
use crate::error::Fault;
use crate::store::webhook_again;
use crate::store::webhook_lane::{self, Locked};
use crate::store::webhook_read::{self, DeliveryFilter, DeliveryRow};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;

/// How long deliveries and their attempts are kept.
pub const DELIVERIES_KEPT_DAYS: i64 = 90;

/// The first instant of what is still kept.
pub fn kept_since(now: Timestamp) -> Timestamp {
    let kept = SignedDuration::from_hours(DELIVERIES_KEPT_DAYS * 24);
    now.saturating_sub(kept).unwrap_or(Timestamp::MIN)
}

/// Holds a lane until the transaction ends: nobody else numbers deliveries on it.
pub(in crate::flows) async fn held_lane(
    connection: &mut PgConnection,
    key: &EndpointKey,
) -> Result<Locked, Fault> {
    let lane = webhook_lane::lock(connection, *key).await?;
    lane.ok_or(Fault::NotFound("webhook endpoint"))
}

/// A held lane has something to send now, and so many deliveries: it is tried at once.
pub(in crate::flows) async fn wake(
    connection: &mut PgConnection,
    key: &EndpointKey,
    last_sequence: i64,
    now: Timestamp,
) -> Result<(), Fault> {
    webhook_again::end_rest(connection, key).await?;
    webhook_lane::advance(connection, &[(*key, last_sequence)], now).await?;
    Ok(())
}

/// A delivery that is there, and is still kept.
pub async fn delivery(
    connection: &mut PgConnection,
    key: &EndpointKey,
    sequence: i64,
    now: Timestamp,
) -> Result<DeliveryRow, Fault> {
    let filter = DeliveryFilter {
        key: *key,
        sequence: Some(sequence),
        state: None,
        kind: None,
        since: kept_since(now),
        until: None,
        below: None,
        rows_max: 1,
    };
    let found = webhook_read::deliveries(connection, &filter).await?.pop();
    found.ok_or(Fault::NotFound("webhook delivery"))
}
