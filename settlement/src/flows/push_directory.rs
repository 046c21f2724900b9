//! Directory rows go to the edge: changes as they come, and a full snapshot to a shard without one.

use crate::error::Fault;
use crate::outbound::edge::Edge;
use crate::store::directory_row::{self, DirectoryRow, Written};
use jiff::Timestamp;
use shared::directory::{PUSH_ROWS_MAX, PUSH_VERSION, Push, Row, shard_of};
use sqlx::PgPool;
use std::collections::BTreeMap;

/// Rows read in one go at most.
const ROWS_READ_MAX: i64 = 2_000;

/// What one round pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Rows the edge acknowledged.
    pub rows: usize,
    /// Whether more rows may be waiting.
    pub more: bool,
    /// Shards that said they have no snapshot.
    pub without_snapshot: Vec<u32>,
}

/// Pushes one round of changed rows, up to 500 a call.
///
/// Each shard's rows are marked as its call is answered; a shard that does not answer keeps its
/// rows for the next round and does not hold up the others.
pub async fn run_once(pool: &PgPool, edge: &Edge, now: Timestamp) -> Result<Pushed, Fault> {
    let rows = directory_row::unpushed(&mut *pool.acquire().await?, ROWS_READ_MAX).await?;
    let mut pushed = Pushed { more: rows.len() >= 2_000, ..Pushed::default() };
    let mut shards: BTreeMap<u32, Vec<DirectoryRow>> = BTreeMap::new();
    for row in rows {
        shards.entry(shard_of(&row.name, edge.directory_shards)).or_default().push(row);
    }
    let mut failed = None;
    for (shard, rows) in shards {
        for part in rows.chunks(PUSH_ROWS_MAX) {
            match push(pool, edge, shard, part, false, now).await {
                Ok(snapshotted) => {
                    pushed.rows += part.len();
                    if !snapshotted && !pushed.without_snapshot.contains(&shard) {
                        pushed.without_snapshot.push(shard);
                    }
                }
                Err(fault) => {
                    failed = Some(fault);
                    break;
                }
            }
        }
    }
    failed.map_or(Ok(pushed), Err)
}

/// Pushes everything a shard must know; its last part makes a miss there an answer.
pub async fn snapshot(
    pool: &PgPool,
    edge: &Edge,
    shard: u32,
    now: Timestamp,
) -> Result<usize, Fault> {
    let mut after = String::new();
    let mut waiting: Vec<DirectoryRow> = Vec::new();
    let mut rows_pushed = 0;
    loop {
        let page = directory_row::page(&mut *pool.acquire().await?, &after, ROWS_READ_MAX).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.name);
        waiting.extend(
            page.into_iter().filter(|row| shard_of(&row.name, edge.directory_shards) == shard),
        );
        // At least one row stays for the part that completes the snapshot, if there is any.
        while waiting.len() > PUSH_ROWS_MAX {
            let part: Vec<_> = waiting.drain(..PUSH_ROWS_MAX).collect();
            push(pool, edge, shard, &part, false, now).await?;
            rows_pushed += part.len();
        }
    }
    push(pool, edge, shard, &waiting, true, now).await?;
    Ok(rows_pushed + waiting.len())
}

/// Whether the edge has acknowledged all of these rows.
pub async fn is_acknowledged(pool: &PgPool, rows: &[Written]) -> Result<bool, Fault> {
    let open = directory_row::count_unacknowledged(&mut *pool.acquire().await?, rows).await?;
    Ok(open == 0)
}

/// Sends one part, then marks exactly what was taken and what was refused.
/// No transaction spans the call.
async fn push(
    pool: &PgPool,
    edge: &Edge,
    shard: u32,
    rows: &[DirectoryRow],
    completes_snapshot: bool,
    now: Timestamp,
) -> Result<bool, Fault> {
    let body = Push {
        version: PUSH_VERSION,
        shard,
        completes_snapshot,
        rows: rows.iter().map(wire_row).collect(),
    };
    let answer = edge.push(&body, now).await?;
    if !answer.refused.is_empty() {
        // Sent again they would be refused again: this is for a person.
        tracing::error!(
            names = ?answer.refused,
            "the edge refused links whose number or code belongs to another link there"
        );
    }
    let written = |row: &DirectoryRow| Written { name: row.name.clone(), version: row.version };
    let (refused, taken): (Vec<_>, Vec<_>) =
        rows.iter().map(written).partition(|row| answer.refused.contains(&row.name));
    let mut connection = pool.acquire().await?;
    directory_row::mark_pushed(&mut connection, &taken).await?;
    directory_row::mark_refused(&mut connection, &refused).await?;
    Ok(answer.snapshotted)
}

fn wire_row(row: &DirectoryRow) -> Row {
    Row { name: row.name.clone(), version: row.version.unsigned_abs(), entry: row.entry.0.clone() }
}
