//! Writes what the books decided: one statement per table and batch.

use crate::domain::book::{Book, Settled};
use crate::domain::commission::Commission;
use crate::domain::order::{Order, Scope};
use crate::domain::outcome::{Code, Outcome};
use crate::flows::payout::follow::follow;
use crate::store::payout::drain;
use crate::store::settling::InboxRow;
use crate::store::{commission, instant, ledger, order, review, settling, terms, webhook_event};
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use std::collections::{BTreeMap, HashSet};

/// Writes everything that changed.
pub(in crate::flows) async fn write_books(
    connection: &mut PgConnection,
    books: &BTreeMap<Scope, Book>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let now = instant::to_row(now);
    write_orders(connection, books, now).await?;
    write_steps(connection, books, now).await?;
    write_waiting(connection, books, now).await?;
    let settled: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| book.changes.settled.iter().map(move |s| (scope, s)))
        .map(|(scope, settled)| (scope.environment.as_str(), scope.merchant.0, settled))
        .collect();
    settling::write_outcomes(connection, &settled, now).await?;
    Ok(())
}

async fn write_orders(
    connection: &mut PgConnection,
    books: &BTreeMap<Scope, Book>,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (mut new, mut changed): (Vec<&Order>, Vec<&Order>) = (Vec::new(), Vec::new());
    for book in books.values() {
        new.extend(book.changes.opened.iter().filter_map(|id| book.orders.get(id)));
        let opened: HashSet<_> = book.changes.opened.iter().collect();
        let touched = book.changes.touched.iter().filter(|id| !opened.contains(id));
        changed.extend(touched.filter_map(|id| book.orders.get(id)));
    }
    order::insert(connection, &new, now).await?;
    commission::insert(connection, &commissions(&new)).await?;
    order::update(connection, &changed, now).await?;
    commission::update(connection, &commissions(&changed)).await?;
    write_reattributed(connection, books, now).await?;
    let facts: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| book.changes.facts.iter().map(|fact| (*scope, fact)))
        .collect();
    order::insert_facts(connection, &facts).await
}

/// Orders whose attribution changed, and the commissions that came of it.
async fn write_reattributed(
    connection: &mut PgConnection,
    books: &BTreeMap<Scope, Book>,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let changed: Vec<&Order> = books
        .values()
        .flat_map(|book| book.changes.reattributed.iter().filter_map(|id| book.orders.get(id)))
        .collect();
    order::update_attribution(connection, &changed, now).await?;
    commission::insert(connection, &commissions(&changed)).await?;
    let missing: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| book.changes.missing_links.iter().map(|m| (*scope, m.0, m.1)))
        .collect();
    if !missing.is_empty() {
        review::insert_missing_links(connection, &missing).await?;
    }
    Ok(())
}

fn commissions<'a>(orders: &[&'a Order]) -> Vec<(Scope, &'a Commission)> {
    orders.iter().filter_map(|order| Some((order.scope, order.commission.as_ref()?))).collect()
}

async fn write_steps(
    connection: &mut PgConnection,
    books: &BTreeMap<Scope, Book>,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let transfers: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| book.changes.steps.transfers.iter().map(|t| (*scope, t)))
        .collect();
    ledger::post(connection, &transfers, now).await?;
    follow(connection, &transfers, instant::from_row(now)).await?;
    let notices: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| book.changes.steps.notices.iter().map(|n| (*scope, n)))
        .collect();
    webhook_event::insert(connection, &notices, now).await
}

async fn write_waiting(
    connection: &mut PgConnection,
    books: &BTreeMap<Scope, Book>,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let gone: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| book.changes.unparked.iter().map(move |id| (scope, id)))
        .map(|(scope, id)| (scope.environment.as_str(), scope.merchant.0, id.as_str()))
        .collect();
    if !gone.is_empty() {
        settling::unpark(connection, &gone).await?;
    }
    let parked: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| book.changes.newly_parked.iter().map(move |p| (scope, p)))
        .map(|(scope, parked)| (scope.environment.as_str(), scope.merchant.0, parked))
        .collect();
    if !parked.is_empty() {
        settling::park(connection, &parked, now).await?;
    }
    let moves: Vec<_> = books
        .iter()
        .flat_map(|(scope, book)| book.changes.clock_moves.iter().map(move |m| (scope, m)))
        .map(|(scope, (event, by))| (scope.merchant.0, event.as_str(), *by))
        .collect();
    if !moves.is_empty() {
        terms::insert_clock_moves(connection, &moves).await?;
    }
    Ok(())
}

/// Gives an event that could not be settled its outcome; an operator can retry it.
pub(super) async fn mark_failed(
    connection: &mut PgConnection,
    event: &InboxRow,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let sentence = "The event could not be settled; an operator has been told.";
    let settled = Settled {
        event_id: event.event_id.clone(),
        received_at: instant::from_row(event.received_at),
        outcome: Outcome::new(Code::InternalError, sentence),
    };
    let row = (event.environment.as_str(), event.merchant_id, &settled);
    settling::write_outcomes(connection, &[row], now).await?;
    drain::note_failed(connection, &event.environment, event.merchant_id, &event.event_id).await
}
