//! Ends return windows whose time has come, on each merchant's own clock.

use super::settle_events::Progress;
use crate::domain::clock::Clock;
use crate::domain::commission::{Commission, Steps};
use crate::domain::order::Scope;
use crate::store::commission::{self, CommissionRow};
use crate::store::terms::{self, unknown};
use crate::store::{instant, ledger, webhook_event};
use jiff::Timestamp;
use shared::id::{ConversionId, Environment, MerchantId};
use sqlx::PgPool;

/// Commissions released in one transaction at most.
pub const RELEASED_MAX: i64 = 2_000;

/// Releases one batch. Each release takes effect at its own `hold_until`, whenever this runs.
pub async fn run_once(pool: &PgPool, now: Timestamp) -> Result<Progress, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let rows = commission::lock_due(&mut transaction, instant::to_row(now), RELEASED_MAX).await?;
    if rows.is_empty() {
        return Ok(Progress::Idle);
    }
    let merchants: Vec<_> = rows.iter().map(|row| row.merchant_id).collect();
    let clocks = terms::clocks(&mut transaction, &merchants).await?;
    let mut released: Vec<(Scope, Commission, Steps)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let (scope, mut commission) = read(row)?;
        let clock = match scope.environment {
            Environment::Test => clocks.get(&scope.merchant.0).cloned().unwrap_or_default(),
            Environment::Live => Clock::default(),
        };
        let mut steps = Steps::default();
        if commission.release_if_due(clock.at(now), &mut steps) {
            released.push((scope, commission, steps));
        }
    }
    let changed: Vec<_> = released.iter().map(|(scope, c, _)| (*scope, c)).collect();
    commission::update(&mut transaction, &changed).await?;
    let transfers: Vec<_> = released
        .iter()
        .flat_map(|(scope, _, steps)| steps.transfers.iter().map(|t| (*scope, t)))
        .collect();
    ledger::post(&mut transaction, &transfers, instant::to_row(now)).await?;
    let notices: Vec<_> = released
        .iter()
        .flat_map(|(scope, _, steps)| steps.notices.iter().map(|n| (*scope, n)))
        .collect();
    webhook_event::insert(&mut transaction, &notices, instant::to_row(now)).await?;
    transaction.commit().await?;
    Ok(Progress::Settled(released.len()))
}

fn read(row: &CommissionRow) -> Result<(Scope, Commission), sqlx::Error> {
    let wrong = |what: &str| unknown("commission", what);
    let environment =
        Environment::parse(&row.environment).ok_or_else(|| wrong(&row.environment))?;
    let id = ConversionId::parse(&row.conversion_id).ok_or_else(|| wrong(&row.conversion_id))?;
    let scope = Scope { environment, merchant: MerchantId(row.merchant_id) };
    Ok((scope, row.read(id)?))
}
