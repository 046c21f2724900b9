//! All SQL of the edge, one file per table.

pub mod click;
pub mod directory;
pub mod event;
pub mod stream;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use worker::{Result, SqlStorage, SqlStorageValue};

/// What a row adds to a batch beside its body, at most.
const FRAME_BYTES: usize = 512;
/// What the database says of a column that is added again.
const COLUMN_IS_THERE: &str = "duplicate column name";
/// Rows one pruning deletes at most.
const PRUNED_ROWS_MAX: u64 = 2_000;

/// Brings an object's tables to the newest step. Steps only add, and each can run again: a crash
/// between two statements is repaired by the next start, which may find a column added.
fn migrate(sql: &SqlStorage, steps: &[&str]) -> Result<()> {
    sql.exec(
        "-- tables::migrate
        create table if not exists schema (
            one integer primary key check (one = 1),
            version integer not null
        )",
        None,
    )?;
    let version = "-- tables::migrate
        select version from schema";
    let done: Option<Version> = first(sql, version, vec![])?;
    let done = done.map_or(0, |row| row.version);
    for (at, step) in steps.iter().enumerate().skip(done) {
        let done = sql.exec(step, None);
        if let Err(cause) = done
            && !cause.to_string().contains(COLUMN_IS_THERE)
        {
            return Err(cause);
        }
        sql.exec(
            "-- tables::migrate
            insert into schema (one, version) values (1, ?1)
            on conflict (one) do update set version = excluded.version",
            vec![integer(at as u64 + 1)?],
        )?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Version {
    version: usize,
}

/// The first row of a query, if there is one.
fn first<T: DeserializeOwned>(
    sql: &SqlStorage,
    query: &str,
    bindings: Vec<SqlStorageValue>,
) -> Result<Option<T>> {
    // The cursor is read to its end: an open one would hold the statement's transaction open.
    let rows: Vec<T> = sql.exec(query, bindings)?.to_array()?;
    Ok(rows.into_iter().next())
}

/// A number as the database holds it; an error above 2^53, where JavaScript loses digits.
fn integer(number: u64) -> Result<SqlStorageValue> {
    let number = i64::try_from(number).map_err(|_| worker::Error::from("number above 2^63"))?;
    SqlStorageValue::try_from_i64(number)
}

/// Bytes the database takes on disk. Read raw: the crate's own reading ends at 4 GiB on wasm32.
pub fn size_bytes(sql: &SqlStorage) -> f64 {
    let size = worker::js_sys::Reflect::get(sql.as_ref(), &"databaseSize".into());
    size.ok().and_then(|size| size.as_f64()).unwrap_or(0.0)
}

#[derive(Deserialize)]
struct LowestSeq {
    seq: u64,
}

/// The lowest place kept in a table, if it has rows; reads one.
fn lowest_seq(sql: &SqlStorage, table: &str) -> Result<Option<u64>> {
    let query = format!(
        "-- tables::lowest_seq
        select seq from {table} order by seq limit 1"
    );
    Ok(first::<LowestSeq>(sql, &query, vec![])?.map(|row| row.seq))
}

#[derive(Deserialize)]
struct Lowest {
    seq: Option<u64>,
    at_ms: Option<i64>,
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
    let lowest: Option<Lowest> = first(sql, &query, vec![])?;
    let Some(Lowest { seq: Some(lowest), at_ms: Some(at_ms) }) = lowest else {
        return Ok(());
    };
    if at_ms >= before_ms || lowest > acknowledged_seq {
        return Ok(());
    }
    let up_to = acknowledged_seq.min(lowest + PRUNED_ROWS_MAX);
    let statement = format!(
        "-- tables::prune_table
        delete from {table}
        where seq <= ?1 and {instant} < ?2 and seq < (select max(seq) from {table})"
    );
    let bindings = vec![integer(up_to)?, SqlStorageValue::try_from_i64(before_ms)?];
    sql.exec(&statement, bindings)?;
    Ok(())
}
