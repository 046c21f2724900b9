//! `affiliate payout-method`: how an affiliate is paid is set, and shown masked.

use super::scope::currency;
use super::{ENVIRONMENT, Failure};
use clap::Subcommand;
use jiff::Timestamp;
use settlement::app;
use settlement::config::{self, VaultConfig};
use settlement::error::Fault;
use settlement::flows::{actor, set_payout_method};
use settlement::store::{instant, payout_method};
use shared::id::AffiliateId;
use shared::money::Currency;
use shared::time::format_instant;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use uuid::Uuid;

/// Bytes of a method's fields at most.
const FIELDS_BYTES_MAX: u64 = 16 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Set it. Its fields are a JSON object, which no shell remembers:
    /// {"method":"bank","holder":"…","iban":"…"}, or accountNumber, bic or clearingId, country;
    /// {"method":"esewa","id":"…"}, {"method":"khalti","phone":"…"},
    /// {"method":"paypal","email":"…"}
    Set {
        /// The affiliate's UUID
        id: Uuid,
        /// The file with its fields; - for standard input
        #[arg(long, value_name = "PATH")]
        fields: PathBuf,
        /// For payouts in this currency alone; else for any without one of its own
        #[arg(long, value_parser = currency)]
        currency: Option<Currency>,
        /// E-mail address of the account that does it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
    /// Show what is in force, masked
    Show {
        /// The affiliate's UUID
        id: Uuid,
        /// E-mail address of the account that looks
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Set { id, fields, currency, by } => {
            set(AffiliateId(id), &read(&fields)?, currency, &by).await
        }
        Verb::Show { id, by } => show(AffiliateId(id), &by).await,
    }
}

async fn set(
    id: AffiliateId,
    fields: &BTreeMap<String, String>,
    currency: Option<Currency>,
    by: &str,
) -> Result<ExitCode, Failure> {
    let VaultConfig { database_url, vault, .. } = config::vault(ENVIRONMENT)?;
    let pool = app::pool(&database_url)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    let actor = actor::by_email(&mut connection, by).await?;
    drop(connection);
    let now = Timestamp::now();
    let set = set_payout_method::run(&pool, &vault, actor, id, currency, fields, now).await?;
    let of = currency.map_or("any currency", Currency::code);
    println!("affiliate {id}: {of} by {} (version {})", set.masked, set.method_version_id);
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let wrong = |what: &str| Failure::Other(format!("{}: {what}", path.display()));
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).map_err(|cause| wrong(&cause.to_string()))?)
    };
    let mut text = String::new();
    let taken = input.take(FIELDS_BYTES_MAX).read_to_string(&mut text);
    taken.map_err(|_| wrong("cannot be read as text"))?;
    // The cause would repeat what was read.
    serde_json::from_str(&text)
        .map_err(|_| wrong("must be a JSON object of texts, such as {\"method\":\"bank\"}"))
}

async fn show(id: AffiliateId, by: &str) -> Result<ExitCode, Failure> {
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    let actor = actor::by_email(&mut connection, by).await?;
    set_payout_method::may_set(&mut connection, actor, id).await?;
    let rows = payout_method::newest(&mut connection, id.0).await.map_err(Fault::from)?;
    if rows.is_empty() {
        println!("affiliate {id} has no payout method");
    }
    for row in rows {
        let of = row.currency.as_deref().unwrap_or("any currency");
        let since = format_instant(instant::from_row(row.created_at));
        println!("{of}: {} since {since} (version {})", row.masked, row.method_version_id);
    }
    Ok(ExitCode::SUCCESS)
}
