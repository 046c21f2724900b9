//! `demo seed`: makes the demo network and writes down how to use it.

use super::demo_file::{self, DemoFile, Places};
use super::{ENVIRONMENT, Failure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use settlement::flows::push_directory;
use settlement::flows::seed_demo::{self, Seeded};
use settlement::outbound::edge::Edge;
use settlement::{app, config};
use sqlx::PgPool;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Make the demo network, or leave the one that is there as it is
    Seed(Seed),
}

#[derive(Debug, Args)]
pub(super) struct Seed {
    /// Where to write what was made, secrets included; only its owner may read it
    #[arg(long)]
    out: PathBuf,
    /// Where shoppers and merchants' servers go
    #[arg(long)]
    edge_url: String,
    /// Where settlement answers
    #[arg(long)]
    settlement_url: String,
    /// Issue new keys and passwords when the network is already there
    #[arg(long)]
    renew_secrets: bool,
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    let Verb::Seed(seed) = verb;
    let config = config::vault(ENVIRONMENT)?;
    let origin = |option: &str, text: &str| {
        config::origin(text).map_err(|fault| Failure::Other(format!("{option} {fault}")))
    };
    let places = Places {
        edge: origin("--edge-url", &seed.edge_url)?,
        settlement: origin("--settlement-url", &seed.settlement_url)?,
        database: config.database_url.clone(),
    };
    let pool = app::pool(&config.database_url)?;
    let seeded = seed_demo::run(&pool, &config.vault, seed.renew_secrets, Timestamp::now()).await?;
    let file = match seeded {
        Seeded::Fresh(network) => DemoFile::new(&places, *network),
        Seeded::AlreadyThere => {
            let known = demo_file::read(&seed.out).map_err(|why| {
                Failure::Other(format!(
                    "the demo network is there, but {why}, and its secrets cannot be read back: \
                     run again with --renew-secrets"
                ))
            })?;
            known.moved_to(&places)
        }
    };
    demo_file::write(&seed.out, &file)
        .map_err(|cause| Failure::Other(format!("cannot write {}: {cause}", seed.out.display())))?;
    push(&pool).await;
    println!("the demo network is in {}", seed.out.display());
    Ok(ExitCode::SUCCESS)
}

/// Tells the edge at once, where it is known and there; else `serve` does it in its time.
async fn push(pool: &PgPool) {
    let Ok(config) = config::operator(ENVIRONMENT) else { return };
    let edge = Edge::new(&config.edge);
    loop {
        match push_directory::run_once(pool, &edge, Timestamp::now()).await {
            Ok(pushed) if pushed.more => {}
            Ok(_) => return,
            Err(fault) => {
                eprintln!("settlement: the edge does not know the network yet: {fault}");
                return;
            }
        }
    }
}
