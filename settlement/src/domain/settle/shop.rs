//! A shop's webhook on the books: opens its order, or says what became of it, or both.

use super::super::book::{Book, Fact, Parked, Record};
use super::super::clock::later;
use super::super::lifecycle::State;
use super::super::order::Order;
use super::super::outcome::{Code, Outcome};
use super::super::report;
use super::super::shop::{self, News, Reading};
use super::CONVERSION_WAIT_SECONDS;
use jiff::Timestamp;
use shared::event::OrderStatusReport;
use shared::id::ConversionId;
use shared::shop::ShopEvent;

impl Book {
    /// Settles a shop's webhook; `expired`: its click's link was waited for, and has not come.
    pub(super) fn shop(&mut self, record: &Record, event: &ShopEvent, expired: bool) -> Outcome {
        let news = match shop::read(event, self.scope.environment) {
            Reading::News(news) => news,
            Reading::Ignored(why) => return Outcome::new(Code::TopicIgnored, why),
            Reading::Invalid(why) => return Outcome::new(Code::EventInvalid, why),
        };
        let id = self.conversion_id(&news.external_order_id);
        let mut opened = None;
        if !self.orders.contains_key(&id) {
            let waits = |parked: &Parked| parked.link_number.is_some();
            let awaits_link = self.parked.get(&id).is_some_and(|all| all.iter().any(waits));
            let Some(conversion) = news.conversion.as_ref().filter(|_| !awaits_link) else {
                return self.await_order(record, id);
            };
            let outcome = self.conversion(record, conversion, expired);
            if !self.orders.contains_key(&id) {
                return outcome;
            }
            opened = Some(outcome);
        }
        self.apply_news(record, id, &news, opened.as_ref())
    }

    fn await_order(&mut self, record: &Record, id: ConversionId) -> Outcome {
        let expires_at = later(self.clock.at(record.received_at), CONVERSION_WAIT_SECONDS);
        let record = record.clone();
        self.park(Parked { record, conversion: id, link_number: None, expires_at });
        let sentence = "No conversion with this order id yet; waits up to 90 days for it.";
        Outcome::new(Code::AwaitingConversion, sentence).on(id, false)
    }

    fn apply_news(
        &mut self,
        record: &Record,
        id: ConversionId,
        news: &News,
        opened: Option<&Outcome>,
    ) -> Outcome {
        let received_at = self.clock.at(record.received_at);
        let order = self.orders.get_mut(&id).expect("it was opened or there");
        let known = |key: &str| self.content_keys.contains(key);
        if waits_for_payout(order, news, known) {
            let expires_at = Timestamp::MAX;
            let record = record.clone();
            self.park(Parked { record, conversion: id, link_number: None, expires_at });
            return Outcome::new(Code::PayoutInFlight, report::IN_PAYOUT).on(id, true);
        }
        let mut outcomes = Vec::new();
        // Parts can grow though nothing is to be reported: all of it was given back before.
        if shop::grown(order, news).next().is_some() {
            self.changes.touched.insert(id);
        }
        for report in shop::reports(order, news) {
            let content_key = shop::content_key(&report);
            if !self.content_keys.insert(content_key.clone()) {
                continue;
            }
            let event_id = record.event_id.as_str();
            let reported = report::Reported { event_id, report: &report, received_at };
            let steps = &mut self.changes.steps;
            outcomes.push(self.risk.report(order, reported, &self.clock, steps));
            self.changes.touched.insert(id);
            let fact = fact(id, reported, content_key);
            self.changes.facts.push(fact);
        }
        let has_commission = order.commission.is_some();
        let is_foreign = news.refunds.iter().any(|refund| !refund.is_of(order));
        merged(opened, &outcomes, is_foreign).on(id, has_commission)
    }
}

/// A report of a shop as it is kept.
pub(in crate::domain) fn fact(
    conversion: ConversionId,
    reported: report::Reported<'_>,
    content_key: String,
) -> Fact {
    Fact {
        conversion,
        event_id: reported.event_id.to_owned(),
        content_key,
        happened_at: reported.happened_at(),
        received_at: reported.received_at,
        report: reported.report.clone(),
    }
}

/// Whether news would take something back while a payout carries the commission: then all of it
/// waits, so that it is applied once and whole.
fn waits_for_payout(order: &Order, news: &News, known: impl Fn(&str) -> bool) -> bool {
    let in_flight = order.commission.as_ref().is_some_and(|it| it.state == State::PayableInFlight);
    let is_new = |report: &OrderStatusReport| {
        report.status.is_reversal() && !known(&shop::content_key(report))
    };
    let has_grown = shop::grown(order, news).next().is_some();
    in_flight && (has_grown || news.reports.iter().any(is_new))
}

/// One outcome of all that a webhook said: that of the order it opened, else what had an effect,
/// else the last. `is_foreign`: money was given back in another currency than the order's, and is
/// not counted.
pub(in crate::domain) fn merged(
    opened: Option<&Outcome>,
    outcomes: &[Outcome],
    is_foreign: bool,
) -> Outcome {
    const FOREIGN: &str = "Money was given back in another currency than the order's, and the shop \
                           did not tell how much that is in its own: report it by order-status.";
    let mut detail: Vec<String> = opened.iter().map(|it| it.detail.clone()).collect();
    detail.extend(outcomes.iter().map(|it| it.detail.clone()));
    if is_foreign {
        detail.push(FOREIGN.to_owned());
        if opened.is_none() && outcomes.is_empty() {
            return Outcome::new(Code::EventInvalid, FOREIGN);
        }
    }
    let applied = outcomes.iter().find(|it| it.code == Code::Applied);
    let code = opened.or(applied).or(outcomes.last()).map(|it| it.code);
    match code {
        Some(code) => Outcome::new(code, detail.join(" ")),
        None => Outcome::new(Code::NoChange, "Nothing in it is new to the books."),
    }
}
