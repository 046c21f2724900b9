//! A test merchant's payouts: drafted, agreed with, sent and settled in one transaction. Nothing
//! leaves the sandbox; the bank's row is its own.

use super::answer::{self, File};
use super::process::{self, Processed};
use super::run::{self, NewRun, Ran};
use super::{Which, approve, clock, due};
use crate::domain::payout::life::State;
use crate::domain::payout::schedule::Schedule;
use crate::domain::payout_export::answers::{Answer, AnswerRow};
use crate::error::Fault;
use crate::flows::actor::Actor;
use crate::store::payout;
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

const BY: Actor = Actor::Installation;

/// What a test merchant's run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// So many payouts were settled; none is possible.
    Settled(usize),
    /// Its events are not all in yet, or another run is being made: nothing happened.
    NotYet,
    /// The instant of the schedule has its run.
    InstantTaken,
    /// No instant of the schedule has come since the last run.
    NotDue,
}

/// Pays a test merchant's affiliates when its clock has passed an instant of the schedule.
pub async fn run_due(
    pool: &PgPool,
    schedule: &Schedule,
    merchant: MerchantId,
    now: Timestamp,
) -> Result<Played, Fault> {
    let mut connection = pool.acquire().await?;
    let at = clock::at(&mut connection, Environment::Test, Some(merchant), now).await?;
    let last = due::last(&mut connection, Environment::Test, Some(merchant), at).await?;
    drop(connection);
    match schedule.latest(last, at) {
        Some(instant) => run(pool, merchant, instant, Some(instant), now).await,
        None => Ok(Played::NotDue),
    }
}

/// Pays a test merchant's affiliates what is open at the cut-off, in test time.
pub async fn run(
    pool: &PgPool,
    merchant: MerchantId,
    cut_off: Timestamp,
    scheduled: Option<Timestamp>,
    now: Timestamp,
) -> Result<Played, Fault> {
    let mut transaction = pool.begin().await?;
    let played = within(&mut transaction, merchant, cut_off, scheduled, now).await?;
    match played {
        Played::Settled(_) => transaction.commit().await?,
        Played::NotYet | Played::InstantTaken | Played::NotDue => transaction.rollback().await?,
    }
    Ok(played)
}

async fn within(
    connection: &mut PgConnection,
    merchant: MerchantId,
    cut_off: Timestamp,
    scheduled: Option<Timestamp>,
    now: Timestamp,
) -> Result<Played, Fault> {
    let environment = Environment::Test;
    let new = NewRun { environment, merchant: Some(merchant), cut_off, scheduled };
    let drafted = match run::within(connection, BY, new, now).await? {
        Ran::Drafted(drafted) if drafted.left_out.is_empty() => drafted,
        Ran::Drafted(_) | Ran::AnotherRuns => return Ok(Played::NotYet),
        Ran::InstantTaken => return Ok(Played::InstantTaken),
    };
    if drafted.payouts > 0 {
        approve::within(connection, BY, Which::Run(drafted.run), now).await?;
        match process::within(connection, BY, None, drafted.run, now).await? {
            Processed::Sent(_) => {}
            Processed::Nothing(_) | Processed::SentBefore => return Ok(Played::NotYet),
        }
        settle(connection, drafted.run, now).await?;
    }
    Ok(Played::Settled(drafted.payouts))
}

/// Settles a test run that was sent just now, by bank rows of the sandbox's own.
pub(super) async fn settle(
    connection: &mut PgConnection,
    run: Uuid,
    now: Timestamp,
) -> Result<(), Fault> {
    let mut sent = payout::of_run(connection, run).await?;
    sent.retain(|row| row.state == State::Processing.word());
    let mut rows = Vec::with_capacity(sent.len());
    for (line_number, row) in (1..).zip(sent) {
        let currency = Currency::parse(&row.currency)
            .ok_or_else(|| Fault::Corrupt("a payout has no currency".to_owned()))?;
        let (payout_id, amount) = (row.payout_id, row.amount);
        let answer = Answer::Settled;
        rows.push(AnswerRow { line_number, payout_id, currency, amount, answer, reason: None });
    }
    let sha256 = format!("sandbox:{run}");
    let file = File { sha256: &sha256, rows: &rows, unreadable: &[] };
    answer::within(connection, BY, Environment::Test, file, now).await?;
    Ok(())
}
