//! `payout file` and `payout statement`: what is sent to a bank, and what an affiliate is given.

use super::{ENVIRONMENT, Failure};
use clap::Subcommand;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use settlement::error::Fault;
use settlement::flows::actor;
use settlement::flows::write_payout_files::FORMATS;
use settlement::store::payout_file;
use settlement::web::statement;
use settlement::{app, config};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Write a run's file, the same bytes each time; there is none before its payouts are sent, and
    /// none of test payouts
    File {
        /// The run's UUID
        run_id: Uuid,
        /// csv: every payout; pain001: those by bank
        #[arg(long, value_parser = FORMATS)]
        format: String,
        /// Where to; must not exist yet
        #[arg(long, value_name = "PATH")]
        out: PathBuf,
        /// E-mail address of the operator who fetches it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
    /// Write a payout's statement as an HTML page, which prints well
    Statement {
        /// The payout's UUID
        payout_id: Uuid,
        /// With this merchant's own lines alone
        #[arg(long, value_name = "UUID")]
        merchant: Option<Uuid>,
        /// IANA name of the clock it is on; else that of the payout's first merchant
        #[arg(long, value_name = "ZONE", value_parser = zone)]
        time_zone: Option<TimeZone>,
        /// Where to; must not exist yet
        #[arg(long, value_name = "PATH")]
        out: PathBuf,
        /// E-mail address of the operator who fetches it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "is not a time zone such as Asia/Kathmandu".to_owned())
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::File { run_id, format, out, by } => file(run_id, &format, &out, &by).await,
        Verb::Statement { payout_id, merchant, time_zone, out, by } => {
            let mut connection = open(&by).await?;
            let now = Timestamp::now();
            let page =
                statement::of_payout(&mut connection, payout_id, merchant, time_zone, now).await?;
            write_new(&out, statement::html(&page).as_bytes())?;
            println!("{}: the statement of payout {payout_id}", out.display());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A connection for an operator.
async fn open(by: &str) -> Result<PoolConnection<Postgres>, Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    actor::by_email(&mut connection, by).await?.may_operate()?;
    Ok(connection)
}

async fn file(run_id: Uuid, format: &str, out: &Path, by: &str) -> Result<ExitCode, Failure> {
    let mut connection = open(by).await?;
    let found = payout_file::find(&mut connection, run_id, format).await.map_err(Fault::from)?;
    let found = found.ok_or(Fault::NotFound("file of this run"))?;
    write_new(out, &found.bytes)?;
    println!("{}: {} bytes, SHA-256 {}", out.display(), found.bytes.len(), found.sha256);
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that was not there, for its owner's eyes alone where the system knows such.
fn write_new(out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(out)
        .and_then(|mut file| std::io::Write::write_all(&mut file, bytes))
        .map_err(|cause| Failure::Other(format!("{}: {cause}", out.display())))
}
