//! Whether all events of merchants up to a cut-off are in.

use crate::domain::payout::drain::{self, Streams, Verdict};
use crate::store::payout::drain as store;
use crate::store::terms;
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use shared::internal::intake_name;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

/// Judges merchants' streams against a cut-off in their own time.
pub(super) async fn judge(
    connection: &mut PgConnection,
    environment: Environment,
    merchants: &BTreeSet<MerchantId>,
    cut_off: Timestamp,
) -> Result<BTreeMap<MerchantId, Verdict>, sqlx::Error> {
    let ids: Vec<_> = merchants.iter().map(|merchant| merchant.0).collect();
    let objects: Vec<_> =
        merchants.iter().map(|merchant| intake_name(*merchant, environment)).collect();
    let streams = store::streams(connection, environment.as_str(), &ids, &objects).await?;
    let clocks = match environment {
        Environment::Test => terms::clocks(connection, &ids).await?,
        Environment::Live => std::collections::HashMap::new(),
    };
    let verdict = |merchant: &MerchantId| {
        let none = Streams { edge_time: None, is_stored: true, is_settled: true, failed: 0 };
        let mut streams = streams.get(&merchant.0).copied().unwrap_or(none);
        if let Some(clock) = clocks.get(&merchant.0) {
            streams.edge_time = streams.edge_time.map(|heard| clock.heard(heard));
        }
        (*merchant, drain::judge(streams, cut_off))
    };
    Ok(merchants.iter().map(verdict).collect())
}
