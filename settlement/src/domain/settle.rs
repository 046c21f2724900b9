//! Events of one merchant's stream, one after the other, on the books loaded for them.

mod judge;
pub(in crate::domain) mod shop;

use super::attribution::Verdict;
use super::book::{Book, Fact, Parked, Record, Settled};
use super::clock::{Move, later};
use super::notice::{Kind, Notice};
use super::order::{self, Order, Review};
use super::outcome::{Code, Outcome};
use super::report;
use jiff::Timestamp;
use serde_json::json;
use shared::event::{Conversion, Event, OrderStatusReport};
use shared::id::{ConversionId, Environment};
use shared::time::AHEAD_SECONDS_MAX;

/// How long a conversion waits for its click's link.
pub const LINK_WAIT_SECONDS: i64 = 24 * 3_600;
/// How long a status waits for its conversion.
pub const CONVERSION_WAIT_SECONDS: i64 = 90 * 86_400;

impl Book {
    /// Settles the next event of the stream.
    pub fn settle(&mut self, record: &Record) {
        let opened_before = self.changes.opened.len();
        let outcome = match &record.event {
            Event::Conversion(event) => self.conversion(record, event, false),
            Event::OrderStatus(report) => self.order_status(record, report),
            Event::Shop(event) => self.shop(record, event, false),
            Event::ClockAdvance(by) => {
                let by = Move { real_at: record.received_at, seconds: i64::from(by.seconds) };
                self.clock.advance(by);
                self.changes.clock_moves.push((record.event_id.clone(), by));
                let now = shared::time::format_instant(self.clock.at(record.received_at));
                Outcome::new(Code::Applied, format!("The test clock shows {now}."))
            }
        };
        self.finish(record, outcome);
        if let Some(conversion) = self.changes.opened.get(opened_before).copied() {
            self.resume_reports(conversion);
        }
    }

    /// Gives an event whose stored text cannot be read its outcome.
    pub fn refuse_unreadable(&mut self, event_id: String, received_at: Timestamp) {
        let sentence = "What the edge stored cannot be read as an event.";
        let outcome = Outcome::new(Code::EventInvalid, sentence);
        self.changes.settled.push(Settled { event_id, received_at, outcome });
    }

    /// Takes up a parked event again: its missing half is there, or its time is over.
    pub fn resume(&mut self, parked: Parked, now: Timestamp) {
        // It may have gone on with its conversion, which was resumed just before it.
        let waits = |other: &Parked| other.record.event_id == parked.record.event_id;
        if !self.parked.get(&parked.conversion).is_some_and(|all| all.iter().any(waits)) {
            return;
        }
        let expired = self.clock.at(now) >= parked.expires_at;
        self.forget_parked(parked.conversion, &parked.record.event_id);
        let record = parked.record;
        match &record.event {
            Event::Conversion(event) => {
                let outcome = self.conversion(&record, event, expired);
                let id = outcome.conversion;
                let final_outcome = outcome.code.is_final();
                self.finish(&record, outcome);
                if let Some(id) = id.filter(|_| final_outcome) {
                    self.resume_reports(id);
                }
            }
            Event::OrderStatus(report) => {
                let id = self.conversion_id(&report.external_order_id);
                let outcome = if expired && !self.orders.contains_key(&id) {
                    never_came()
                } else {
                    self.order_status(&record, report)
                };
                self.finish(&record, outcome);
            }
            Event::Shop(event) => {
                let (id, opened_before) = (parked.conversion, self.changes.opened.len());
                let outcome = if parked.link_number.is_some() {
                    self.shop(&record, event, expired)
                } else if expired && !self.orders.contains_key(&id) {
                    never_came()
                } else {
                    self.shop(&record, event, false)
                };
                self.finish(&record, outcome);
                if let Some(opened) = self.changes.opened.get(opened_before).copied() {
                    self.resume_reports(opened);
                }
            }
            Event::ClockAdvance(_) => {}
        }
    }

    pub(super) fn conversion_id(&self, external_order_id: &str) -> ConversionId {
        ConversionId::derive(self.scope.merchant, self.scope.environment, external_order_id)
    }

