//! The command line: reads the arguments and what the command needs of the environment, runs it,
//! and turns what went wrong into one message and an exit code.

mod correction;
mod coupon;
mod demo;
mod demo_file;
mod event;
mod key;
mod ledger;
mod money;
mod operate;
mod orders;
mod payout;
mod payout_method;
mod payout_paper;
mod recover;
mod review;
mod risk;
mod rule;
mod scope;
mod serve;
mod verify;
mod webhook;

use clap::{Parser, Subcommand};
use settlement::config::{ConfigFault, Lookup};
use settlement::error::Fault;
use std::process::ExitCode;

/// Settles what Khata's edge accepted: attribution, commissions, ledger.
#[derive(Debug, Parser)]
#[command(name = "settlement", version)]
pub struct Command {
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Debug, Subcommand)]
enum Noun {
    /// Answer the edge and run the jobs, until SIGTERM or Ctrl-C
    Serve,
    /// Bring the database's schema up to date
    Migrate,
    /// Bring back from the edge what a database restored from an older backup has not
    Recover(recover::Orders),
    /// Rebuild the books from what was recorded and compare; exit 1 when they differ
    Verify,
    /// The demo network
    #[command(subcommand)]
    Demo(demo::Verb),
    /// The books
    #[command(subcommand)]
    Ledger(ledger::Verb),
    /// Accepted events
    #[command(subcommand)]
    Event(event::Verb),
    /// Pause, resume or archive a link
    #[command(subcommand)]
    Link(operate::LinkVerb),
    /// Pause, activate or archive a campaign
    #[command(subcommand)]
    Campaign(operate::CampaignVerb),
    /// Coupons assigned to affiliates
    #[command(subcommand)]
    Coupon(coupon::Verb),
    /// Orders that wait for a person
    #[command(subcommand)]
    Review(review::Verb),
    /// Commission rules
    #[command(subcommand)]
    Rule(rule::Verb),
    /// Approve, suspend or reject a merchant; who earns its orders; what it paid
    #[command(subcommand)]
    Merchant(operate::MerchantVerb),
    /// A merchant's keys
    #[command(subcommand)]
    Key(key::Verb),
    /// Risk reviews, and what risk is measured by
    #[command(subcommand)]
    Risk(risk::Verb),
    /// Suspend or activate an affiliate; how it is paid; where it is told of what it earns
    #[command(subcommand)]
    Affiliate(operate::AffiliateVerb),
    /// Payouts: draft, approve, send, answer
    #[command(subcommand)]
    Payout(payout::Verb),
    /// Extra entries on paid or rejected commissions
    #[command(subcommand)]
    Correction(correction::Verb),
    /// Operators: accounts and roles
    #[command(subcommand)]
    Operator(correction::OperatorVerb),
    /// Exchange rates and conversions of balances
    #[command(subcommand)]
    Fx(money::FxVerb),
    /// Give up an affiliate's negative balance
    WriteOff(money::WriteOff),
    /// Orders that nobody speaks of
    #[command(subcommand)]
    Orders(orders::Verb),
}

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigFault),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("{0}")]
    Other(String),
}

const ENVIRONMENT: Lookup<'static> = &|name| std::env::var(name).ok();
/// What a shell gets for a configuration that is missing or wrong.
const CONFIG_EXIT_CODE: u8 = 2;

/// Runs a command to its end.
pub fn run(command: Command) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            eprintln!("settlement: no threads: {cause}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(command.noun)) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("settlement: {failure}");
            match failure {
                Failure::Config(_) => ExitCode::from(CONFIG_EXIT_CODE),
                Failure::Fault(_) | Failure::Other(_) => ExitCode::FAILURE,
            }
        }
    }
}

async fn dispatch(noun: Noun) -> Result<ExitCode, Failure> {
    match noun {
        Noun::Serve => serve::serve().await,
        Noun::Migrate => serve::migrate().await,
        Noun::Recover(orders) => recover::run(orders).await,
        Noun::Verify => verify::run().await,
        Noun::Demo(verb) => demo::run(verb).await,
        Noun::Ledger(verb) => ledger::run(verb).await,
        Noun::Event(verb) => event::run(verb).await,
        Noun::Link(verb) => operate::link(verb).await,
        Noun::Campaign(verb) => operate::campaign(verb).await,
        Noun::Coupon(verb) => coupon::run(verb).await,
        Noun::Review(verb) => review::run(verb).await,
        Noun::Rule(verb) => rule::run(verb).await,
        Noun::Merchant(verb) => operate::merchant(verb).await,
        Noun::Key(verb) => key::run(verb).await,
        Noun::Risk(verb) => risk::run(verb).await,
        Noun::Affiliate(verb) => operate::affiliate(verb).await,
        Noun::Payout(verb) => payout::run(verb).await,
        Noun::Correction(verb) => correction::run(verb).await,
        Noun::Operator(verb) => correction::operator(verb).await,
        Noun::Fx(verb) => money::fx(verb).await,
        Noun::WriteOff(orders) => money::write_off(orders).await,
        Noun::Orders(verb) => orders::run(verb).await,
    }
}
