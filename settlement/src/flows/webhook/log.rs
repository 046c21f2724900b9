//! Places in a merchant's log of notices.

use crate::error::Fault;
use crate::store::affiliate_log::Logs;
use crate::store::webhook_feed;
use crate::store::{instant, webhook_feed::newest_given_out};
use jiff::{SignedDuration, Timestamp};
use shared::id::{Environment, MerchantId};
use sqlx::PgConnection;

/// How far the order of positions and that of instants may differ: a node's clock may be off, and
/// a transaction may write its rows long after it began.
const DISORDER_MINUTES_MAX: i64 = 10;

/// The position before which no group was written since an instant. The log has no index by time:
/// it is written far more often than this is asked, and its order is that of time, nearly.
pub(super) async fn first_since(
    connection: &mut PgConnection,
    log: (Environment, MerchantId),
    since: Timestamp,
) -> Result<i64, Fault> {
    let since = since
        .saturating_sub(SignedDuration::from_mins(DISORDER_MINUTES_MAX))
        .unwrap_or(Timestamp::MIN);
    // Groups below `low` are older; from `high` on none is, or there is none.
    let (mut low, mut high) = (0, newest_given_out(connection).await?.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match webhook_feed::first_group(connection, log, middle).await? {
            Some(row) if instant::from_row(row.created_at) < since => low = row.position + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}

/// The first group that any of an affiliate's logs had since an instant, and `bound` when none had
/// one below it. A log that is quiet since then does not count.
pub(in crate::flows) async fn first_of_all(
    connection: &mut PgConnection,
    logs: &Logs,
    since: Timestamp,
    bound: i64,
) -> Result<i64, Fault> {
    let mut first = bound;
    for merchant in &logs.merchants {
        let log = (logs.environment, MerchantId(*merchant));
        let low = first_since(connection, log, since).await?;
        if let Some(group) = webhook_feed::first_group(connection, log, low).await? {
            first = first.min(group.position);
        }
    }
    Ok(first)
}
