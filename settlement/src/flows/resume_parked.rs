//! Takes up events that wait: their link is known now, the payout in flight was answered, or their
//! time is over. Orders that went on without their link are judged again, once, when it comes after
//! all.

use super::settle_events::{Progress, Read, books_for, parked_record, read_event, write_books};
use crate::domain::shop;
use crate::store::{instant, order, review, settling};
use jiff::Timestamp;
use shared::event::Event;
use shared::id::ConversionId;
use shared::keys::ClickKeys;
use sqlx::{PgPool, Postgres, Transaction};

/// Parked events resumed in one transaction at most.
pub const RESUMED_MAX: i64 = 500;

/// Resumes one batch.
pub async fn run_once(
    pool: &PgPool,
    click_keys: &ClickKeys,
    now: Timestamp,
) -> Result<Progress, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let rows =
        settling::parked_to_resume(&mut transaction, instant::to_row(now), RESUMED_MAX).await?;
    let parked: Vec<_> = rows.iter().filter_map(parked_record).collect();
    if parked.is_empty() {
        return judge_again(transaction, click_keys, now).await;
    }
    settling::go_by_keys(&mut transaction).await?;
    let named: Vec<_> = parked
        .iter()
        .map(|(scope, parked)| (*scope, Read::Record(Box::new(parked.record.clone()))))
        .collect();
    let mut books = books_for(&mut transaction, click_keys, &named).await?;
    let resumed = parked.len();
    // Several reversals of one order go on in the order in which they happened, not came.
    let mut parked = parked;
    parked.sort_by_cached_key(|(scope, parked)| {
        let received_at = books
            .get(scope)
            .map_or(parked.record.received_at, |book| book.clock.at(parked.record.received_at));
        let happened_at = match &parked.record.event {
            Event::OrderStatus(report) => report.status_updated_at.unwrap_or(received_at),
            Event::Conversion(_) | Event::Shop(_) | Event::ClockAdvance(_) => received_at,
        };
        (happened_at, parked.record.received_at, parked.record.seq)
    });
    for (scope, parked) in parked {
        let book = books.get_mut(&scope).expect("a book was loaded for every scope of the batch");
        book.resume(parked, now);
    }
    write_books(&mut transaction, &books, now).await?;
    transaction.commit().await?;
    Ok(Progress::Settled(resumed))
}

/// Judges orders again, once, that went on without a link that is known now.
async fn judge_again(
    mut transaction: Transaction<'_, Postgres>,
    click_keys: &ClickKeys,
    now: Timestamp,
) -> Result<Progress, sqlx::Error> {
    let rows = review::take_found_links(&mut transaction, RESUMED_MAX).await?;
    if rows.is_empty() {
        return Ok(Progress::Idle);
    }
    settling::go_by_keys(&mut transaction).await?;
    let events: Vec<_> = rows.iter().map(read_event).collect();
    let mut books = books_for(&mut transaction, click_keys, &events).await?;
    for (scope, read) in &events {
        let (Read::Record(record), Some(book)) = (read, books.get_mut(scope)) else { continue };
        let Some(event) = shop::conversion(&record.event, scope.environment) else { continue };
        let id = ConversionId::derive(scope.merchant, scope.environment, &event.external_order_id);
        let facts = order::facts_of(&mut transaction, *scope, id).await?;
        let at = book.clock.at(now);
        book.judge_again(record, &facts, at);
    }
    write_books(&mut transaction, &books, now).await?;
    transaction.commit().await?;
    Ok(Progress::Settled(events.len()))
}
