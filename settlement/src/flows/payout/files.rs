//! What leaves the network on paper: methods frozen at approval, files written when a run is sent.

use crate::domain::payout_export::Payer;
use crate::error::Fault;
use crate::flows::write_payout_files;
use crate::secrets::Vault;
use crate::store::payout::PayoutRow;
use crate::store::payout_method;
use jiff::Timestamp;
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;

/// What a run's files are written with.
#[derive(Debug, Clone, Copy)]
pub struct Press<'a> {
    /// Opens payout methods.
    pub vault: &'a Vault,
    /// The network's own account; payouts by bank need it.
    pub payer: Option<&'a Payer>,
}

/// The live payouts among these whose affiliate has said no way to be paid: nothing could be sent.
pub(super) async fn without_method(
    connection: &mut PgConnection,
    rows: &[&PayoutRow],
) -> Result<HashSet<Uuid>, Fault> {
    let live: Vec<&PayoutRow> =
        rows.iter().copied().filter(|row| row.environment == "live").collect();
    let affiliates: Vec<Uuid> = live.iter().map(|row| row.affiliate_id).collect();
    let currencies: Vec<String> = live.iter().map(|row| row.currency.clone()).collect();
    let found = payout_method::in_force(connection, &affiliates, &currencies).await?;
    let known: HashSet<(Uuid, &str)> =
        found.iter().map(|row| (row.affiliate_id, row.currency.as_str())).collect();
    let lacks = |row: &&&PayoutRow| !known.contains(&(row.affiliate_id, row.currency.as_str()));
    Ok(live.iter().filter(lacks).map(|row| row.payout_id).collect())
}

/// Freezes the payout method in force onto payouts that are approved in this transaction.
pub(super) async fn freeze_methods(
    connection: &mut PgConnection,
    approved: &[Uuid],
) -> Result<(), Fault> {
    let lacking = write_payout_files::freeze(connection, approved).await?;
    match lacking.first() {
        None => Ok(()),
        Some(payout) => Err(Fault::Conflict(format!("payout {payout} has lost its method"))),
    }
}

/// Writes the files of a live run in the transaction that sends its payouts; nobody has them before
/// it commits.
pub(super) async fn write(
    connection: &mut PgConnection,
    press: Press<'_>,
    run_id: Uuid,
    now: Timestamp,
) -> Result<(), Fault> {
    write_payout_files::run(connection, press.vault, press.payer, run_id, now).await
}
