//! `orders`: those that nobody speaks of, and after how many days they count as delivered.

use super::scope::{environment, must_exist};
use super::{ENVIRONMENT, Failure};
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use settlement::error::Fault;
use settlement::flows::{actor, assume_delivered};
use settlement::store::{instant, missing_status, terms};
use settlement::{app, config};
use shared::id::{Environment, MerchantId};
use shared::time::format_instant;
use std::process::ExitCode;
use uuid::Uuid;

/// Days without news after which an order is listed (MONEY §4).
const LISTED_AFTER_DAYS: i64 = 30;
const HOURS_PER_DAY: i64 = 24;
/// Orders listed at most.
const ROWS_MAX: i64 = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List a merchant's orders of which nothing was heard for 30 days, oldest first
    MissingStatus {
        /// The merchant's UUID
        #[arg(long)]
        merchant: Uuid,
        /// live or test
        #[arg(long, default_value = "live", value_parser = environment)]
        environment: Environment,
    },
    /// Say after how many days without news a merchant's orders count as delivered
    AssumeDelivered {
        /// The merchant's UUID
        #[arg(long)]
        merchant: Uuid,
        /// 1 to 366 days; without it: never, the default
        #[arg(long)]
        after_days: Option<u32>,
        /// E-mail address of the account that does it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::MissingStatus { merchant, environment } => list(merchant, environment).await,
        Verb::AssumeDelivered { merchant, after_days, by } => {
            let pool = app::pool(&config::database(ENVIRONMENT)?)?;
            let mut connection = pool.acquire().await.map_err(Fault::from)?;
            let actor = actor::by_email(&mut connection, &by).await?;
            drop(connection);
            let (id, now) = (MerchantId(merchant), Timestamp::now());
            assume_delivered::set(&pool, actor, id, after_days, now).await?;
            match after_days {
                Some(days) => println!("merchant {id}: delivered after {days} days without news"),
                None => println!("merchant {id}: never taken for delivered"),
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(merchant: Uuid, environment: Environment) -> Result<ExitCode, Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    must_exist(&mut connection, merchant).await?;
    let clocks = terms::clocks(&mut connection, &[merchant]).await.map_err(Fault::from)?;
    let now = match environment {
        Environment::Test => {
            clocks.get(&merchant).cloned().unwrap_or_default().at(Timestamp::now())
        }
        Environment::Live => Timestamp::now(),
    };
    let before = now - SignedDuration::from_hours(LISTED_AFTER_DAYS * HOURS_PER_DAY);
    let world = environment.as_str();
    let rows = missing_status::list(&mut connection, world, merchant, before, ROWS_MAX).await;
    let rows = rows.map_err(Fault::from)?;
    for row in &rows {
        let heard = format_instant(instant::from_row(row.heard_at));
        let (order, state, awaited) = (&row.external_order_id, &row.state, &row.hold_start);
        println!(
            "{order:?} ({}): {state}, awaits {awaited}, last heard {heard}",
            row.conversion_id
        );
    }
    let more = if i64::try_from(rows.len()) == Ok(ROWS_MAX) { " or more" } else { "" };
    println!("{}{more} orders without news for {LISTED_AFTER_DAYS} days", rows.len());
    Ok(ExitCode::SUCCESS)
}
