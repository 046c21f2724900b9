//! What a batch of events can ask of risk, gathered before anything is asked of the database.

use super::desk::{SAME_SALE_SECONDS_MAX, keys};
use super::signals::{self, Signals};
use super::tally::Key;
use crate::domain::book::{Book, Record};
use crate::domain::clock::{Clock, Move, later};
use crate::domain::lifecycle::State;
use crate::domain::shop;
use jiff::Timestamp;
use shared::event::{Conversion, Event};
use shared::id::{AffiliateId, ConversionId};
use shared::money::Currency;
use shared::order_status::OrderStatus;
use std::collections::HashSet;

const DAY_SECONDS: i64 = 86_400;

/// An order that may be scored, and which others would make it a repeated sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleNeed {
    /// The sale key.
    pub key: i64,
    /// The order itself.
    pub conversion: ConversionId,
    /// From when others count.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// What is to be loaded for one merchant and environment.
#[derive(Debug, Default)]
pub struct Needs {
    /// Currencies of new orders.
    pub currencies: HashSet<Currency>,
    /// Customers of new orders.
    pub customers: HashSet<String>,
    /// Who may earn them.
    pub affiliates: HashSet<AffiliateId>,
    /// Orders that may be scored.
    pub orders: HashSet<ConversionId>,
    /// Their counts.
    pub keys: HashSet<Key>,
    /// Those orders' sales.
    pub sales: Vec<SaleNeed>,
}

impl Needs {
    /// What a book's events can ask for; the events that wait in the book are among them.
    pub fn of<'a>(book: &'a Book, mut records: Vec<&'a Record>) -> Self {
        records.extend(book.parked.values().flatten().map(|parked| &parked.record));
        let mut needs = Self { affiliates: book.possible_earners(), ..Self::default() };
        let clock = moved(book, &records);
        let received = records.iter().map(|record| clock.at(record.received_at));
        let latest = received.max().unwrap_or(Timestamp::MIN);
        let approved: HashSet<ConversionId> =
            records.iter().filter_map(|record| approved_by(book, record)).collect();
        let terms = book.links.values().flat_map(|link| &link.versions);
        let shortest = terms.map(|terms| terms.windows.hold_days).min().unwrap_or_default();
        for record in &records {
            if let Some(event) = shop::conversion(&record.event, book.scope.environment) {
                let received_at = clock.at(record.received_at);
                let ordered_at = event.ordered_at.unwrap_or(received_at);
                let due = after_days(ordered_at.min(received_at), shortest) <= latest;
                let id = book.conversion_id(&event.external_order_id);
                needs.add_new(&event);
                if due || approved.contains(&id) {
                    needs.add_new_scored(book, id, &event, ordered_at);
                }
            }
        }
        for order in book.orders.values() {
            let Some(commission) = &order.commission else { continue };
            let due = match commission.state {
                State::Pending | State::HoldWaiting | State::HoldRunning => {
                    let placed_at = order.ordered_at.min(order.received_at);
                    let over = after_days(placed_at, commission.terms.hold_days);
                    commission.hold_until.unwrap_or(over) <= latest
                }
                State::Approved
                | State::PayableFree
                | State::PayableInFlight
                | State::Paid
                | State::Rejected => continue,
            };
            if due || approved.contains(&order.id) {
                needs.add_scored(order.id, commission.affiliate, &order.signals);
            }
        }
        needs
    }

    fn add_new(&mut self, event: &Conversion) {
        self.currencies.insert(event.currency);
        self.customers.extend(event.customer_hash.clone());
    }

    fn add_new_scored(
        &mut self,
        book: &Book,
        id: ConversionId,
        event: &Conversion,
        ordered_at: Timestamp,
    ) {
        let click_id = event.click_id.as_deref();
        let mut signals = Signals {
            ordered_at,
            sale_key: signals::sale_key(click_id, event.order_amount, event.currency),
            ..Signals::default()
        };
        let canonical = click_id.and_then(shared::click_id::canonical);
        if let Some(click) = canonical.and_then(|id| book.risk.clicks.get(&id)) {
            signals.take_click(click);
        }
        for affiliate in self.affiliates.clone() {
            self.add_scored(id, affiliate, &signals);
        }
    }

    /// Adds an order that may be scored.
    pub fn add_scored(
        &mut self,
        conversion: ConversionId,
        affiliate: AffiliateId,
        signals: &Signals,
    ) {
        self.keys.extend(keys(affiliate, signals));
        self.orders.insert(conversion);
        let need = signals.sale_key.map(|key| SaleNeed {
            key,
            conversion,
            from: later(signals.ordered_at, -SAME_SALE_SECONDS_MAX),
            until: later(signals.ordered_at, SAME_SALE_SECONDS_MAX),
        });
        if let Some(need) = need.filter(|need| self.sales.last() != Some(need)) {
            self.sales.push(need);
        }
    }
}

fn after_days(at: Timestamp, days: u32) -> Timestamp {
    later(at, i64::from(days) * DAY_SECONDS)
}

/// The clock with the moves of the batch made: none reaches what was accepted before it.
fn moved(book: &Book, records: &[&Record]) -> Clock {
    let mut clock = book.clock.clone();
    for record in records {
        if let Event::ClockAdvance(by) = &record.event {
            clock.advance(Move { real_at: record.received_at, seconds: i64::from(by.seconds) });
        }
    }
    clock
}

fn approved_by(book: &Book, record: &Record) -> Option<ConversionId> {
    match &record.event {
        Event::OrderStatus(report) if report.status == OrderStatus::CommissionApproved => {
            Some(book.conversion_id(&report.external_order_id))
        }
        Event::Conversion(_) | Event::OrderStatus(_) | Event::Shop(_) | Event::ClockAdvance(_) => {
            None
        }
    }
}
