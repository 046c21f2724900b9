//! A payout run over commissions that are all payable, and the steps that follow it.

use std::fmt;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use settlement::domain::payout_export::answers::{Answer, AnswerRow};
use settlement::flows::actor::Actor;
use settlement::flows::payout::answer::{self, File};
use settlement::flows::payout::files::Press;
use settlement::flows::payout::process::{self, Processed};
use settlement::flows::payout::run::{self, Drafted, NewRun, Ran};
use settlement::flows::payout::{Which, approve};
use settlement::secrets::Vault;
use settlement::store::payout;
use settlement::store::payout_method::{self, PayoutMethodRow};
use shared::id::Environment;
use shared::money::Currency;
use sqlx::{Connection, PgPool};
use uuid::Uuid;

use super::stage::Stage;
use super::store::{self, Affiliates, Standing};

const BY: Actor = Actor::Installation;
/// How long before the run its cut-off lies.
const CUT_OFF: SignedDuration = SignedDuration::from_mins(15);

/// What each step took, seconds.
pub struct Steps {
    /// Drafting.
    pub run: f64,
    /// Approving all drafts.
    pub approve: f64,
    /// Sending all, files written.
    pub process: f64,
    /// Taking in an answer to each.
    pub answer: f64,
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, approve, process, answer } = self;
        write!(f, "drafted {run:.1} s, approved {approve:.1} s, sent {process:.1} s, ")?;
        write!(f, "answered {answer:.1} s")
    }
}

/// Takes all steps over so many commissions and checks the books.
pub fn steps(stage: &mut Stage, commissions: usize, affiliates: Affiliates) -> Result<Steps> {
    let (pool, name) = stage.database()?;
    let vault = &stage.vault;
    let steps = stage.runtime.block_on(async {
        store::write(&pool, commissions, affiliates, Standing::Payable).await?;
        prepare(&pool, vault).await?;
        let now = Timestamp::now();
        let new = NewRun {
            environment: Environment::Live,
            merchant: None,
            cut_off: now - CUT_OFF,
            scheduled: None,
        };
        let began = Instant::now();
        let Ran::Drafted(drafted) = run::run(&pool, BY, new, now).await? else {
            bail!("no payouts were drafted");
        };
        let run = began.elapsed().as_secs_f64();
        ensure!(drafted.lines == commissions, "only {} lines", drafted.lines);
        ensure!(drafted.payouts == affiliates.0, "only {} payouts", drafted.payouts);
        let rest = rest(&pool, vault, &drafted, now).await?;
        store::check(&pool, "paid", commissions).await?;
        anyhow::Ok(Steps { run, ..rest })
    })?;
    stage.remove(&pool, &name)?;
    Ok(steps)
}

async fn rest(pool: &PgPool, vault: &Vault, drafted: &Drafted, now: Timestamp) -> Result<Steps> {
    let began = Instant::now();
    let taken = approve::run(pool, BY, Which::Run(drafted.run), now).await?;
    let approve = began.elapsed().as_secs_f64();
    ensure!(taken.moved == drafted.payouts, "only {} were approved", taken.moved);
    let began = Instant::now();
    let press = Press { vault, payer: None };
    let processed = process::run(pool, BY, press, drafted.run, now).await?;
    let process = began.elapsed().as_secs_f64();
    ensure!(matches!(processed, Processed::Sent(_)), "nothing was sent: {processed:?}");
    let mut connection = pool.acquire().await?;
    let payouts = payout::of_run(&mut connection, drafted.run).await?;
    drop(connection);
    let rows = payouts.iter().zip(2..).map(|(row, line_number)| {
        Ok(AnswerRow {
            line_number,
            payout_id: row.payout_id,
            currency: Currency::parse(&row.currency).context("a payout's currency")?,
            amount: row.amount,
            answer: Answer::Settled,
            reason: None,
        })
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let file = File { sha256: "of the benchmark", rows: &rows, unreadable: &[] };
    let began = Instant::now();
    answer::run(pool, BY, file, now).await?;
    let answer = began.elapsed().as_secs_f64();
    Ok(Steps { run: 0.0, approve, process, answer })
}

/// Gives every affiliate a way to be paid, and every merchant's stream word from the edge.
async fn prepare(pool: &PgPool, vault: &Vault) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    for affiliate_id in store::affiliates(&mut transaction).await? {
        let fields = r#"{"method":"khalti","phone":"9800000001"}"#;
        let method_version_id = Uuid::now_v7();
        let row = PayoutMethodRow {
            method_version_id,
            affiliate_id,
            currency: None,
            kind: "khalti".to_owned(),
            details_sealed: vault.seal(&method_version_id.to_string(), fields),
            masked: "…0001".to_owned(),
        };
        payout_method::insert(&mut transaction, &row, None, Timestamp::now()).await?;
    }
    store::hear_of_all(&mut transaction).await?;
    transaction.commit().await?;
    Ok(())
}
