//! An operator gives unsent payouts up; their lines are open again for the next run.

use super::{Taken, Which, approve};
use crate::domain::payout::life::{self, Event, Verdict};
use crate::error::Fault;
use crate::flows::actor::{Actor, note};
use crate::store::payout::{self, line};
use jiff::Timestamp;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

/// Cancels an unsent payout, or all of a run.
pub async fn run(
    pool: &PgPool,
    by: Actor,
    which: Which,
    reason: &str,
    now: Timestamp,
) -> Result<Taken, Fault> {
    by.may_operate()?;
    let mut transaction = pool.begin().await?;
    let mut taken = Taken::default();
    let mut ids: Vec<Uuid> = Vec::new();
    for row in approve::lock(&mut transaction, which).await? {
        match life::step(approve::state(&row)?, Event::Cancel) {
            Verdict::Move(_) => ids.push(row.payout_id),
            Verdict::Unchanged => taken.unchanged += 1,
            Verdict::Denied | Verdict::Alarm | Verdict::Impossible => taken.denied += 1,
        }
    }
    taken.moved = ids.len();
    if payout::cancel(&mut transaction, &ids, reason).await? != ids.len() as u64 {
        return Err(Fault::Corrupt("a locked payout was sent".to_owned()));
    }
    line::release(&mut transaction, &ids).await?;
    let detail = json!({"reason": reason, "payouts": ids.len()});
    note(&mut transaction, by, "payout.cancel", &which.subject(), detail, now).await?;
    transaction.commit().await?;
    Ok(taken)
}
