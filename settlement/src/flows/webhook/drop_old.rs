//! Months of deliveries and attempts that nobody may ask for any more go as a whole.

use super::DELIVERIES_KEPT_DAYS;
use crate::error::Fault;
use crate::store::edge_stream::drop_month_partitions;
use crate::store::transaction;
use jiff::Timestamp;
use sqlx::{Connection, PgPool};

/// What goes by months.
const TABLES: [&str; 2] = ["webhook_delivery", "webhook_attempt"];

/// Drops the months that ended before what is still kept; answers how many partitions that were.
/// Who sends is not kept waiting: where a table is busy for long, it is tried again another time.
pub async fn run_once(pool: &PgPool, now: Timestamp) -> Result<i32, Fault> {
    let mut connection = pool.acquire().await?;
    let days = i32::try_from(DELIVERIES_KEPT_DAYS).unwrap_or(i32::MAX);
    let mut dropped = 0;
    for table in TABLES {
        let mut one = connection.begin().await?;
        transaction::wait_briefly(&mut one).await?;
        dropped += drop_month_partitions(&mut one, table, days, now).await?;
        one.commit().await?;
    }
    Ok(dropped)
}
