//! A bank's answers are taken in: a file at once, each row once, whatever else is in it. A row that
//! came too early, or did not match, is judged again when its file comes again.

use super::clock;
use super::landing::{self, Landed};
use crate::domain::payout::bank::{self, Known, Outcome};
use crate::domain::payout::life::State;
use crate::domain::payout_export::answers::AnswerRow;
use crate::error::Fault;
use crate::flows::actor::{Actor, note};
use crate::secrets::draw;
use crate::store::payout::bank_row::{self, NewRow};
use crate::store::payout::{self, PayoutRow, sent};
use crate::store::settling;
use jiff::Timestamp;
use serde_json::json;
use shared::id::{Environment, MerchantId};
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// A bank's file, read.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// SHA-256 of its bytes, hex: with a row's place, what makes the row known.
    pub sha256: &'a str,
    /// Its readable rows, in order.
    pub rows: &'a [AnswerRow],
    /// The places of its unreadable ones.
    pub unreadable: &'a [u32],
}

/// What a file came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// What each row came to, by its place, that is new or did nothing before.
    pub rows: BTreeMap<u32, Outcome>,
    /// How many rows of this very file had been taken in before, for good.
    pub known: usize,
}

/// How often a step that lands payouts is tried. Landing wakes parked events after it has locked
/// their commissions; settling locks them in the other order, and one of the two has to give way.
pub(super) const TRIES_MAX: u32 = 5;

/// Takes a file of answers to live payouts in.
pub async fn run(
    pool: &PgPool,
    by: Actor,
    file: File<'_>,
    now: Timestamp,
) -> Result<Answered, Fault> {
    by.may_operate()?;
    for _ in 1..TRIES_MAX {
        match try_once(pool, by, file, now).await {
            Err(fault) if fault.is_deadlock() => {
                tracing::warn!("a bank's file met settling in its way; it is taken in again");
            }
            ended => return ended,
        }
    }
    try_once(pool, by, file, now).await
}

async fn try_once(
    pool: &PgPool,
    by: Actor,
    file: File<'_>,
    now: Timestamp,
) -> Result<Answered, Fault> {
    let mut transaction = pool.begin().await?;
    let answered = within(&mut transaction, by, Environment::Live, file, now).await?;
    transaction.commit().await?;
    Ok(answered)
}

/// The same in the caller's transaction, for the payouts of an environment. In test they are one
/// merchant's.
pub(super) async fn within(
    connection: &mut PgConnection,
    by: Actor,
    environment: Environment,
    file: File<'_>,
    now: Timestamp,
) -> Result<Answered, Fault> {
    settling::go_by_keys(connection).await?;
    let named: BTreeSet<Uuid> = file.rows.iter().map(|row| row.payout_id).collect();
    let named: Vec<Uuid> = named.into_iter().collect();
    // A settled payout may come back: its commissions change no more, but are told of.
    let carried = sent::lock_commissions(connection, &named).await?;
    let mut rows = payout::lock(connection, &named).await?;
    rows.retain(|row| row.environment == environment.as_str());
    let before = bank_row::known(connection, file.sha256).await?;
    let judged = judge(&rows, file, &before)?;
    let merchant = rows.first().and_then(|row| row.merchant_id).map(MerchantId);
    let at = clock::at(connection, environment, merchant, now).await?;
    for outcome in [Outcome::Settled, Outcome::Failed, Outcome::Returned] {
        let landed = judged.landed(outcome, &rows, environment, (at, now));
        if landed.rows.is_empty() {
            continue;
        }
        match outcome {
            Outcome::Settled => landing::settle(connection, &landed, &carried).await?,
            Outcome::Failed => landing::fail(connection, &landed, &carried).await?,
            _ => landing::send_back(connection, &landed, &carried).await?,
        }
    }
    keep(connection, file, &judged, now).await?;
    for (line, outcome) in judged.outcomes.iter().filter(|(_, outcome)| outcome.is_alarm()) {
        tracing::error!(line, outcome = outcome.as_str(), "a bank's row cannot be; look at it");
    }
    let answered = Answered { rows: judged.outcomes, known: before.len() };
    let detail = json!({"rows": answered.rows.len(), "known": answered.known});
    note(connection, by, "payout.answer", file.sha256, detail, now).await?;
    Ok(answered)
}

/// What the rows of a file come to, in their order, and which of them moved a payout.
struct Judged<'a> {
    outcomes: BTreeMap<u32, Outcome>,
    moved: HashMap<(Uuid, Outcome), Option<&'a str>>,
}

fn judge<'a>(
    rows: &[PayoutRow],
    file: File<'a>,
    before: &HashSet<i32>,
) -> Result<Judged<'a>, Fault> {
    let wrong = || Fault::Corrupt("a payout is unreadable".to_owned());
    let mut known: HashMap<Uuid, Known> = HashMap::with_capacity(rows.len());
    for row in rows {
        let currency = Currency::parse(&row.currency).ok_or_else(wrong)?;
        let state = State::parse(&row.state).ok_or_else(wrong)?;
        known.insert(row.payout_id, Known { currency, amount: row.amount, state });
    }
    let is_new = |line: u32| i32::try_from(line).is_ok_and(|line| !before.contains(&line));
    let mut judged = Judged { outcomes: BTreeMap::new(), moved: HashMap::new() };
    for row in file.rows.iter().filter(|row| is_new(row.line_number)) {
        let outcome = bank::answer(known.get_mut(&row.payout_id), row);
        judged.outcomes.insert(row.line_number, outcome);
        if matches!(outcome, Outcome::Settled | Outcome::Failed | Outcome::Returned) {
            judged.moved.insert((row.payout_id, outcome), row.reason.as_deref());
        }
    }
    for line in file.unreadable.iter().filter(|line| is_new(**line)) {
        judged.outcomes.insert(*line, Outcome::Unreadable);
    }
    Ok(judged)
}

impl<'a> Judged<'a> {
    fn landed(
        &self,
        outcome: Outcome,
        rows: &[PayoutRow],
        environment: Environment,
        (at, now): (Timestamp, Timestamp),
    ) -> Landed<'a> {
        let moved = |row: &&PayoutRow| self.moved.contains_key(&(row.payout_id, outcome));
        let reasons = self.moved.iter().filter(|((_, it), _)| *it == outcome);
        Landed {
            environment,
            rows: rows.iter().filter(moved).cloned().collect(),
            reasons: reasons.filter_map(|((id, _), reason)| Some((*id, (*reason)?))).collect(),
            at,
            now,
        }
    }
}

async fn keep(
    connection: &mut PgConnection,
    file: File<'_>,
    judged: &Judged<'_>,
    now: Timestamp,
) -> Result<(), Fault> {
    let said: HashMap<u32, &AnswerRow> =
        file.rows.iter().map(|row| (row.line_number, row)).collect();
    let rows: Vec<NewRow<'_>> = judged
        .outcomes
        .iter()
        .filter_map(|(line, outcome)| {
            Some(NewRow {
                bank_row_id: draw::id(now),
                line_number: i32::try_from(*line).ok()?,
                said: said.get(line).copied(),
                outcome: *outcome,
            })
        })
        .collect();
    bank_row::insert(connection, file.sha256, &rows, now).await?;
    Ok(())
}
