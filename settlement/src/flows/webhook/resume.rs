//! A paused endpoint is sent to again: what waits on it is due at once.

use super::{held_lane, kept_since};
use crate::domain::webhook::endpoint::EndpointKey;
use crate::error::Fault;
use crate::store::webhook_lane;
use jiff::Timestamp;
use sqlx::PgConnection;

/// Forgets the endpoint's failures and makes what is pending on it due now, in the transaction that
/// makes it active again; what is no longer kept is given up. What was told while it was paused is
/// numbered by the next round.
pub(in crate::flows) async fn run(
    connection: &mut PgConnection,
    key: EndpointKey,
    now: Timestamp,
) -> Result<(), Fault> {
    // First: whoever records attempts holds the lane, and then touches its deliveries.
    held_lane(connection, &key).await?;
    match webhook_lane::resume(connection, key, kept_since(now), now).await? {
        1 => Ok(()),
        _ => Err(Fault::Corrupt("an endpoint has no lane".to_owned())),
    }
}
