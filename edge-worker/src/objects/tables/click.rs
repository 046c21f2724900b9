//! Recorded clicks and the request log: one row per batch of an isolate.

use super::{FRAME_BYTES, NONE, first, migrate, prune_table, run, stream};
use crate::bridge;
use worker::{Error, Result, SqlStorage};

const CLICKS: &str = "
    create table if not exists click_batch (
        seq integer primary key,         -- gapless; the highest row is never deleted
        stored_at_ms integer not null,   -- Unix milliseconds of the edge's clock
        dropped integer not null,        -- clicks the isolate lost since its last batch
        clicks text not null             -- a JSON array of click records
    );
";

/// A JSON object, the request log of the batch; null when there is none.
const LOG: &str = "
    alter table click_batch add column log text
";

/// Makes or updates the tables of a click object.
pub fn open(sql: &SqlStorage) -> Result<()> {
    migrate(sql, &[&format!("{}{CLICKS}", stream::CREATE), LOG])
}

/// The highest place given out, 0 for none.
pub fn highest_seq(sql: &SqlStorage) -> Result<u64> {
    let query = "-- click::highest_seq
        select max(seq) as seq from click_batch";
    let highest = first(sql, query, &NONE)?.map(|row| row.find_number(0)).transpose()?.flatten();
    Ok(highest.map_or(0, i64::unsigned_abs))
}

/// Stores a batch; answers its place.
pub fn store(
    sql: &SqlStorage,
    clicks: &str,
    log: Option<&str>,
    dropped: u64,
    now_ms: i64,
) -> Result<u64> {
    let query = "-- click::store
        insert into click_batch (stored_at_ms, dropped, clicks, log) values (?1, ?2, ?3, ?4)
        returning seq";
    let row = first(sql, query, &(now_ms, dropped, clicks, log))?;
    row.ok_or_else(|| Error::from("the insert named no row"))?.count(0)
}

/// A row to be sent.
#[derive(Debug)]
pub struct Unsent {
    /// Its place.
    pub seq: u64,
    /// A JSON array.
    pub clicks: String,
    /// Clicks lost before it.
    pub dropped: u64,
    /// A JSON object, if there is a log.
    pub log: Option<String>,
}

/// Rows after a place, in order, at most `rows_max`, until they reach `bytes_max`.
pub fn after(sql: &SqlStorage, seq: u64, rows_max: usize, bytes_max: usize) -> Result<Vec<Unsent>> {
    let query = "-- click::after
        select seq, clicks, dropped, log from click_batch where seq > ?1 order by seq limit ?2";
    let characters_max = u32::try_from(bytes_max).unwrap_or(u32::MAX);
    let asked = bridge::ask_up_to(sql, query, &(seq, rows_max), characters_max)?;
    let mut bytes = 0;
    let mut rows = Vec::new();
    for mut row in asked.rows {
        let (seq, dropped) = (row.count(0)?, row.count(2)?);
        let row = Unsent { seq, clicks: row.text(1)?, dropped, log: row.find(3) };
        bytes += row.clicks.len() + row.log.as_ref().map_or(0, String::len) + FRAME_BYTES;
        if bytes > bytes_max && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Forgets the logs of rows after a place and up to another, which settlement has: clicks are kept
/// to be sent again after a restore, a log is not worth its room.
pub fn forget_logs(sql: &SqlStorage, after_seq: u64, up_to_seq: u64) -> Result<()> {
    let query = "-- click::forget_logs
        update click_batch set log = null where seq > ?1 and seq <= ?2 and log is not null";
    run(sql, query, &(after_seq, up_to_seq))
}

/// The lowest place kept, if there is any.
pub fn lowest_seq(sql: &SqlStorage) -> Result<Option<u64>> {
    super::lowest_seq(sql, "click_batch")
}

/// Deletes some of the oldest acknowledged rows stored before an instant, never the highest.
pub fn prune(sql: &SqlStorage, acknowledged_seq: u64, before_ms: i64) -> Result<()> {
    prune_table(sql, "click_batch", "stored_at_ms", acknowledged_seq, before_ms)
}
