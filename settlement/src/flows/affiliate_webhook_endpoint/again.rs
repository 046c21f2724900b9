//! What did not arrive at an affiliate's endpoint is sent again.

use super::{Desk, find, key_of, log};
use crate::error::Fault;
use crate::flows::webhook::recover::{self, Recovered};
use crate::flows::webhook::resend;
use crate::store::webhook_read::DeliveryRow;
use jiff::SignedDuration;
use shared::validate::resource::{RECOVER_DAYS_MAX, Recovery};
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

/// Recovers what was told since an instant and did not arrive, as for a merchant's endpoint: what
/// was given up or waits is due now, and what has no delivery gets one. Call again from `next`
/// until there is none.
pub async fn recover(desk: Desk<'_>, id: Uuid, wish: Recovery) -> Result<Recovered, Fault> {
    let oldest = desk.now.saturating_sub(SignedDuration::from_hours(RECOVER_DAYS_MAX * 24));
    if wish.since > desk.now || oldest.is_ok_and(|oldest| wish.since < oldest) {
        let sentence = format!("since must be within the last {RECOVER_DAYS_MAX} days");
        return Err(Fault::invalid(sentence));
    }
    let mut transaction = desk.pool.begin().await?;
    let row = find(&mut transaction, desk.actor, id).await?;
    let done = recover::within(&mut transaction, &key_of(&row)?, wish, desk.now).await?;
    log(&mut transaction, desk, "webhook_endpoint.recover", &row).await?;
    transaction.commit().await?;
    Ok(done)
}
