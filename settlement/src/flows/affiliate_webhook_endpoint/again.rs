//! What did not arrive at an affiliate's endpoint is sent again.

use super::{Desk, find, key_of, log};
use crate::error::Fault;
use crate::flows::webhook::{recover, resend};
use crate::store::webhook_again::{self, RevivedRow};
use crate::store::webhook_lane;
use crate::store::webhook_read::DeliveryRow;
use jiff::{SignedDuration, Timestamp};
use shared::validate::resource::RECOVER_DAYS_MAX;
use uuid::Uuid;

/// Makes one delivery due now, whatever became of it: the same id, the same body.
pub async fn resend(desk: Desk<'_>, id: Uuid, sequence: i64) -> Result<DeliveryRow, Fault> {
    let mut transaction = desk.pool.begin().await?;
    let row = find(&mut transaction, desk.actor, id).await?;
    let key = key_of(&row)?;
    let delivery = resend::within(&mut transaction, &key, sequence, desk.now).await?;
    log(&mut transaction, desk, "webhook_endpoint.resend", &row).await?;
    transaction.commit().await?;
    Ok(delivery)
}

/// Makes due now what was numbered since an instant and did not arrive, oldest first, so many at
/// most as one call does; call again until there is none.
pub async fn recover(desk: Desk<'_>, id: Uuid, since: Timestamp) -> Result<RevivedRow, Fault> {
    let oldest = desk.now.saturating_sub(SignedDuration::from_hours(RECOVER_DAYS_MAX * 24));
    if since > desk.now || oldest.is_ok_and(|oldest| since < oldest) {
        let sentence = format!("since must be within the last {RECOVER_DAYS_MAX} days");
        return Err(Fault::invalid(sentence));
    }
    let mut transaction = desk.pool.begin().await?;
    let row = find(&mut transaction, desk.actor, id).await?;
    let key = key_of(&row)?;
    let lane = webhook_lane::lock(&mut transaction, key).await?;
    let lane = lane.ok_or(Fault::NotFound("webhook endpoint"))?;
    let (most, now) = (recover::REVIVED_MAX, desk.now);
    let revived = webhook_again::revive(&mut transaction, &key, since, most, now).await?;
    webhook_lane::advance(&mut transaction, &[(key, lane.last_sequence)], now).await?;
    log(&mut transaction, desk, "webhook_endpoint.recover", &row).await?;
    transaction.commit().await?;
    Ok(revived)
}
