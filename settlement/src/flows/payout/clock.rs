//! The time that payouts go by: a test merchant's own clock, else the real one.

use crate::store::terms;
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use sqlx::PgConnection;

/// The time of an environment's payouts; in test they belong to one merchant.
pub(in crate::flows) async fn at(
    connection: &mut PgConnection,
    environment: Environment,
    merchant: Option<MerchantId>,
    now: Timestamp,
) -> Result<Timestamp, sqlx::Error> {
    match (environment, merchant) {
        (Environment::Test, Some(merchant)) => {
            let clocks = terms::clocks(connection, &[merchant.0]).await?;
            Ok(clocks.get(&merchant.0).map_or(now, |clock| clock.at(now)))
        }
        (Environment::Test | Environment::Live, _) => Ok(now),
    }
}
