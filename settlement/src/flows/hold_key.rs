//! A key about to be changed: found, its merchant locked, and who changes it allowed to.

use super::actor::Actor;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::store::api_key::{self, ApiKeyRow};
use crate::store::{instant, merchant};
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use sqlx::PgConnection;

/// A key that nobody else changes until the commit.
#[derive(Debug)]
pub(super) struct HeldKey {
    /// As it is under the lock.
    pub(super) row: ApiKeyRow,
    /// Whose, and in which world.
    pub(super) scope: Scope,
}

/// Finds a key and locks its merchant, so that sums of limits hold until the commit.
pub(super) async fn find(
    connection: &mut PgConnection,
    actor: Actor,
    key_id: &str,
) -> Result<HeldKey, Fault> {
    let seen = api_key::find(connection, key_id).await?.ok_or(Fault::NotFound("key"))?;
    let merchant = MerchantId(seen.merchant_id);
    actor.may_change(merchant)?;
    merchant::lock(connection, merchant.0).await?.ok_or(Fault::NotFound("merchant"))?;
    // Read again under the lock: what is decided must rest on this key's true state.
    let row = api_key::find(connection, key_id).await?.ok_or(Fault::NotFound("key"))?;
    let environment = Environment::parse(&row.environment)
        .ok_or_else(|| Fault::Corrupt("a key has no known environment".to_owned()))?;
    Ok(HeldKey { row, scope: Scope { environment, merchant } })
}

/// Refuses to change a key that is revoked or expired: it stays so.
pub(super) fn refuse_ended(row: &ApiKeyRow, now: Timestamp) -> Result<(), Fault> {
    if state_at(row, now) == "revoked" {
        return Err(Fault::Conflict("a revoked key stays revoked".to_owned()));
    }
    Ok(())
}

/// A key's state as it is shown: an expired one is revoked, whether or not its row says so yet.
pub fn state_at(row: &ApiKeyRow, now: Timestamp) -> &str {
    match row.expires_at {
        Some(at) if instant::from_row(at) <= now => "revoked",
        _ => &row.state,
    }
}
