//! `affiliate webhook`: where an affiliate is told of what it earns. A secret is printed once.

mod told;

use super::scope::{Doer, environment};
use super::{ENVIRONMENT, Failure};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use settlement::app;
use settlement::config::{self, VaultConfig};
use settlement::error::Fault;
use settlement::flows::actor::{self, Actor};
use settlement::flows::affiliate_webhook_endpoint::{self as flow, Choice, NewAffiliateEndpoint};
use settlement::flows::webhook_endpoint::Created;
use settlement::secrets::Vault;
use shared::id::{AffiliateId, Environment};
use shared::validate::resource::{EndpointState, OVERLAP_HOURS_MAX};
use shared::validate::web_address::Reach;
use sqlx::PgPool;
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Make one; prints its secret, this once
    Create(Create),
    /// Show an affiliate's endpoints, both environments, without secrets
    List(OnAffiliate),
    /// Show one, with how far it is and whether anything arrives there
    Show(OnEndpoint),
    /// Change where it is, what it is told, or its note
    Update(Update),
    /// Nothing is sent for now; what happens meanwhile is kept for 30 days
    Pause(OnEndpoint),
    /// It is sent to again, what waited first
    Resume(OnEndpoint),
    /// It goes, with what waits on it
    Delete(OnEndpoint),
    /// Give it another secret; prints it, this once
    RotateSecret(Rotate),
    /// Send a ping; for affiliate orders, an event of an order of nothing
    Test(OnEndpoint),
    /// Its newest deliveries, a line of JSON each
    Deliveries(told::Deliveries),
    /// Its newest attempts with status, duration and the answer's first 4 KiB, a line of JSON each
    Attempts(told::Attempts),
    /// Send one delivery again: the same id, the same body
    Resend(told::Resend),
    /// Send again what did not arrive since an instant, and what it was never sent
    Recover(told::Recover),
    /// Read what the affiliate is told in the order it happened, a line of JSON each and then where
    /// to go on; it needs no endpoint
    Events(told::Events),
}

/// How bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// {type, timestamp, sequence, data}
    Khata,
    /// The affiliate order event: one event whenever status, commission or adjustment changes
    #[value(name = "affiliate_order")]
    AffiliateOrder,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The affiliate's UUID
    affiliate: Uuid,
    /// Which world: live or test
    #[arg(long, value_parser = environment)]
    environment: Environment,
    /// Where to: https, on a public host
    #[arg(long)]
    url: String,
    /// How bodies are written
    #[arg(long, value_enum, default_value = "khata")]
    format: Format,
    /// Of which types it is told: conversion.attributed, commission.…, payout.…,
    /// endpoint.paused, ping. With `affiliate_order` it is told every step of a commission, and
    /// none are named
    #[arg(long, value_delimiter = ',', required_if_eq("format", "khata"))]
    events: Vec<String>,
    /// A note of your own
    #[arg(long)]
    description: Option<String>,
    #[command(flatten)]
    doer: Doer,
}

#[derive(Debug, Args)]
pub(super) struct OnAffiliate {
    /// The affiliate's UUID
    affiliate: Uuid,
    #[command(flatten)]
    doer: Doer,
}

#[derive(Debug, Args)]
pub(super) struct OnEndpoint {
    /// The endpoint's UUID
    id: Uuid,
    #[command(flatten)]
    doer: Doer,
}

#[derive(Debug, Args)]
pub(super) struct Update {
    #[command(flatten)]
    on: OnEndpoint,
    /// Where to
    #[arg(long)]
    url: Option<String>,
    /// Of which types it is told; not with `affiliate_order`
    #[arg(long, value_delimiter = ',')]
    events: Option<Vec<String>>,
    /// A note of your own; an empty one clears it
    #[arg(long)]
    description: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    on: OnEndpoint,
    /// Hours for which the secret before signs too
    #[arg(long, default_value_t = OVERLAP_HOURS_MAX,
          value_parser = clap::value_parser!(u32).range(0..=i64::from(OVERLAP_HOURS_MAX)))]
    overlap_hours: u32,
}

/// What every verb works with.
struct Opened {
    pool: PgPool,
    vault: Vault,
    reach: Reach,
    actor: Actor,
    now: Timestamp,
}

