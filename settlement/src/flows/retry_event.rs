//! An operator's second try at an event that could not be settled.

use super::actor::{self, Actor};
use super::settle_events::{Read, books_for, write_books};
use crate::error::Fault;
use crate::flows::settle_events::read_event;
use crate::store::payout::drain;
use crate::store::settling;
use jiff::Timestamp;
use shared::keys::ClickKeys;
use sqlx::PgPool;

/// What a retry came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// It has an outcome now: code and sentence.
    Settled(String, String),
    /// There is no failed event of that id.
    NotFailed,
}

/// Settles a failed event again, after everything that was settled since.
pub async fn run(
    pool: &PgPool,
    click_keys: &ClickKeys,
    by: Actor,
    event_id: &str,
    now: Timestamp,
) -> Result<Retried, Fault> {
    by.may_operate()?;
    let mut transaction = pool.begin().await?;
    let Some(row) = settling::lock_failed(&mut transaction, event_id).await? else {
        return Ok(Retried::NotFailed);
    };
    let read = read_event(&row);
    let mut books = books_for(&mut transaction, click_keys, std::slice::from_ref(&read)).await?;
    let (scope, event) = read;
    let book = books.get_mut(&scope).expect("a book was loaded for the event's scope");
    match event {
        Read::Record(record) => book.settle(&record),
        Read::Unreadable { event_id, received_at } => book.refuse_unreadable(event_id, received_at),
    }
    write_books(&mut transaction, &books, now).await?;
    drain::forget_failed(&mut transaction, &row.environment, row.merchant_id, event_id).await?;
    let settled = books[&scope].changes.settled.iter().find(|s| s.event_id == event_id);
    let outcome = settled.map_or_else(
        || (String::new(), String::new()),
        |settled| (settled.outcome.code.as_str().to_owned(), settled.outcome.detail.clone()),
    );
    let detail = serde_json::json!({ "code": outcome.0 });
    actor::note(&mut transaction, by, "event.retry", event_id, detail, now).await?;
    transaction.commit().await?;
    Ok(Retried::Settled(outcome.0, outcome.1))
}
