//! `payout …`: drafted, looked at, approved, sent, answered, by operators.

use super::operate::Desk;
use super::payout_paper;
use super::scope::{currency, environment};
use super::{ENVIRONMENT, Failure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use rust_decimal::Decimal;
use settlement::domain::payout_export::answers;
use settlement::error::Fault;
use settlement::flows::payout::answer::{self, File};
use settlement::flows::payout::files::Press;
use settlement::flows::payout::process::{self, Processed};
use settlement::flows::payout::run::{self, Drafted, NewRun, Ran};
use settlement::flows::payout::{Taken, Which, approve, cancel, fail, minimum};
use settlement::store::payout as store;
use settlement::{app, config};
use sha2::{Digest, Sha256};
use shared::id::{Environment, MerchantId};
use shared::money::Currency;
use std::path::PathBuf;
use std::process::ExitCode;
use uuid::Uuid;

/// Runs listed at most.
const RUNS_MAX: i64 = 50;

#[derive(Debug, Args)]
pub(super) struct By {
    /// E-mail address of the account that does it
    #[arg(long = "as", value_name = "E-MAIL")]
    by: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Chosen {
    /// All of a run
    #[arg(long)]
    run: Option<Uuid>,
    /// One payout
    #[arg(long)]
    payout: Option<Uuid>,
}

impl Chosen {
    fn which(&self) -> Which {
        match (self.run, self.payout) {
            (Some(run), _) => Which::Run(run),
            (None, payout) => Which::Payout(payout.unwrap_or_default()),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Draft payouts of everything that is open at a cut-off
    Run {
        /// RFC 3339; the default is 15 minutes ago, when all of the edge has been heard since; for
        /// a test merchant, as far on its own clock as its edge was heard
        #[arg(long)]
        cut_off: Option<Timestamp>,
        /// A test merchant; without it the run is the live network's
        #[arg(long)]
        test_merchant: Option<Uuid>,
        #[command(flatten)]
        by: By,
    },
    /// List the newest runs
    List,
    /// Show a run's payouts
    Show {
        /// The run
        run: Uuid,
    },
    /// Show a payout's lines
    Lines {
        /// The payout
        payout: Uuid,
    },
    /// Agree with drafts
    Approve {
        #[command(flatten)]
        chosen: Chosen,
        #[command(flatten)]
        by: By,
    },
    /// Give unsent payouts up
    Cancel {
        #[command(flatten)]
        chosen: Chosen,
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Send a run's approved payouts: write its files and lock their commissions
    Process {
        /// The run
        run: Uuid,
        #[command(flatten)]
        by: By,
    },
    /// Take in a bank's answers: a CSV of `payout_id,currency,amount,answer,reason`
    Answer {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        by: By,
    },
    /// Say that a sent payout failed; it does when a second operator says so too
    Fail {
        /// The payout
        payout: Uuid,
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Set the least that is paid out in a currency
    Minimum {
        /// live or test
        #[arg(long, value_parser = environment)]
        environment: Environment,
        /// ISO 4217
        #[arg(long, value_parser = currency)]
        currency: Currency,
        /// In that currency
        #[arg(long)]
        amount: Decimal,
        #[command(flatten)]
        by: By,
    },
    #[command(flatten)]
    Paper(payout_paper::Verb),
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Run { cut_off, test_merchant, by } => draft(cut_off, test_merchant, &by).await,
        Verb::List => list().await,
        Verb::Show { run } => show(run).await,
        Verb::Lines { payout } => lines(payout).await,
        Verb::Approve { chosen, by } => {
            let desk = Desk::open(&by.by).await?;
            let taken = approve::run(&desk.pool, desk.actor, chosen.which(), desk.now).await?;
            Ok(tell("approved", taken))
        }
        Verb::Cancel { chosen, reason, by } => {
            let desk = Desk::open(&by.by).await?;
            let which = chosen.which();
            let taken = cancel::run(&desk.pool, desk.actor, which, &reason, desk.now).await?;
            Ok(tell("cancelled", taken))
        }
        Verb::Paper(verb) => payout_paper::run(verb).await,
        Verb::Process { run, by } => send(run, &by).await,
        Verb::Answer { file, by } => take_in(&file, &by).await,
        Verb::Fail { payout, reason, by } => {
            let desk = Desk::open(&by.by).await?;
            match fail::run(&desk.pool, desk.actor, payout, &reason, desk.now).await? {
                fail::Said::Asked => println!("noted; another operator's word is needed"),
                fail::Said::AskedBefore => println!("you said so before; another's is needed"),
                fail::Said::Failed => println!("payout {payout} failed; its lines are open"),
                fail::Said::FailedBefore => println!("payout {payout} had failed before"),
            }
            Ok(ExitCode::SUCCESS)
        }
        Verb::Minimum { environment, currency, amount, by } => {
            let desk = Desk::open(&by.by).await?;
            minimum::set(&desk.pool, desk.actor, environment, (amount, currency), desk.now).await?;
            println!("at least {currency} {} is paid out", currency.format(amount));
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn draft(
    cut_off: Option<Timestamp>,
    test_merchant: Option<Uuid>,
    by: &By,
) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&by.by).await?;
    let environment = test_merchant.map_or(Environment::Live, |_| Environment::Test);
    let merchant = test_merchant.map(MerchantId);
    let cut_off = match cut_off {
        Some(cut_off) => cut_off,
        None => run::usual_cut_off(&desk.pool, environment, merchant, desk.now).await?,
    };
    let new = NewRun { environment, merchant, cut_off, scheduled: None };
    match run::run(&desk.pool, desk.actor, new, desk.now).await? {
        Ran::Drafted(drafted) => {
            let Drafted { run, payouts, lines, .. } = drafted;
            println!("run {run}: {payouts} payouts, {lines} lines, up to {cut_off}");
            for (affiliate, currency, amount) in &drafted.carried {
                println!("  open: {affiliate} {currency} {}", currency.format(*amount));
            }
            left_out(&drafted.left_out);
            if payouts == 0 && !drafted.left_out.is_empty() {
                return Err(Failure::Other("nothing was drafted; merchants were left out".into()));
            }
            Ok(ExitCode::SUCCESS)
        }
        Ran::AnotherRuns => Err(Failure::Other("another run is being made; try again".to_owned())),
        Ran::InstantTaken => Err(Failure::Other("this instant has its run".to_owned())),
    }
}

fn left_out(merchants: &[(MerchantId, &'static str)]) {
    for (merchant, why) in merchants {
        println!("  left out: {merchant}: {why}");
    }
}

fn tell(done: &str, taken: Taken) -> ExitCode {
    let Taken { moved, unchanged, denied, without_method } = taken;
    println!("{done}: {moved}; stood so already: {unchanged}");
    if denied > 0 {
        println!("  left, since they were sent or ended, or are below the minimum: {denied}");
    }
    if without_method > 0 {
        println!("  left as drafts, their affiliates have no payout method: {without_method}");
    }
    if denied + without_method > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

async fn send(run: Uuid, by: &By) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&by.by).await?;
    let payer = config::payer(ENVIRONMENT)?;
    let press = Press { vault: &desk.vault, payer: payer.as_ref() };
    match process::run(&desk.pool, desk.actor, press, run, desk.now).await? {
        Processed::Sent(sent) => {
            let now = match sent.environment {
                Environment::Live => "with the bank",
                Environment::Test => "settled, by the sandbox",
            };
            println!("run {run}: {} payouts are {now}", sent.payouts);
            if let Some(own) = sent.left_over {
                println!("  the others go on in run {own}");
            }
            left_out(&sent.left_out);
            Ok(ExitCode::SUCCESS)
        }
        Processed::Nothing(merchants) => {
            left_out(&merchants);
            Err(Failure::Other("nothing of it is approved and ready".to_owned()))
        }
        Processed::SentBefore => Err(Failure::Other("it was sent before".to_owned())),
    }
}

async fn take_in(file: &PathBuf, by: &By) -> Result<ExitCode, Failure> {
    let bytes = std::fs::read(file)
        .map_err(|cause| Failure::Other(format!("{}: {cause}", file.display())))?;
    let read = answers::parse(&bytes);
    for fault in &read.faults {
        println!("  {fault}");
    }
    let mut unreadable: Vec<u32> = read.faults.iter().map(|fault| fault.line_number).collect();
    unreadable.dedup();
    let desk = Desk::open(&by.by).await?;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let file = File { sha256: &sha256, rows: &read.rows, unreadable: &unreadable };
    let answered = answer::run(&desk.pool, desk.actor, file, desk.now).await?;
    for (line, outcome) in &answered.rows {
        println!("  line {line}: {}", outcome.as_str());
    }
    println!("rows judged: {}; taken in before: {}", answered.rows.len(), answered.known);
    let needs_a_look = answered.rows.values().any(|outcome| outcome.needs_a_look());
    if needs_a_look || !read.faults.is_empty() {
        return Err(Failure::Other("some rows need somebody to look at them".to_owned()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn list() -> Result<ExitCode, Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    for row in store::run::list(&mut connection, RUNS_MAX).await.map_err(Fault::from)? {
        let cut_off = settlement::store::instant::from_row(row.cut_off_at);
        let (run, world, state) = (row.run_id, &row.environment, &row.state);
        println!("{run}  {world}  {state:<4}  {:>6} payouts  up to {cut_off}", row.payouts);
        for merchant in row.left_out.as_array().into_iter().flatten() {
            let told = |name: &str| merchant[name].as_str().unwrap_or_default().to_owned();
            println!("  left out: {}: {}", told("merchantId"), told("why"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(run: Uuid) -> Result<ExitCode, Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    if !store::run::exists(&mut connection, run).await.map_err(Fault::from)? {
        return Err(Fault::NotFound("payout run").into());
    }
    for row in store::of_run(&mut connection, run).await.map_err(Fault::from)? {
        let (id, state, affiliate) = (row.payout_id, &row.state, row.affiliate_id);
        let reason = row.reason.map(|reason| format!("  ({reason})")).unwrap_or_default();
        println!("{id}  {state:<10}  {affiliate}  {} {}{reason}", row.currency, row.amount);
    }
    Ok(ExitCode::SUCCESS)
}

async fn lines(payout: Uuid) -> Result<ExitCode, Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    if store::find(&mut connection, payout).await.map_err(Fault::from)?.is_none() {
        return Err(Fault::NotFound("payout").into());
    }
    for row in store::line::of_payout(&mut connection, payout).await.map_err(Fault::from)? {
        println!("{}  {:<11}  {}  {}", row.merchant_id, row.kind, row.subject, row.amount);
    }
    Ok(ExitCode::SUCCESS)
}