impl Opened {
    async fn open(doer: &Doer) -> Result<Self, Failure> {
        let VaultConfig { database_url, vault } = config::vault(ENVIRONMENT)?;
        let reach = config::webhook_reach(ENVIRONMENT)?;
        let pool = app::pool(&database_url)?;
        let mut connection = pool.acquire().await.map_err(Fault::from)?;
        let actor = actor::by_email(&mut connection, &doer.by).await?;
        drop(connection);
        Ok(Self { pool, vault, reach, actor, now: Timestamp::now() })
    }

    fn desk(&self) -> flow::Desk<'_> {
        let (reach, actor, now) = (self.reach, self.actor, self.now);
        flow::Desk { pool: &self.pool, vault: &self.vault, reach, actor, now }
    }
}

/// Runs a verb to its end.
pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Create(order) => create(order).await?,
        Verb::List(on) => list(on).await?,
        Verb::Show(on) => show(on).await?,
        Verb::Update(Update { on, url, events, description }) => {
            let change = flow::Change { url, events, description, state: None };
            alter(on, change, "changed").await?;
        }
        Verb::Pause(on) => alter(on, state(EndpointState::Paused), "paused").await?,
        Verb::Resume(on) => alter(on, state(EndpointState::Active), "active").await?,
        Verb::Delete(on) => {
            flow::delete(Opened::open(&on.doer).await?.desk(), on.id).await?;
            println!("endpoint {} deleted", on.id);
        }
        Verb::RotateSecret(Rotate { on, overlap_hours }) => {
            let opened = Opened::open(&on.doer).await?;
            let rotated = flow::rotate_secret(opened.desk(), on.id, overlap_hours).await?;
            println!("endpoint {} rotated", on.id);
            tell(&rotated);
        }
        Verb::Test(on) => {
            let sequence = flow::ping(Opened::open(&on.doer).await?.desk(), on.id).await?;
            println!("endpoint {}: delivery {sequence} is on its way", on.id);
        }
        Verb::Deliveries(order) => told::deliveries(order).await?,
        Verb::Attempts(order) => told::attempts(order).await?,
        Verb::Resend(order) => told::resend(order).await?,
        Verb::Recover(order) => told::recover(order).await?,
        Verb::Events(order) => told::events(order).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(order: Create) -> Result<(), Failure> {
    let choice = match order.format {
        Format::Khata => Choice::Khata(order.events),
        Format::AffiliateOrder if order.events.is_empty() => Choice::Orders,
        Format::AffiliateOrder => {
            let sentence =
                "with affiliate_order every step of a commission is told: leave --events";
            return Err(Failure::Other(sentence.to_owned()));
        }
    };
    let opened = Opened::open(&order.doer).await?;
    let new = NewAffiliateEndpoint {
        affiliate: AffiliateId(order.affiliate),
        environment: order.environment,
        url: order.url,
        choice,
        description: order.description,
    };
    let made = flow::create(opened.desk(), new).await?;
    println!("endpoint {} of affiliate {} created", made.row.endpoint_id, order.affiliate);
    tell(&made);
    Ok(())
}

/// Shows a new secret: it is in no other place that anybody can read.
fn tell(made: &Created) {
    println!("signing secret, shown this once: {}", made.secret);
}

fn state(state: EndpointState) -> flow::Change {
    flow::Change { state: Some(state), ..flow::Change::default() }
}

async fn alter(on: OnEndpoint, change: flow::Change, done: &str) -> Result<(), Failure> {
    flow::change(Opened::open(&on.doer).await?.desk(), on.id, change).await?;
    println!("endpoint {} {done}", on.id);
    Ok(())
}

async fn list(on: OnAffiliate) -> Result<(), Failure> {
    let opened = Opened::open(&on.doer).await?;
    let mut connection = opened.pool.acquire().await.map_err(Fault::from)?;
    let rows = flow::list(&mut connection, opened.actor, AffiliateId(on.affiliate)).await?;
    for row in &rows {
        println!("{}", told::line(row));
    }
    if rows.is_empty() {
        println!("no endpoints");
    }
    Ok(())
}

async fn show(on: OnEndpoint) -> Result<(), Failure> {
    let opened = Opened::open(&on.doer).await?;
    let mut connection = opened.pool.acquire().await.map_err(Fault::from)?;
    let row = flow::find(&mut connection, opened.actor, on.id).await?;
    println!("{}", told::line(&row));
    for line in told::details(&row.endpoint) {
        println!("  {line}");
    }
    Ok(())
}