    fn conversion(&mut self, record: &Record, event: &Conversion, expired: bool) -> Outcome {
        let received_at = self.clock.at(record.received_at);
        let id = self.conversion_id(&event.external_order_id);
        if let Some(known) = self.orders.get(&id) {
            let sentence = "This order was reported before; nothing of the repeat is applied.";
            return Outcome::new(Code::DuplicateOrder, sentence).on(id, known.commission.is_some());
        }
        let waits = |parked: &Parked| parked.link_number.is_some();
        if self.parked.get(&id).is_some_and(|parked| parked.iter().any(waits)) {
            let sentence = "This order was reported before and waits for its click's link.";
            return Outcome::new(Code::DuplicateOrder, sentence).on(id, false);
        }
        if event.ordered_at.is_some_and(|at| self.is_ahead(at, received_at)) {
            let sentence = "orderedAt is more than 24 hours ahead of the test clock.";
            return Outcome::new(Code::TimeAhead, sentence);
        }
        let reported =
            order::Reported { scope: self.scope, event_id: &record.event_id, event, received_at };
        let (verdict, receipt) = self.judge(reported, record.received_at, expired);
        if let Verdict::AwaitingLink(number) = verdict {
            return self.park_for_link(record, id, number, received_at);
        }
        let windows = self.windows_of(verdict.earner());
        let steps = &mut self.changes.steps;
        let mut order = order::open(reported, verdict, &receipt, windows, &self.rules, steps);
        self.risk.open(&mut order, &receipt, &self.clock);
        if let Some(status) = event.order_status {
            let report = status_inside(event, status);
            let inside =
                report::Reported { event_id: &record.event_id, report: &report, received_at };
            self.risk.report(&mut order, inside, &self.clock, steps);
            let content_key = format!("inside:{}", record.event_id);
            self.changes.facts.push(Fact::of(id, inside, content_key));
        }
        let outcome = opened_outcome(&order, &receipt.why);
        self.remember(&order, &receipt);
        self.orders.insert(id, order);
        self.changes.opened.push(id);
        self.changes.touched.insert(id);
        outcome
    }

    fn park_for_link(
        &mut self,
        record: &Record,
        conversion: ConversionId,
        link_number: u64,
        received_at: Timestamp,
    ) -> Outcome {
        self.park(Parked {
            record: record.clone(),
            conversion,
            link_number: Some(link_number),
            expires_at: later(received_at, LINK_WAIT_SECONDS),
        });
        let sentence = "The click is genuine, but its link is not known yet; waits up to 24 hours.";
        Outcome::new(Code::AwaitingLink, sentence)
    }

    fn order_status(&mut self, record: &Record, report: &OrderStatusReport) -> Outcome {
        let received_at = self.clock.at(record.received_at);
        let id = self.conversion_id(&report.external_order_id);
        let reported = report::Reported { event_id: &record.event_id, report, received_at };
        if report.status_updated_at.is_some_and(|at| self.is_ahead(at, received_at)) {
            let sentence = "statusUpdatedAt is more than 24 hours ahead of the test clock.";
            return Outcome::new(Code::TimeAhead, sentence);
        }
        let Some(order) = self.orders.get_mut(&id) else {
            return self.await_conversion(record, id);
        };
        let content_key = report.content_key();
        if self.content_keys.contains(&content_key) {
            let sentence = "The same status of this order was reported before.";
            let has_commission = order.commission.is_some();
            return Outcome::new(Code::DuplicateStatus, sentence).on(id, has_commission);
        }
        let steps = &mut self.changes.steps;
        let outcome = self.risk.report(order, reported, &self.clock, steps);
        self.changes.touched.insert(id);
        if outcome.code == Code::PayoutInFlight {
            self.await_payout(record, id);
            return outcome;
        }
        self.content_keys.insert(content_key.clone());
        self.changes.facts.push(Fact::of(id, reported, content_key));
        outcome
    }

    /// What is said of an order that is not there waits for it.
    fn await_conversion(&mut self, record: &Record, id: ConversionId) -> Outcome {
        let expires_at = later(self.clock.at(record.received_at), CONVERSION_WAIT_SECONDS);
        let record = record.clone();
        self.park(Parked { record, conversion: id, link_number: None, expires_at });
        let sentence = "No conversion with this order id yet; waits up to 90 days for it.";
        Outcome::new(Code::AwaitingConversion, sentence).on(id, false)
    }

    /// What takes something back during a payout waits until that is over, however long it takes.
    fn await_payout(&mut self, record: &Record, id: ConversionId) {
        let expires_at = Timestamp::MAX;
        let record = record.clone();
        self.park(Parked { record, conversion: id, link_number: None, expires_at });
    }

