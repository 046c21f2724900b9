//! What leaves the network on paper: methods frozen at approval, files written when a run is sent.

use crate::error::Fault;
use crate::secrets::Vault;
use crate::store::payout::PayoutRow;
use jiff::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

/// What a run's files are written with.
#[derive(Debug, Clone, Copy)]
pub struct Press<'a> {
    /// Opens payout methods.
    pub vault: &'a Vault,
}

/// Freezes the payout method in force onto payouts that are approved in this transaction.
pub(super) async fn freeze_methods(
    _connection: &mut PgConnection,
    _approved: &[&PayoutRow],
) -> Result<(), Fault> {
    Ok(())
}

/// Writes the files of a live run in the transaction that sends its payouts; nobody has them before
/// it commits.
pub(super) async fn write(
    _connection: &mut PgConnection,
    _press: Press<'_>,
    _run_id: Uuid,
    _now: Timestamp,
) -> Result<(), Fault> {
    Ok(())
}
