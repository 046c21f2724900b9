//! A paused endpoint is sent to again: what waits on it is due at once.

use crate::domain::webhook::endpoint::EndpointKey;
use crate::store::webhook_lane;
use jiff::Timestamp;
use sqlx::PgConnection;

/// Forgets the endpoint's failures and makes what is pending on it due now, in the transaction that
/// makes it active again; answers how many deliveries that were. What was told while it was paused
/// is numbered by the next round.
pub(in crate::flows) async fn run(
    connection: &mut PgConnection,
    key: EndpointKey,
    now: Timestamp,
) -> Result<i64, sqlx::Error> {
    webhook_lane::resume(connection, key, now).await
}
