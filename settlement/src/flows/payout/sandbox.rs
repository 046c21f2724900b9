//! A test merchant's payouts: drafted, agreed with, sent and settled in one transaction. Nothing
//! leaves the sandbox; the bank's row is its own.

use super::answer::{self, File};
use super::process::{self, Processed};
use super::run::{self, NewRun, Ran};
use super::{Which, approve};
use crate::domain::payout_export::answers::{Answer, AnswerRow};
use crate::error::Fault;
use crate::flows::actor::Actor;
use crate::store::payout;
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};

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
        Played::NotYet | Played::InstantTaken => transaction.rollback().await?,
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
        let mut rows = Vec::new();
        for (line_number, row) in (1..).zip(payout::of_run(connection, drafted.run).await?) {
            let currency = Currency::parse(&row.currency)
                .ok_or_else(|| Fault::Corrupt("a payout has no currency".to_owned()))?;
            let (payout_id, amount) = (row.payout_id, row.amount);
            let answer = Answer::Settled;
            rows.push(AnswerRow { line_number, payout_id, currency, amount, answer, reason: None });
        }
        let sha256 = format!("sandbox:{}", drafted.run);
        let file = File { sha256: &sha256, rows: &rows, unreadable: &[] };
        answer::within(connection, BY, environment, file, now).await?;
    }
    Ok(Played::Settled(drafted.payouts))
}
