//! What leaves the network on paper: methods frozen at approval, files written once, with the step
//! that sends a run.

use super::set_payout_method;
use crate::domain::payout_export::{Payer, Transfer, csv, pain001};
use crate::error::Fault;
use crate::secrets::Vault;
use crate::store::instant;
use crate::store::payout_file::{self, SentPayoutRow};
use crate::store::payout_method::{self, FrozenRow};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use shared::money::Currency;
use sqlx::PgConnection;
use uuid::Uuid;

/// The formats that files are kept in, as rows name them.
pub const FORMATS: [&str; 2] = [CSV, PAIN001];
const CSV: &str = "csv";
const PAIN001: &str = "pain001";

/// Freezes the methods in force onto live payouts that are approved in the caller's transaction;
/// answers those whose affiliate has none, which cannot be sent.
pub async fn freeze(
    connection: &mut PgConnection,
    payout_ids: &[Uuid],
) -> Result<Vec<Uuid>, Fault> {
    let rows = payout_method::freeze(connection, payout_ids).await?;
    let lacks = |row: &FrozenRow| row.method_version_id.is_none();
    Ok(rows.iter().filter(|row| lacks(row)).map(|row| row.payout_id).collect())
}

/// Writes the files of a live run in the caller's transaction, after its payouts went to
/// `processing` there: the CSV of all of them, and the pain.001 of those by bank, if there are any.
/// Both are gone again when that transaction is; nobody has them before it commits.
///
/// A run that was written before breaks `payout_file_pk`.
pub async fn run(
    connection: &mut PgConnection,
    vault: &Vault,
    payer: Option<&Payer>,
    run_id: Uuid,
    now: Timestamp,
) -> Result<(), Fault> {
    let rows = payout_file::sent_payouts(connection, run_id).await?;
    let transfers = rows.iter().map(|row| transfer(vault, row)).collect::<Result<Vec<_>, _>>()?;
    if transfers.is_empty() {
        return Ok(());
    }
    keep(connection, run_id, CSV, &csv::render(&transfers), now).await?;
    if transfers.iter().all(|transfer| transfer.method.bank().is_none()) {
        return Ok(());
    }
    let payer = payer.ok_or_else(|| {
        let what = "bank transfers need the network's own account: set PAYER_NAME, PAYER_ACCOUNT \
                    and PAYER_BIC";
        Fault::Conflict(what.to_owned())
    })?;
    let run = pain001::Run { run_id, written_at: now };
    let file = pain001::render(run, payer, &transfers)
        .map_err(|unwritable| Fault::Conflict(unwritable.to_string()))?;
    match file {
        Some(bytes) => keep(connection, run_id, PAIN001, &bytes, now).await,
        None => Ok(()),
    }
}

fn transfer(vault: &Vault, row: &SentPayoutRow) -> Result<Transfer, Fault> {
    let (Some(version), Some(sealed)) = (row.method_version_id, &row.details_sealed) else {
        let what = format!("payout {} has no payout method to be sent by", row.payout_id);
        return Err(Fault::Conflict(what));
    };
    let currency = Currency::parse(&row.currency)
        .ok_or_else(|| Fault::Corrupt("a payout has no currency".to_owned()))?;
    Ok(Transfer {
        payout_id: row.payout_id,
        affiliate_id: row.affiliate_id,
        affiliate: row.affiliate.clone(),
        amount: row.amount,
        currency,
        cut_off_at: instant::from_row(row.cut_off_at),
        method: set_payout_method::open(vault, version, sealed)?,
    })
}

async fn keep(
    connection: &mut PgConnection,
    run_id: Uuid,
    format: &str,
    bytes: &[u8],
    now: Timestamp,
) -> Result<(), Fault> {
    let sha256 = hex::encode(Sha256::digest(bytes));
    payout_file::insert(connection, run_id, format, bytes, &sha256, now).await?;
    Ok(())
}
