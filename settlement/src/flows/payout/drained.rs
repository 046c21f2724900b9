//! Whether all events of merchants up to a cut-off are in.

use crate::domain::payout::drain::{self, Streams, Verdict};
use crate::store::payout::drain as store;
use crate::store::terms;
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use shared::internal::intake_name;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Judges merchants' streams against a cut-off in their own time.
pub(super) async fn judge(
    connection: &mut PgConnection,
    environment: Environment,
    merchants: &BTreeSet<MerchantId>,
    cut_off: Timestamp,
) -> Result<BTreeMap<MerchantId, Verdict>, sqlx::Error> {
    let streams = streams(connection, environment, merchants).await?;
    let verdict = |merchant: &MerchantId| {
        let none = Streams { edge_time: None, is_stored: true, is_settled: true, failed: 0 };
        let streams = streams.get(&merchant.0).copied().unwrap_or(none);
        (*merchant, drain::judge(streams, cut_off))
    };
    Ok(merchants.iter().map(verdict).collect())
}

/// Up to when a test merchant's edge was heard, in its own time; `None`: it never was.
pub(super) async fn heard(
    connection: &mut PgConnection,
    merchant: MerchantId,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let streams = streams(connection, Environment::Test, &BTreeSet::from([merchant])).await?;
    Ok(streams.get(&merchant.0).and_then(|streams| streams.edge_time))
}

/// Where merchants' streams stand, in their own time.
async fn streams(
    connection: &mut PgConnection,
    environment: Environment,
    merchants: &BTreeSet<MerchantId>,
) -> Result<HashMap<Uuid, Streams>, sqlx::Error> {
    let ids: Vec<_> = merchants.iter().map(|merchant| merchant.0).collect();
    let objects: Vec<_> =
        merchants.iter().map(|merchant| intake_name(*merchant, environment)).collect();
    let mut streams = store::streams(connection, environment.as_str(), &ids, &objects).await?;
    let clocks = match environment {
        Environment::Test => terms::clocks(connection, &ids).await?,
        Environment::Live => HashMap::new(),
    };
    for (merchant, clock) in clocks {
        if let Some(streams) = streams.get_mut(&merchant) {
            streams.edge_time = streams.edge_time.map(|heard| clock.heard(heard));
        }
    }
    Ok(streams)
}
