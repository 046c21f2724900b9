//! A shop's webhook on the books: opens its order, or says what became of it, or both.

use super::super::attribution::CouponFacts;
use super::super::book::{Book, Fact, Parked, Record};
use super::super::clock::Clock;
use super::super::commission::Steps;
use super::super::lifecycle::State;
use super::super::order::{self, Order};
use super::super::outcome::{Code, Outcome};
use super::super::report;
use super::super::risk::desk::Desk;
use super::super::shop::{self, News, Reading};
use shared::event::{Conversion, OrderStatusReport};
use shared::id::ConversionId;
use shared::shop::ShopEvent;
use std::borrow::Cow;

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
                return self.await_conversion(record, id);
            };
            let conversion = self.couponed(conversion, &news.other_coupons, record);
            let outcome = self.conversion(record, &conversion, expired);
            if !self.orders.contains_key(&id) {
                return outcome;
            }
            opened = Some(outcome);
        }
        self.apply_news(record, id, &news, opened.as_ref())
    }

    /// The order with the first of its coupons that is somebody's, else the first at all.
    fn couponed<'a>(
        &self,
        event: &'a Conversion,
        others: &[String],
        record: &Record,
    ) -> Cow<'a, Conversion> {
        let (event_id, received_at) = (&record.event_id, self.clock.at(record.received_at));
        let at = order::Reported { scope: self.scope, event_id, event, received_at }.judged_at();
        let is_assigned = |code: &&String| {
            matches!(self.candidates.coupon(code, at), CouponFacts::Assigned { .. })
        };
        let own = event.coupon_code.as_ref().filter(is_assigned);
        match others.iter().find(is_assigned).filter(|_| own.is_none()) {
            Some(code) => {
                Cow::Owned(Conversion { coupon_code: Some(code.clone()), ..event.clone() })
            }
            None => Cow::Borrowed(event),
        }
    }

    fn apply_news(
        &mut self,
        record: &Record,
        id: ConversionId,
        news: &News,
        opened: Option<&Outcome>,
    ) -> Outcome {
        let order = self.orders.get_mut(&id).expect("it was opened or there");
        let known = |key: &str| self.content_keys.contains(key);
        let has_grown = shop::grown(order, news).next().is_some();
        if waits_for_payout(order, news, has_grown, known) {
            self.await_payout(record, id);
            return Outcome::new(Code::PayoutInFlight, report::IN_PAYOUT).on(id, true);
        }
        let steps = &mut self.changes.steps;
        let told = tell(order, news, record, known, &mut self.risk, &self.clock, steps);
        // Parts can grow though nothing is to be reported: all of it was given back before.
        if has_grown || !told.facts.is_empty() {
            self.changes.touched.insert(id);
        }
        let outcome = merged(opened, &told).on(id, order.commission.is_some());
        self.content_keys.extend(told.facts.iter().map(|fact| fact.content_key.clone()));
        self.changes.facts.extend(told.facts);
        outcome
    }
}

/// What a shop's news came to on an open order.
pub(in crate::domain) struct Told {
    /// Of each report that was new.
    pub(in crate::domain) outcomes: Vec<Outcome>,
    /// Those reports as they are kept.
    pub(in crate::domain) facts: Vec<Fact>,
    /// Whether money was given back in another currency than the order's, and is not counted.
    pub(in crate::domain) is_foreign: bool,
}

/// Tells an open order what a shop said of it, each report once; `known` says of a content key
/// whether it was told before. Settling and rebuilding both come here.
pub(in crate::domain) fn tell(
    order: &mut Order,
    news: &News,
    record: &Record,
    known: impl Fn(&str) -> bool,
    risk: &mut Desk,
    clock: &Clock,
    steps: &mut Steps,
) -> Told {
    let (event_id, received_at) = (record.event_id.as_str(), clock.at(record.received_at));
    let (mut outcomes, mut facts) = (Vec::new(), Vec::new());
    for report in shop::reports(order, news) {
        let content_key = shop::content_key(&report);
        if known(&content_key) {
            continue;
        }
        let reported = report::Reported { event_id, report: &report, received_at };
        outcomes.push(risk.report(order, reported, clock, steps));
        facts.push(Fact::of(order.id, reported, content_key));
    }
    let is_foreign = news.refunds.iter().any(|refund| !refund.is_of(order));
    Told { outcomes, facts, is_foreign }
}

/// Whether news would take something back while a payout carries the commission: then all of it
/// waits, so that it is applied once and whole.
fn waits_for_payout(
    order: &Order,
    news: &News,
    has_grown: bool,
    known: impl Fn(&str) -> bool,
) -> bool {
    let in_flight = order.commission.as_ref().is_some_and(|it| it.state == State::PayableInFlight);
    let is_new = |report: &OrderStatusReport| {
        report.status.is_reversal() && !known(&shop::content_key(report))
    };
    in_flight && (has_grown || news.reports.iter().any(is_new))
}

/// One outcome of all that a webhook said: that of the order it opened, else what had an effect,
/// else the last.
pub(in crate::domain) fn merged(opened: Option<&Outcome>, told: &Told) -> Outcome {
    const FOREIGN: &str = "Money was given back in another currency than the order's, and the shop \
                           did not tell how much that is in its own: report it by order-status.";
    let outcomes = &told.outcomes;
    let mut detail: Vec<String> = opened.iter().map(|it| it.detail.clone()).collect();
    detail.extend(outcomes.iter().map(|it| it.detail.clone()));
    if told.is_foreign {
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
