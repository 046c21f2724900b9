//! `event retry`: an operator's second try at an event that could not be settled.

use super::{ENVIRONMENT, Failure};
use clap::Subcommand;
use jiff::Timestamp;
use settlement::error::Fault;
use settlement::flows::actor;
use settlement::flows::retry_event::{self, Retried};
use settlement::{app, config};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Settle a failed event again
    Retry {
        /// The event's id, cnvevt_…, osevt_… or clkevt_…
        event_id: String,
        /// E-mail address of the operator who does it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    let Verb::Retry { event_id, by } = verb;
    let config = config::settle(ENVIRONMENT)?;
    let pool = app::pool(&config.database_url)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    let by = actor::by_email(&mut connection, &by).await?;
    drop(connection);
    match retry_event::run(&pool, &config.click_keys, by, &event_id, Timestamp::now()).await? {
        Retried::Settled(code, detail) => {
            println!("event {event_id} {code}: {detail}");
            Ok(ExitCode::SUCCESS)
        }
        Retried::NotFailed => Err(Failure::Other(format!("there is no failed event {event_id}"))),
    }
}