    /// Only test keys pass the edge with instants far ahead; their clock is known here alone.
    fn is_ahead(&self, at: Timestamp, received_at: Timestamp) -> bool {
        self.scope.environment == Environment::Test && at > later(received_at, AHEAD_SECONDS_MAX)
    }

    fn park(&mut self, parked: Parked) {
        self.parked.entry(parked.conversion).or_default().push(parked.clone());
        self.changes.newly_parked.push(parked);
    }

    fn forget_parked(&mut self, conversion: ConversionId, event_id: &str) {
        if let Some(parked) = self.parked.get_mut(&conversion) {
            parked.retain(|parked| parked.record.event_id != event_id);
        }
        self.changes.newly_parked.retain(|parked| parked.record.event_id != event_id);
        // An event parked and resumed in one batch has one outcome: the last.
        self.changes.settled.retain(|settled| settled.event_id != event_id);
        self.changes.unparked.push(event_id.to_owned());
    }

    /// Applies what waited for a conversion, by the instant it happened and then by arrival.
    fn resume_reports(&mut self, conversion: ConversionId) {
        let mut waiting = self.parked.remove(&conversion).unwrap_or_default();
        waiting.retain(|parked| parked.link_number.is_none());
        waiting.sort_by_key(|parked| {
            let happened = match &parked.record.event {
                Event::OrderStatus(report) => report.status_updated_at,
                Event::Conversion(_) | Event::Shop(_) | Event::ClockAdvance(_) => None,
            };
            let received = self.clock.at(parked.record.received_at);
            (happened.unwrap_or(received), parked.record.received_at, parked.record.seq)
        });
        for parked in waiting {
            self.forget_parked(conversion, &parked.record.event_id);
            let outcome = match &parked.record.event {
                Event::OrderStatus(report) => self.order_status(&parked.record, report),
                Event::Shop(event) => self.shop(&parked.record, event, false),
                Event::Conversion(_) | Event::ClockAdvance(_) => continue,
            };
            self.finish(&parked.record, outcome);
        }
    }

    fn finish(&mut self, record: &Record, outcome: Outcome) {
        if outcome.code.is_final() {
            let conversion = outcome.conversion;
            self.changes.steps.notices.push(Notice {
                kind: Kind::EventProcessed,
                affiliate: None,
                conversion,
                about_commission: outcome.has_commission,
                event_id: Some(record.event_id.clone()),
                occurred_at: self.clock.at(record.received_at),
                data: json!({
                    "eventId": record.event_id,
                    "type": record.event.kind().as_str(),
                    "state": outcome.code.state(),
                    "code": outcome.code.as_str(),
                    "detail": outcome.detail,
                    "conversionId": conversion.map(|id| id.to_string()),
                    "commissionId": conversion
                        .filter(|_| outcome.has_commission)
                        .map(ConversionId::commission_id),
                }),
            });
        }
        self.changes.settled.push(Settled {
            event_id: record.event_id.clone(),
            received_at: record.received_at,
            outcome,
        });
    }
}

/// The outcome of what waited for a conversion in vain.
fn never_came() -> Outcome {
    let sentence = "No conversion with this order id came within 90 days.";
    Outcome::new(Code::ConversionNotFound, sentence)
}

/// A conversion's `orderStatus` as the report it stands for. It names no instant: inside a
/// conversion a status counts from when it was accepted.
pub(super) fn status_inside(
    event: &Conversion,
    status: shared::order_status::OrderStatus,
) -> OrderStatusReport {
    OrderStatusReport {
        external_order_id: event.external_order_id.clone(),
        status,
        click_id: None,
        status_updated_at: None,
        reason: None,
        refunded_amount: None,
        items: Vec::new(),
        metadata: None,
    }
}

fn opened_outcome(order: &Order, why: &str) -> Outcome {
    let currency = order.currency;
    let (code, detail) = match &order.commission {
        Some(commission) => {
            let amount = currency.format(commission.amount);
            let state = commission.state.word();
            (Code::Applied, format!("{why} Commission: {currency} {amount}, {state}."))
        }
        None if order.review == Some(Review::Waiting) => {
            (Code::InReview, format!("{why} The order waits in the review queue."))
        }
        None => (Code::Applied, format!("{why} Its commission comes to zero, so there is none.")),
    };
    Outcome::new(code, detail).on(order.id, order.commission.is_some())
}

#[cfg(test)]
mod tests;
