//! What people do to links, campaigns, merchants and affiliates, until the pages exist.

use super::{ENVIRONMENT, Failure, scope};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use settlement::config::{self, OperatorConfig};
use settlement::error::Fault;
use settlement::flows::actor::{self, Actor};
use settlement::flows::push_directory;
use settlement::flows::set_state::{
    self, AffiliateChange, CampaignChange, LinkChange, MerchantChange,
};
use settlement::outbound::edge::Edge;
use settlement::store::directory_row::Written;
use settlement::{app, secrets::Vault};
use shared::id::{AffiliateId, CampaignId, MerchantId};
use sqlx::PgPool;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a command waits for the edge to acknowledge what it changed.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(super) struct OnLink {
    /// The link's short name
    code: String,
    /// E-mail address of the account that does it
    #[arg(long = "as", value_name = "E-MAIL")]
    by: String,
}

#[derive(Debug, Args)]
pub(super) struct OnId {
    /// Its UUID
    id: Uuid,
    /// E-mail address of the account that does it
    #[arg(long = "as", value_name = "E-MAIL")]
    by: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum LinkVerb {
    /// It leads to the fallback for now
    Pause(OnLink),
    /// It works again
    Resume(OnLink),
    /// It leads to the fallback for good
    Archive(OnLink),
}

#[derive(Debug, Subcommand)]
pub(super) enum CampaignVerb {
    /// Its links lead to the fallback for now
    Pause(OnId),
    /// Its links work
    Activate(OnId),
    /// Its links lead to the fallback for good
    Archive(OnId),
}

#[derive(Debug, Subcommand)]
pub(super) enum MerchantVerb {
    /// Its live keys and links work
    Approve(OnId),
    /// Nothing of it works
    Suspend(OnId),
    /// It is refused
    Reject(OnId),
    /// Choose what says who earns its orders, and what needs no person
    Attribution(scope::Attribution),
    /// It paid against its debt
    Payment(super::money::Payment),
}

#[derive(Debug, Subcommand)]
pub(super) enum AffiliateVerb {
    /// What it earns goes to review
    Suspend(OnId),
    /// It is in good standing again
    Activate(OnId),
    /// How it is paid
    #[command(subcommand)]
    PayoutMethod(super::payout_method::Verb),
    /// Where it is told of what it earns
    #[command(subcommand)]
    Webhook(super::webhook::Verb),
}

/// What every command here works with.
pub(super) struct Desk {
    pub(super) pool: PgPool,
    pub(super) vault: Vault,
    edge: Edge,
    pub(super) actor: Actor,
    pub(super) now: Timestamp,
}

impl Desk {
    pub(super) async fn open(by: &str) -> Result<Self, Failure> {
        let OperatorConfig { database_url, vault, edge, .. } = config::operator(ENVIRONMENT)?;
        let pool = app::pool(&database_url)?;
        let mut connection = pool.acquire().await.map_err(Fault::from)?;
        let actor = actor::by_email(&mut connection, by).await?;
        drop(connection);
        Ok(Self { pool, vault, edge: Edge::new(&edge), actor, now: Timestamp::now() })
    }

    /// Pushes, and says when the edge has acknowledged every row.
    pub(super) async fn finish(self, done: &str, rows: &[Written]) -> Result<ExitCode, Failure> {
        println!("{done}: saved");
        let begun = Instant::now();
        loop {
            let now = Timestamp::now();
            let pushed = push_directory::run_once(&self.pool, &self.edge, now).await;
            if push_directory::is_acknowledged(&self.pool, rows).await? {
                println!("{done}: the edge has acknowledged it");
                return Ok(ExitCode::SUCCESS);
            }
            if begun.elapsed() > ACKNOWLEDGED_WITHIN {
                let why = pushed.err().map(|fault| format!(" ({fault})")).unwrap_or_default();
                return Err(Failure::Other(format!(
                    "{done}: saved, but the edge has not acknowledged it{why}; \
                     `settlement serve` keeps trying, unless the edge refused it (see its log)"
                )));
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }
}

pub(super) async fn link(verb: LinkVerb) -> Result<ExitCode, Failure> {
    let (on, change, word) = match verb {
        LinkVerb::Pause(on) => (on, LinkChange::Pause, "paused"),
        LinkVerb::Resume(on) => (on, LinkChange::Resume, "resumed"),
        LinkVerb::Archive(on) => (on, LinkChange::Archive, "archived"),
    };
    let desk = Desk::open(&on.by).await?;
    let rows = set_state::link(&desk.pool, desk.actor, &on.code, change, desk.now).await?;
    desk.finish(&format!("link {} {word}", on.code), &rows).await
}

pub(super) async fn campaign(verb: CampaignVerb) -> Result<ExitCode, Failure> {
    let (on, change, word) = match verb {
        CampaignVerb::Pause(on) => (on, CampaignChange::Pause, "paused"),
        CampaignVerb::Activate(on) => (on, CampaignChange::Activate, "activated"),
        CampaignVerb::Archive(on) => (on, CampaignChange::Archive, "archived"),
    };
    let desk = Desk::open(&on.by).await?;
    let id = CampaignId(on.id);
    let rows = set_state::campaign(&desk.pool, desk.actor, id, change, desk.now).await?;
    desk.finish(&format!("campaign {id} {word}"), &rows).await
}

pub(super) async fn merchant(verb: MerchantVerb) -> Result<ExitCode, Failure> {
    let (on, change, word) = match verb {
        MerchantVerb::Approve(on) => (on, MerchantChange::Approve, "approved"),
        MerchantVerb::Suspend(on) => (on, MerchantChange::Suspend, "suspended"),
        MerchantVerb::Reject(on) => (on, MerchantChange::Reject, "rejected"),
        MerchantVerb::Attribution(chosen) => return scope::set_attribution(chosen).await,
        MerchantVerb::Payment(orders) => return super::money::payment(orders).await,
    };
    let desk = Desk::open(&on.by).await?;
    let id = MerchantId(on.id);
    let rows =
        set_state::merchant(&desk.pool, &desk.vault, desk.actor, id, change, desk.now).await?;
    desk.finish(&format!("merchant {id} {word}"), &rows).await
}

pub(super) async fn affiliate(verb: AffiliateVerb) -> Result<ExitCode, Failure> {
    let (on, change, word) = match verb {
        AffiliateVerb::Suspend(on) => (on, AffiliateChange::Suspend, "suspended"),
        AffiliateVerb::Activate(on) => (on, AffiliateChange::Activate, "activated"),
        AffiliateVerb::PayoutMethod(verb) => return super::payout_method::run(verb).await,
        AffiliateVerb::Webhook(verb) => return super::webhook::run(verb).await,
    };
    let desk = Desk::open(&on.by).await?;
    let id = AffiliateId(on.id);
    set_state::affiliate(&desk.pool, desk.actor, id, change, desk.now).await?;
    println!("affiliate {id} {word}");
    Ok(ExitCode::SUCCESS)
}
