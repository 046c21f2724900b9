//! An operator agrees with drafts: their lines as they are now, and where the money goes.

use super::{Taken, Which, clock, files};
use crate::domain::payout::life::{self, Event, State, Verdict};
use crate::domain::payout::plan;
use crate::error::Fault;
use crate::flows::actor::{Actor, note};
use crate::store::payout::{self, PayoutRow, open};
use jiff::Timestamp;
use serde_json::json;
use shared::id::{Environment, MerchantId};
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Approves a draft, or all drafts of a run.
pub async fn run(pool: &PgPool, by: Actor, which: Which, now: Timestamp) -> Result<Taken, Fault> {
    by.may_operate()?;
    let mut transaction = pool.begin().await?;
    let taken = within(&mut transaction, by, which, now).await?;
    transaction.commit().await?;
    Ok(taken)
}

/// The same in the caller's transaction.
pub(super) async fn within(
    connection: &mut PgConnection,
    by: Actor,
    which: Which,
    now: Timestamp,
) -> Result<Taken, Fault> {
    let rows = lock(connection, which).await?;
    let environment = rows.first().and_then(|row| Environment::parse(&row.environment));
    let environment = environment.ok_or(Fault::NotFound("payout"))?;
    let minimums = open::minimums(connection, environment.as_str()).await?;
    let mut taken = Taken::default();
    let mut approved: Vec<&PayoutRow> = Vec::new();
    for row in &rows {
        let currency = Currency::parse(&row.currency);
        let enough = currency.is_some_and(|c| plan::is_paid(c, row.amount, &minimums));
        match life::step(state(row)?, Event::Approve) {
            Verdict::Move(_) if enough => approved.push(row),
            Verdict::Unchanged => taken.unchanged += 1,
            Verdict::Move(_) | Verdict::Denied | Verdict::Alarm | Verdict::Impossible => {
                taken.denied += 1;
            }
        }
    }
    let ids: Vec<Uuid> = approved.iter().map(|row| row.payout_id).collect();
    let merchant = rows.first().and_then(|row| row.merchant_id).map(MerchantId);
    let at = clock::at(connection, environment, merchant, now).await?;
    let touched = payout::approve(connection, &ids, by.account(), at).await?;
    if touched != ids.len() as u64 {
        return Err(Fault::Corrupt("a locked draft was no draft".to_owned()));
    }
    files::freeze_methods(connection, &approved).await?;
    taken.moved = ids.len();
    let detail = json!({"payouts": ids.len()});
    note(connection, by, "payout.approve", &which.subject(), detail, now).await?;
    Ok(taken)
}

/// Locks the payouts a step is about, in their order.
pub(super) async fn lock(
    connection: &mut PgConnection,
    which: Which,
) -> Result<Vec<PayoutRow>, Fault> {
    let ids = match which {
        Which::Payout(id) => vec![id],
        Which::Run(run) => {
            let rows = payout::of_run(connection, run).await?;
            rows.into_iter().map(|row| row.payout_id).collect()
        }
    };
    let rows = payout::lock(connection, &ids).await?;
    if rows.is_empty() { Err(Fault::NotFound("payout")) } else { Ok(rows) }
}

/// Where a payout stands.
pub(super) fn state(row: &PayoutRow) -> Result<State, Fault> {
    State::parse(&row.state)
        .ok_or_else(|| Fault::Corrupt(format!("payout {} has no known state", row.payout_id)))
}
