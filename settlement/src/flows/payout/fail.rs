//! Two operators take a payout for failed, when the bank's word is known and no row will come.

use super::answer::TRIES_MAX;
use super::landing::{self, Landed};
use super::{approve, clock};
use crate::domain::payout::life::{self, Event, State, Verdict};
use crate::error::Fault;
use crate::flows::actor::{Actor, note};
use crate::store::payout::{self, sent};
use jiff::Timestamp;
use serde_json::json;
use shared::id::{Environment, MerchantId};
use sqlx::PgPool;
use std::collections::HashMap;
use uuid::Uuid;

/// What an operator's word came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It is noted; another operator's word is needed.
    Asked,
    /// The same operator said so before; another one's word is needed.
    AskedBefore,
    /// It was the second word: the payout failed.
    Failed,
    /// It failed before.
    FailedBefore,
}

/// Says that a payout failed.
pub async fn run(
    pool: &PgPool,
    by: Actor,
    payout_id: Uuid,
    reason: &str,
    now: Timestamp,
) -> Result<Said, Fault> {
    let Actor::Operator(account) = by else {
        return Err(Fault::PermissionDenied("only operators may do this, two of them".to_owned()));
    };
    for _ in 1..TRIES_MAX {
        match try_once(pool, account, payout_id, reason, now).await {
            Err(fault) if fault.is_deadlock() => {
                tracing::warn!(%payout_id, "a payout met settling in its way; it is tried again");
            }
            ended => return ended,
        }
    }
    try_once(pool, account, payout_id, reason, now).await
}

async fn try_once(
    pool: &PgPool,
    account: Uuid,
    payout_id: Uuid,
    reason: &str,
    now: Timestamp,
) -> Result<Said, Fault> {
    let by = Actor::Operator(account);
    let mut transaction = pool.begin().await?;
    let carried = sent::lock_commissions(&mut transaction, &[payout_id]).await?;
    let rows = payout::lock(&mut transaction, &[payout_id]).await?;
    let row = rows.into_iter().next().ok_or(Fault::NotFound("payout"))?;
    match (approve::state(&row)?, life::step(approve::state(&row)?, Event::Fails)) {
        (State::Processing, Verdict::Move(_)) => {}
        (_, Verdict::Unchanged) => return Ok(Said::FailedBefore),
        (state, _) => {
            let what = format!("a payout that is {} cannot be taken for failed", state.word());
            return Err(Fault::Conflict(what));
        }
    }
    let environment = Environment::parse(&row.environment)
        .ok_or_else(|| Fault::Corrupt("a payout has no environment".to_owned()))?;
    let merchant = row.merchant_id.map(MerchantId);
    let at = clock::at(&mut transaction, environment, merchant, now).await?;
    let failed = match row.failure_asked_by {
        Some(first) if first == account => return Ok(Said::AskedBefore),
        Some(_) => {
            let reasons = HashMap::from([(payout_id, reason)]);
            let landed = Landed { environment, rows: vec![row], reasons, at, now };
            landing::fail(&mut transaction, &landed, &carried).await?;
            Said::Failed
        }
        None => {
            payout::ask_failure(&mut transaction, payout_id, account, reason, at).await?;
            Said::Asked
        }
    };
    let detail = json!({"reason": reason, "failed": failed == Said::Failed});
    note(&mut transaction, by, "payout.fail", &payout_id.to_string(), detail, now).await?;
    transaction.commit().await?;
    Ok(failed)
}
