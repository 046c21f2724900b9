//! What time it is in a merchant's world: real time in live, its test clock's in test (MONEY §11).

use crate::domain::clock::Clock;
use crate::error::Fault;
use crate::store::terms;
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use sqlx::PgConnection;

/// The merchant's time at a real instant. Without a merchant it is real time: the platform has no
/// test clock.
pub(super) async fn at(
    connection: &mut PgConnection,
    environment: Environment,
    merchant: Option<MerchantId>,
    now: Timestamp,
) -> Result<Timestamp, Fault> {
    let (Environment::Test, Some(merchant)) = (environment, merchant) else {
        return Ok(now);
    };
    let clocks = terms::clocks(connection, &[merchant.0]).await?;
    Ok(clocks.get(&merchant.0).unwrap_or(&Clock::default()).at(now))
}
