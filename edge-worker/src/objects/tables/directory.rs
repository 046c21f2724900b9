//! Links and keys as settlement pushed them, and whether the shard holds all of its own.

use super::{NONE, first, migrate, run};
use crate::bridge;
use shared::directory::{Entry, Row};
use worker::{Error, Result, SqlStorage};

const DIRECTORY: &str = "
    create table if not exists directory (
        name text primary key,           -- link:{code} or key:{key id}
        version integer not null,        -- grows with each change; a lower one never overwrites
        link_number integer,             -- of a link, kept on its tombstone too
        entry text not null              -- the link or key as JSON, or the tombstone
    ) without rowid;
    create unique index if not exists directory_link_number on directory (link_number)
        where link_number is not null;
    create table if not exists snapshot (
        one integer primary key check (one = 1),
        completed_at_ms integer not null -- Unix milliseconds of the edge's clock
    );
";

/// Makes or updates the tables of a directory shard.
pub fn open(sql: &SqlStorage) -> Result<()> {
    migrate(sql, &[DIRECTORY])
}

/// The entry of that name as JSON, tombstones included.
pub fn find(sql: &SqlStorage, name: &str) -> Result<Option<String>> {
    let query = "-- directory::find
        select entry from directory where name = ?1";
    first(sql, query, &[name])?.map(|mut row| row.text(0)).transpose()
}

/// What became of a pushed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there now.
    Stored,
    /// A newer one was there.
    Older,
    /// Its number or its code belongs to another link.
    Taken,
}

/// Puts a row in place, unless its version is lower than what is there.
pub fn put(sql: &SqlStorage, row: &Row) -> Result<Put> {
    let link_number = match &row.entry {
        Entry::Link(link) => Some(link.link_number),
        Entry::Key(_) | Entry::Gone => None,
    };
    if let Some(number) = link_number {
        let query = "-- directory::put
            select name, link_number from directory where name = ?1 or link_number = ?2";
        for mut owner in bridge::ask(sql, query, &(&row.name, number))?.rows {
            let known = owner.find_number(1)?.map(i64::unsigned_abs);
            if owner.text(0)? != row.name || known.is_some_and(|known| known != number) {
                return Ok(Put::Taken);
            }
        }
    }
    let entry = serde_json::to_string(&row.entry).map_err(Error::from)?;
    let query = "-- directory::put
        insert into directory (name, version, link_number, entry) values (?1, ?2, ?3, ?4)
        on conflict (name) do update set
            version = excluded.version,
            link_number = coalesce(excluded.link_number, link_number),
            entry = excluded.entry
        where excluded.version >= version
        returning entry";
    let bindings = (&row.name, row.version, link_number, entry);
    Ok(if first(sql, query, &bindings)?.is_some() { Put::Stored } else { Put::Older })
}

/// Notes that the shard holds a full snapshot.
pub fn complete_snapshot(sql: &SqlStorage, now_ms: i64) -> Result<()> {
    let statement = "-- directory::complete_snapshot
        insert into snapshot (one, completed_at_ms) values (1, ?1) on conflict (one) do nothing";
    run(sql, statement, &[now_ms])
}

/// Whether the shard holds a full snapshot, so that a miss is an answer.
pub fn is_snapshotted(sql: &SqlStorage) -> Result<bool> {
    let query = "-- directory::is_snapshotted
        select completed_at_ms from snapshot";
    Ok(first(sql, query, &NONE)?.is_some())
}
