//! An object's stream to settlement: who it is, and how far settlement has acknowledged.

use super::{NONE, first, run};
use shared::internal::{epoch_text, parse_epoch};
use worker::{Error, Result, SqlStorage};

/// The table, made with the tables of the rows it tells about.
pub const CREATE: &str = "
    create table if not exists stream (
        one integer primary key check (one = 1),
        epoch text not null,             -- 64 random bits drawn at birth, as 16 hex digits
        name text,                       -- the object's name, told by its first caller
        acknowledged_seq integer not null -- settlement has everything up to here
    );
";

/// The one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Drawn at birth.
    pub epoch: u64,
    /// The object's name, once somebody told it.
    pub name: Option<String>,
    /// Settlement has everything up to here.
    pub acknowledged_seq: u64,
}

/// Reads the row; makes it with a fresh epoch when the object has just been born.
pub fn open(sql: &SqlStorage) -> Result<Stream> {
    let born = "-- stream::open
        insert into stream (one, epoch, acknowledged_seq) values (1, ?1, 0)
        on conflict (one) do nothing";
    run(sql, born, &[epoch_text(crate::random::u64())])?;
    let query = "-- stream::open
        select epoch, name, acknowledged_seq from stream";
    let mut row = first(sql, query, &NONE)?.ok_or_else(|| Error::from("no stream row"))?;
    let epoch = parse_epoch(&row.text(0)?);
    Ok(Stream {
        epoch: epoch.ok_or_else(|| Error::from("the epoch is damaged"))?,
        name: row.find(1),
        acknowledged_seq: row.count(2)?,
    })
}

/// Notes the object's name, once.
pub fn name(sql: &SqlStorage, name: &str) -> Result<()> {
    let statement = "-- stream::name
        update stream set name = ?1 where name is null";
    run(sql, statement, &[name])
}

/// Moves the mark: forward, or back when settlement has lost what it had acknowledged.
pub fn acknowledge(sql: &SqlStorage, seq: u64) -> Result<()> {
    let statement = "-- stream::acknowledge
        update stream set acknowledged_seq = ?1";
    run(sql, statement, &[seq])
}
