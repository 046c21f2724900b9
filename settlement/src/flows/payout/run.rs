//! A run: all open lines up to a cut-off become drafts, per affiliate and currency.

use super::due::DRAIN_SECONDS;
use super::{clock, drained};
use crate::domain::clock::later;
use crate::domain::payout::drain::Verdict;
use crate::domain::payout::plan::{self, Draft, Plan};
use crate::error::{Fault, broken_constraint};
use crate::flows::actor::{Actor, note};
use crate::secrets::draw;
use crate::store::instant;
use crate::store::payout::run::{self as store, RunRow};
use crate::store::payout::{self, line, open};
use crate::store::settling;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use shared::id::{AffiliateId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A run to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRun {
    /// In which world.
    pub environment: Environment,
    /// Whose, in test; in live a run is the network's.
    pub merchant: Option<MerchantId>,
    /// Up to when lines count, in the time of the environment.
    pub cut_off: Timestamp,
    /// The schedule's instant it is made for.
    pub scheduled: Option<Timestamp>,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// It drafted payouts, or found that none is due.
    Drafted(Drafted),
    /// Another run is being made this very moment; it takes the lines.
    AnotherRuns,
    /// The instant of the schedule has its run.
    InstantTaken,
}

/// What a run drafted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drafted {
    /// Its id.
    pub run: Uuid,
    /// How many payouts.
    pub payouts: usize,
    /// How many lines they have.
    pub lines: usize,
    /// Whose lines stay open, and what they come to.
    pub carried: Vec<(AffiliateId, Currency, Decimal)>,
    /// Merchants that were left out, with why.
    pub left_out: Vec<(MerchantId, &'static str)>,
}

/// The cut-off of a run made by hand that names none: in live so long ago that the edge was heard
/// since; in test as far as the merchant's edge was heard, by the merchant's own clock.
pub async fn usual_cut_off(
    pool: &PgPool,
    environment: Environment,
    merchant: Option<MerchantId>,
    now: Timestamp,
) -> Result<Timestamp, Fault> {
    let (Environment::Test, Some(merchant)) = (environment, merchant) else {
        return Ok(later(now, -DRAIN_SECONDS));
    };
    let mut connection = pool.acquire().await?;
    let at = clock::at(&mut connection, environment, Some(merchant), now).await?;
    let heard = drained::heard(&mut connection, merchant).await?;
    Ok(heard.map_or(at, |heard| heard.min(at)))
}

/// Drafts payouts of everything that is open at the cut-off.
pub async fn run(pool: &PgPool, by: Actor, new: NewRun, now: Timestamp) -> Result<Ran, Fault> {
    by.may_operate()?;
    let mut transaction = pool.begin().await?;
    let ran = within(&mut transaction, by, new, now).await?;
    match ran {
        Ran::Drafted(_) => transaction.commit().await?,
        // Dropped, it would keep the right to make runs a little longer.
        Ran::AnotherRuns | Ran::InstantTaken => transaction.rollback().await?,
    }
    Ok(ran)
}

/// The same in the caller's transaction, which is to be given up unless something was drafted.
pub(super) async fn within(
    connection: &mut PgConnection,
    by: Actor,
    new: NewRun,
    now: Timestamp,
) -> Result<Ran, Fault> {
    if (new.environment == Environment::Test) != new.merchant.is_some() {
        return Err(Fault::invalid("a test run is one merchant's, a live run the whole network's"));
    }
    let environment = new.environment.as_str();
    if !store::try_lock(connection, environment, new.merchant.map(|id| id.0)).await? {
        return Ok(Ran::AnotherRuns);
    }
    let at = clock::at(connection, new.environment, new.merchant, now).await?;
    if new.cut_off > at {
        return Err(Fault::invalid("the cut-off is in the future"));
    }
    let (plan, left_out) = gather(connection, new).await?;
    let row = RunRow {
        run_id: draw::id(now),
        environment: environment.to_owned(),
        merchant_id: new.merchant.map(|id| id.0),
        cut_off_at: instant::to_row(new.cut_off),
        scheduled_at: new.scheduled.map(instant::to_row),
        state: "open".to_owned(),
        left_out: left_out.iter().map(shown).collect(),
        created_by: by.account(),
    };
    if store::insert(connection, &row, now).await.map_err(unknown)? != 1 {
        return Ok(Ran::InstantTaken);
    }
    match draft(connection, &row, new.merchant, &plan.drafts, at).await {
        Err(Fault::Store(cause)) if broken_constraint(&cause) == Some("payout_line_held") => {
            return Ok(Ran::AnotherRuns);
        }
        other => other?,
    }
    let drafted = Drafted {
        run: row.run_id,
        payouts: plan.drafts.len(),
        lines: plan.drafts.iter().map(|draft| draft.lines.len()).sum(),
        carried: plan.carried,
        left_out,
    };
    let detail = json!({
        "environment": environment,
        "cutOff": shared::time::format_instant(new.cut_off),
        "payouts": drafted.payouts,
        "lines": drafted.lines,
        "leftOut": drafted.left_out.len(),
    });
    note(connection, by, "payout.run", &row.run_id.to_string(), detail, now).await?;
    Ok(Ran::Drafted(drafted))
}

/// Every open line of drained merchants, planned; and the merchants that were left out.
async fn gather(
    connection: &mut PgConnection,
    new: NewRun,
) -> Result<(Plan, Vec<(MerchantId, &'static str)>), Fault> {
    let (environment, merchant) = (new.environment.as_str(), new.merchant.map(|id| id.0));
    settling::go_by_keys(connection).await?;
    let mut lines = open::lock_commissions(connection, environment, merchant, new.cut_off).await?;
    lines.extend(open::items(connection, environment, merchant, new.cut_off).await?);
    let merchants: BTreeSet<MerchantId> = lines.iter().map(|line| line.merchant).collect();
    let drained = drained::judge(connection, new.environment, &merchants, new.cut_off).await?;
    lines.retain(|line| drained.get(&line.merchant) == Some(&Verdict::Drained));
    let left_out =
        drained.into_iter().filter_map(|(merchant, verdict)| Some((merchant, verdict.why()?)));
    let minimums = open::minimums(connection, environment).await?;
    Ok((plan::plan(lines, &minimums), left_out.collect()))
}

async fn draft(
    connection: &mut PgConnection,
    row: &RunRow,
    merchant: Option<MerchantId>,
    drafts: &[Draft],
    at: Timestamp,
) -> Result<(), Fault> {
    let drafts: Vec<(Uuid, &Draft)> = drafts.iter().map(|draft| (draw::id(at), draft)).collect();
    payout::insert(connection, row, merchant, &drafts, at).await?;
    line::insert(connection, &row.environment, &drafts).await?;
    Ok(())
}

fn unknown(cause: sqlx::Error) -> Fault {
    match broken_constraint(&cause) {
        Some("payout_run_merchant_fk") => Fault::NotFound("merchant"),
        _ => cause.into(),
    }
}

fn shown((merchant, why): &(MerchantId, &'static str)) -> Value {
    json!({"merchantId": merchant.0, "why": why})
}
