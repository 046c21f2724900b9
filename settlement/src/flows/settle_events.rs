//! Settles accepted events: a batch of several streams, decided in memory, written in one
//! transaction.
//!
//! Claim → load → decide (pure) → write → commit. Correctness rests on the cursor's row lock (one
//! node per stream), the order's row lock, and the unique keys of conversion, fact and transfer;
//! the batch is economy. A batch that cannot be written is taken apart: its events go one by one,
//! and one that still cannot be settled is marked `failed` with its cause in the log.

mod load;
mod read;
mod write;

use crate::domain::share::shares;
use crate::store::instant;
use crate::store::settling::{self, InboxRow, StreamRow};
use jiff::Timestamp;
use shared::keys::ClickKeys;
use sqlx::{PgConnection, PgPool};

pub(super) use load::books_for;
pub(super) use read::{Read, event as read_event, parked_record, record};
pub(super) use write::write_books;

/// Streams settled together at most.
pub const STREAMS_MAX: i64 = 64;
/// Streams claimed at first; enough of them fill a batch when much waits.
const STREAMS_FIRST: i64 = 8;

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There was nothing to settle.
    Idle,
    /// This many events got an outcome or were parked; there may be more.
    Settled(usize),
}

/// Settles one batch of at most so many events.
pub async fn run_once(
    pool: &PgPool,
    click_keys: &ClickKeys,
    events_max: usize,
    now: Timestamp,
) -> Result<Progress, sqlx::Error> {
    match settle_batch(pool, click_keys, now, events_max).await {
        Err(cause) if is_of_content(&cause) => {
            tracing::warn!(%cause, "a batch could not be written; its events go one by one");
            settle_apart(pool, click_keys, now).await
        }
        other => other,
    }
}

/// Whether an error can come from what an event says, rather than from the connection.
fn is_of_content(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Database(database) => {
            // 40: deadlock or serialisation; 53, 57, 58: the server's own troubles.
            let class = database.code().map(|code| code.chars().take(2).collect::<String>());
            !matches!(class.as_deref(), Some("40" | "53" | "57" | "58" | "08"))
        }
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Encode(_) => true,
        _ => false,
    }
}

async fn settle_batch(
    pool: &PgPool,
    click_keys: &ClickKeys,
    now: Timestamp,
    events_max: usize,
) -> Result<Progress, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let streams = claim(&mut transaction, events_max).await?;
    if streams.is_empty() {
        return Ok(Progress::Idle);
    }
    settling::go_by_keys(&mut transaction).await?;
    let events = settling::next_events(&mut transaction, &shared_out(&streams, events_max)).await?;
    if let Err(cause) = settle_into(&mut transaction, click_keys, now, &events).await {
        // Rolled back here and now: a dropped transaction keeps its stream locks a little longer,
        // and whoever looks next would find nothing to claim. A failure means the lock is gone too.
        drop(transaction.rollback().await);
        return Err(cause);
    }
    transaction.commit().await?;
    Ok(Progress::Settled(events.len()))
}

/// Claims a few streams, and more of them only when those have too little to fill a batch: what is
/// not claimed is left to the loops and nodes beside this one.
async fn claim(
    connection: &mut PgConnection,
    events_max: usize,
) -> Result<Vec<StreamRow>, sqlx::Error> {
    let streams_max = |limit: i64| limit.min(i64::try_from(events_max).unwrap_or(limit));
    let few = streams_max(STREAMS_FIRST);
    let mut streams = settling::claim_streams(connection, &[], few).await?;
    let waiting: u64 = streams.iter().map(waiting).sum();
    if streams.len() as u64 == few.unsigned_abs() && waiting < events_max as u64 {
        let more = streams_max(STREAMS_MAX) - few;
        streams.extend(settling::claim_streams(connection, &streams, more).await?);
    }
    Ok(streams)
}

fn waiting(stream: &StreamRow) -> u64 {
    (stream.stored_seq - stream.settled_seq).unsigned_abs()
}

/// The streams with how many of their events this transaction settles.
fn shared_out(streams: &[StreamRow], events_max: usize) -> Vec<(&StreamRow, i64)> {
    let waiting: Vec<u64> = streams.iter().map(waiting).collect();
    let shares = shares(&waiting, events_max as u64);
    let shares = shares.into_iter().map(|share| i64::try_from(share).unwrap_or(i64::MAX));
    streams.iter().zip(shares).collect()
}

async fn settle_into(
    connection: &mut PgConnection,
    click_keys: &ClickKeys,
    now: Timestamp,
    events: &[InboxRow],
) -> Result<(), sqlx::Error> {
    let read = read::events(events);
    let mut books = books_for(connection, click_keys, &read).await?;
    for (scope, event) in read {
        let book = books.get_mut(&scope).expect("a book was loaded for every scope of the batch");
        match event {
            read::Read::Record(record) => book.settle(&record),
            read::Read::Unreadable { event_id, received_at } => {
                book.refuse_unreadable(event_id, received_at);
            }
        }
    }
    write_books(connection, &books, now).await?;
    settling::move_cursors(connection, &last_of_each(events)).await?;
    Ok(())
}

/// The last event of each stream; events of one stream lie together, in order.
fn last_of_each(events: &[InboxRow]) -> Vec<(&str, &str, i64)> {
    events
        .chunk_by(|one, next| one.object == next.object && one.epoch == next.epoch)
        .filter_map(<[InboxRow]>::last)
        .map(|last| (last.object.as_str(), last.epoch.as_str(), last.seq))
        .collect()
}

/// One event per stream and transaction; an event that cannot be settled alone is marked failed,
/// and its stream goes on.
async fn settle_apart(
    pool: &PgPool,
    click_keys: &ClickKeys,
    now: Timestamp,
) -> Result<Progress, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let streams = settling::claim_streams(&mut transaction, &[], STREAMS_MAX).await?;
    settling::go_by_keys(&mut transaction).await?;
    let mut settled = 0;
    for stream in &streams {
        let events = settling::next_events(&mut transaction, &[(stream, 1)]).await?;
        let mut savepoint = sqlx::Connection::begin(&mut *transaction).await?;
        match settle_into(&mut savepoint, click_keys, now, &events).await {
            Ok(()) => savepoint.commit().await?,
            Err(cause) if is_of_content(&cause) => {
                savepoint.rollback().await?;
                mark_failed(&mut transaction, stream, &events, now, &cause).await?;
            }
            Err(cause) => return Err(cause),
        }
        settled += events.len();
    }
    transaction.commit().await?;
    Ok(Progress::Settled(settled))
}

async fn mark_failed(
    connection: &mut PgConnection,
    stream: &StreamRow,
    events: &[InboxRow],
    now: Timestamp,
    cause: &sqlx::Error,
) -> Result<(), sqlx::Error> {
    for event in events {
        tracing::error!(event_id = event.event_id, %cause, "an event could not be settled");
        write::mark_failed(connection, event, instant::to_row(now)).await?;
        let moved = (stream.object.as_str(), stream.epoch.as_str(), event.seq);
        settling::move_cursors(connection, &[moved]).await?;
    }
    Ok(())
}
