//! Ends return windows whose time has come, on each merchant's own clock, and scores the risk of
//! what is approved.

use super::settle_events::Progress;
use super::{risk_facts, write_steps};
use crate::domain::clock::Clock;
use crate::domain::commission::{Commission, Steps};
use crate::domain::order::Scope;
use crate::store::commission::{self, CommissionRow};
use crate::store::instant;
use crate::store::settling::go_by_keys;
use crate::store::terms::{self, unknown};
use jiff::Timestamp;
use shared::id::{ConversionId, Environment, MerchantId};
use sqlx::{PgConnection, PgPool};
use std::collections::HashMap;
use uuid::Uuid;

/// Commissions released in one transaction at most.
pub const RELEASED_MAX: i64 = 2_000;

/// Releases one batch. Each release takes effect at its own `hold_until`, whenever this runs; a
/// score that was still due takes effect now.
pub async fn run_once(pool: &PgPool, now: Timestamp) -> Result<Progress, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let rows = commission::lock_due(&mut transaction, instant::to_row(now), RELEASED_MAX).await?;
    if rows.is_empty() {
        return Ok(Progress::Idle);
    }
    go_by_keys(&mut transaction).await?;
    let merchants: Vec<_> = rows.iter().map(|row| row.merchant_id).collect();
    let clocks = Clocks::load(&mut transaction, &merchants).await?;
    let mut due = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    risk_facts::show(&mut transaction, &mut due, |scope| clocks.of(scope)).await?;
    let mut released: Vec<(Scope, Commission, Steps)> = Vec::with_capacity(due.len());
    for (scope, mut commission) in due {
        let mut steps = Steps::default();
        if release(&mut commission, clocks.of(scope).at(now), &mut steps) {
            released.push((scope, commission, steps));
        }
    }
    write_steps::run(&mut transaction, &released, now).await?;
    transaction.commit().await?;
    Ok(Progress::Settled(released.len()))
}

fn release(commission: &mut Commission, now: Timestamp, steps: &mut Steps) -> bool {
    if commission.release_if_due(now, steps) {
        return true;
    }
    let due = commission.risk.due;
    commission.score(now, steps);
    due
}

/// Merchants' clocks in both environments.
pub(super) struct Clocks(HashMap<Uuid, Clock>);

impl Clocks {
    pub(super) async fn load(
        connection: &mut PgConnection,
        merchants: &[Uuid],
    ) -> Result<Self, sqlx::Error> {
        terms::clocks(connection, merchants).await.map(Self)
    }

    pub(super) fn of(&self, scope: Scope) -> Clock {
        match scope.environment {
            Environment::Test => self.0.get(&scope.merchant.0).cloned().unwrap_or_default(),
            Environment::Live => Clock::default(),
        }
    }
}

fn read(row: &CommissionRow) -> Result<(Scope, Commission), sqlx::Error> {
    let wrong = |what: &str| unknown("commission", what);
    let environment =
        Environment::parse(&row.environment).ok_or_else(|| wrong(&row.environment))?;
    let id = ConversionId::parse(&row.conversion_id).ok_or_else(|| wrong(&row.conversion_id))?;
    let scope = Scope { environment, merchant: MerchantId(row.merchant_id) };
    Ok((scope, row.read(id)?))
}
