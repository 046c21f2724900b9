//! What did not arrive at an affiliate's endpoint is sent again.

use super::{Desk, concerning, find, key_of, log};
use crate::error::Fault;
use crate::flows::webhook::log::first_of_all;
use crate::flows::webhook::recover::{self, GROUPS_MAX, Recovered};
use crate::flows::webhook::{held_lane, resend, wake};
use crate::store::webhook_read::DeliveryRow;
use crate::store::{affiliate_log, webhook_again};
use jiff::SignedDuration;
use shared::id::AffiliateId;
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
    let key = key_of(&row)?;
    let lane = held_lane(&mut transaction, &key).await?;
    let (most, now) = (recover::REVIVED_MAX, desk.now);
    let revived = webhook_again::revive(&mut transaction, &key, wish.since, most, now).await?;
    let (dead, pending) = (revived.dead, revived.pending);
    let mut done = Recovered { dead, pending, missing: 0, next: Some(wish.from.unwrap_or(0)) };
    if revived.dead + revived.pending < most {
        let affiliate = AffiliateId(row.affiliate_id);
        let logs = affiliate_log::logs(&mut transaction, key.environment, affiliate).await?;
        let from = match wish.from {
            Some(from) => from,
            None => first_of_all(&mut transaction, &logs, wish.since).await?,
        };
        let span = affiliate_log::span(&mut transaction, &logs, (from, i64::MAX), GROUPS_MAX);
        let span = span.await?;
        let groups = (from, span.last.unwrap_or(from));
        let rows = affiliate_log::told(&mut transaction, &logs, groups, wish.since).await?;
        let told = concerning(affiliate, rows)?;
        done.missing =
            recover::number_missing(&mut transaction, &lane, told, groups, wish.since, now).await?;
        done.next = (span.groups >= GROUPS_MAX).then_some(groups.1 + 1);
    }
    let newest = lane.last_sequence.saturating_add_unsigned(done.missing);
    wake(&mut transaction, &key, newest, now).await?;
    log(&mut transaction, desk, "webhook_endpoint.recover", &row).await?;
    transaction.commit().await?;
    Ok(done)
}
