//! Click records that come after their orders: risk learns what they say.

use crate::domain::order::Scope;
use crate::domain::risk::signals::ClickRecord;
use crate::domain::risk::tally::{Key, Tally};
use crate::store::click::{self, NewClick};
use crate::store::{risk_facts, settling};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};

/// Gives the orders that lack one of these records what it says, and counts their shoppers.
pub(super) async fn take(
    connection: &mut PgConnection,
    clicks: &[NewClick],
) -> Result<(), sqlx::Error> {
    settling::go_by_keys(connection).await?;
    let ids: Vec<&str> = clicks.iter().map(|click| click.click_id.as_str()).collect();
    let rows = click::lock_awaiting(connection, &ids).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let by_id: HashMap<&str, &NewClick> =
        clicks.iter().map(|click| (click.click_id.as_str(), click)).collect();
    let mut counted: BTreeMap<(Scope, Key), Tally> = BTreeMap::new();
    let mut taken = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(click) = by_id.get(row.awaits_click.as_str()) else { continue };
        let mut signals = risk_facts::signals_of(row.signals.clone(), row.ordered_at)?;
        signals.take_click(&ClickRecord {
            shopper_hash: click.shopper_hash.clone(),
            country: click.country.clone(),
        });
        if let (Some(hash), true) = (&signals.shopper_hash, row.has_commission) {
            let scope = risk_facts::scope(&row.environment, row.merchant_id)?;
            let tally = counted.entry((scope, Key::day(hash, signals.ordered_at))).or_default();
            tally.orders += 1;
        }
        let text = serde_json::to_string(&signals).expect("signals are plain data");
        taken.push((row, text));
    }
    click::take_records(connection, &taken).await?;
    let counted: Vec<_> = counted.iter().map(|((scope, key), n)| (*scope, key, *n)).collect();
    risk_facts::count(connection, &counted).await?;
    Ok(())
}
