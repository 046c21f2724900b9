//! One delivery is put back on its schedule, whatever became of it.

use super::{delivery, held_lane, kept_since, wake};
use crate::domain::webhook::endpoint::EndpointKey;
use crate::error::Fault;
use crate::store::webhook_again;
use crate::store::webhook_read::DeliveryRow;
use jiff::Timestamp;
use sqlx::PgConnection;

/// Makes a delivery due now, in the caller's transaction: the same id, the same body, tries from
/// the beginning; its attempts are counted on. While its endpoint is paused it waits.
pub async fn within(
    connection: &mut PgConnection,
    key: &EndpointKey,
    sequence: i64,
    now: Timestamp,
) -> Result<DeliveryRow, Fault> {
    let newest = held_lane(connection, key).await?.last_sequence;
    let since = kept_since(now);
    if webhook_again::resend(connection, key, sequence, since, now).await? != 1 {
        return Err(Fault::NotFound("webhook delivery"));
    }
    wake(connection, key, newest, now).await?;
    delivery(connection, key, sequence, now).await
}
