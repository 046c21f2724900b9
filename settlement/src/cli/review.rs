//! `review list|assign|confirm|reject`: orders that wait for a person, and what one decides.

use super::scope::must_exist;
use super::scope::{Doer, OnBooks};
use super::{ENVIRONMENT, Failure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use settlement::domain::order::Scope;
use settlement::domain::review::{Ruled, Ruling};
use settlement::error::Fault;
use settlement::flows::actor;
use settlement::flows::decide_review::{self, Decided};
use settlement::store::instant;
use settlement::store::review::{self, DecisionRow, WaitingRow};
use settlement::{app, config};
use shared::id::{AffiliateId, CampaignId, ConversionId};
use shared::money::Currency;
use sqlx::PgPool;
use std::process::ExitCode;
use uuid::Uuid;

/// Orders read at once.
const PAGE_ROWS_MAX: i64 = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show a merchant's waiting orders, oldest first
    List(OnBooks),
    /// An affiliate earns it, on a campaign's terms or the merchant's own
    Assign(Assign),
    /// The candidate shown earns it
    Confirm(OnConversion),
    /// Nobody earns it
    Reject(OnConversion),
}

#[derive(Debug, Args)]
pub(super) struct OnConversion {
    /// The conversion's id, cnv_…
    conversion: String,
    #[command(flatten)]
    books: OnBooks,
    #[command(flatten)]
    doer: Doer,
}

#[derive(Debug, Args)]
pub(super) struct Assign {
    #[command(flatten)]
    on: OnConversion,
    /// Who earns it: a UUID
    #[arg(long)]
    affiliate: Uuid,
    /// On which campaign's terms: a UUID; without it on the merchant's own
    #[arg(long)]
    campaign: Option<Uuid>,
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::List(on) => {
            let pool = app::pool(&config::database(ENVIRONMENT)?)?;
            list(&pool, on.scope()).await
        }
        Verb::Assign(Assign { on, affiliate, campaign }) => {
            let (affiliate, campaign) = (AffiliateId(affiliate), campaign.map(CampaignId));
            decide(on, Ruling::Assign { affiliate, campaign }).await
        }
        Verb::Confirm(on) => decide(on, Ruling::Confirm).await,
        Verb::Reject(on) => decide(on, Ruling::Reject).await,
    }
}

async fn list(pool: &PgPool, scope: Scope) -> Result<ExitCode, Failure> {
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    must_exist(&mut connection, scope.merchant.0).await?;
    let (mut after, mut shown) = (None, 0);
    loop {
        let rows = review::waiting(&mut connection, scope, after, PAGE_ROWS_MAX);
        let rows = rows.await.map_err(Fault::from)?;
        for row in &rows {
            println!("{}", line(row));
        }
        shown += rows.len();
        let Some(last) = rows.last() else { break };
        after = Some((last.received_at, last.conversion_id.clone()));
    }
    println!("orders that wait: {shown}");
    Ok(ExitCode::SUCCESS)
}

/// One waiting order in one line.
fn line(row: &WaitingRow) -> String {
    let currency = Currency::parse(&row.currency);
    let amount =
        currency.map_or_else(|| row.order_amount.to_string(), |c| c.format(row.order_amount));
    let candidate = row.affiliate_id.map_or_else(String::new, |id| format!("  affiliate {id}"));
    let back = row.reversed_by.as_ref().map_or_else(String::new, |by| format!("  [{by}]"));
    format!(
        "{}  {}  {}  {} {amount}  {}{candidate}{back}  {}",
        row.conversion_id,
        instant::from_row(row.received_at),
        row.confidence,
        row.currency,
        row.external_order_id,
        row.why.as_deref().unwrap_or_default(),
    )
}

async fn decide(on: OnConversion, ruling: Ruling) -> Result<ExitCode, Failure> {
    let id = ConversionId::parse(&on.conversion).ok_or(Fault::NotFound("conversion"))?;
    let config = config::settle(ENVIRONMENT)?;
    let pool = app::pool(&config.database_url)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    let by = actor::by_email(&mut connection, &on.doer.by).await?;
    drop(connection);
    let subject = (on.books.scope(), id);
    let now = Timestamp::now();
    match decide_review::run(&pool, &config.click_keys, by, subject, ruling, now).await? {
        Decided::Now(ruled) => {
            println!("conversion {id}: {}", told(ruled));
            Ok(ExitCode::SUCCESS)
        }
        Decided::Before(row) => Err(Failure::Other(before(&row))),
        Decided::Refused(ruled) => Err(Failure::Other(told(ruled).to_owned())),
    }
}

fn told(ruled: Ruled) -> &'static str {
    match ruled {
        Ruled::Earned => "it has a commission now",
        Ruled::EarnsNothing => "it is attributed; its rules earn nothing on it",
        Ruled::Rejected => "nobody earns it",
        Ruled::FullyReversed => "the whole order was taken back: it can only be rejected",
        Ruled::NoCandidate => "there is no candidate to confirm: assign it",
        Ruled::NotWaiting => "nothing is to be decided on it",
    }
}

fn before(row: &DecisionRow) -> String {
    let at = instant::from_row(row.decided_at);
    let whom = row.affiliate_id.map_or_else(String::new, |id| format!(", affiliate {id}"));
    format!("it was decided before, at {at}: {}{whom}", row.decision)
}
