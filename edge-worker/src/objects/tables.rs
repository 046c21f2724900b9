//! All SQL of the edge, one file per table.

pub mod click;
pub mod directory;
pub mod event;
pub mod stream;

use crate::bridge::{self, Row};
use serde::Serialize;
use worker::{Result, SqlStorage};

/// What a row adds to a batch beside its body, at most.
const FRAME_BYTES: usize = 512;
/// The bindings of a statement that takes none.
const NONE: [u8; 0] = [];
/// Rows one pruning deletes at most.
const PRUNED_ROWS_MAX: u64 = 2_000;

/// Brings an object's tables to the newest step. Steps only add, and each can run again: a crash
/// between two statements is repaired by the next start.
fn migrate(sql: &SqlStorage, steps: &[&str]) -> Result<()> {
    let table = "-- tables::migrate
        create table if not exists schema (
            one integer primary key check (one = 1),
            version integer not null
        )";
    run(sql, table, &NONE)?;
    let version = "-- tables::migrate
        select version from schema";
    let done = first(sql, version, &NONE)?.map_or(Ok(0), |row| row.count(0))?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    for (at, step) in steps.iter().enumerate().skip(done) {
        // A column cannot be added only where it is missing; here it was, by a start cut short.
        run(sql, step, &NONE).or_else(|cause| {
            let is_there = cause.to_string().contains("duplicate column name");
            if is_there { Ok(()) } else { Err(cause) }
        })?;
        let noted = "-- tables::migrate
            insert into schema (one, version) values (1, ?1)
            on conflict (one) do update set version = excluded.version";
        run(sql, noted, &[at + 1])?;
    }
    Ok(())
}

/// The first row of a query, if there is one.
fn first(sql: &SqlStorage, query: &str, bindings: &impl Serialize) -> Result<Option<Row>> {
    Ok(bridge::ask(sql, query, bindings)?.rows.into_iter().next())
}

/// Runs a statement that answers nothing.
fn run(sql: &SqlStorage, statement: &str, bindings: &impl Serialize) -> Result<()> {
    bridge::ask(sql, statement, bindings).map(drop)
}

/// Bytes the database takes on disk. Read raw: the crate's own reading ends at 4 GiB on wasm32.
pub fn size_bytes(sql: &SqlStorage) -> f64 {
    let size = worker::js_sys::Reflect::get(sql.as_ref(), &"databaseSize".into());
    size.ok().and_then(|size| size.as_f64()).unwrap_or(0.0)
}

/// The lowest place kept in a table, if it has rows; reads one.
fn lowest_seq(sql: &SqlStorage, table: &str) -> Result<Option<u64>> {
    let query = format!(
        "-- tables::lowest_seq
        select seq from {table} order by seq limit 1"
    );
    first(sql, &query, &NONE)?.map(|row| row.count(0)).transpose()
}

/// Deletes a range by its place: reading one row when there is nothing to delete.
fn prune_table(
    sql: &SqlStorage,
    table: &str,
    instant: &str,
    acknowledged_seq: u64,
    before_ms: i64,
) -> Result<()> {
    let query = format!(
        "-- tables::prune_table
        select seq, {instant} as at_ms from {table} order by seq limit 1"
    );
    let Some(row) = first(sql, &query, &NONE)? else {
        return Ok(());
    };
    let (lowest, at_ms) = (row.count(0)?, row.number(1)?);
    if at_ms >= before_ms || lowest > acknowledged_seq {
        return Ok(());
    }
    let up_to = acknowledged_seq.min(lowest + PRUNED_ROWS_MAX);
    let statement = format!(
        "-- tables::prune_table
        delete from {table}
        where seq <= ?1 and {instant} < ?2 and seq < (select max(seq) from {table})"
    );
    run(sql, &statement, &(up_to, before_ms))
}
