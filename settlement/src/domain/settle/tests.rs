//! Histories of one merchant's events on books in memory, told as the stream tells them.

mod any_history;
mod clocked;
mod found;
mod judged_again;
mod late;
mod parked;
mod recompute;
mod reported;
mod risk;
mod risk_desk;
mod risk_needs;
mod shop;

use super::super::attribution::Setting;
use super::super::book::{Changes, LinkFacts, TermsVersion};
use super::super::clock::Clock;
use super::super::hold::HoldStart;
use super::super::ledger::Account;
use super::super::lifecycle::State;
use super::super::order::{Scope, Windows};
use super::super::risk::desk::Desk;
use super::super::rule::tests::{at, npr, rule};
use super::super::rule::{Kind as RuleKind, RuleBook, Subject};
use super::*;
use rust_decimal::Decimal;
use shared::click_id::{Click, ClickClass};
use shared::id::{AffiliateId, CampaignId, MerchantId};
use shared::keys::ClickKeys;
use shared::order_status::OrderStatus as S;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

mod told;

const DAY: i64 = 86_400;
/// All histories begin here.
const T0: i64 = 1_700_000_000;
const LINK: u64 = 42;

pub(super) struct History {
    pub(super) book: Book,
    now: i64,
    seq: u64,
}

fn keys() -> ClickKeys {
    ClickKeys::parse(&format!("1:{}", "ab".repeat(32))).expect("a well-formed list")
}

impl History {
    pub(super) fn new(environment: Environment) -> Self {
        let scope = Scope { environment, merchant: MerchantId(Uuid::from_u128(1)) };
        let windows = Windows { hold_days: 14, hold_start: HoldStart::Delivered, cookie_days: 30 };
        let link = LinkFacts {
            merchant: scope.merchant,
            environment,
            affiliate: AffiliateId(Uuid::from_u128(2)),
            campaign: CampaignId(Uuid::from_u128(3)),
            versions: vec![TermsVersion { in_force_from: at(T0), windows }],
        };
        let rules = RuleBook(vec![rule(9, Subject::Merchant, RuleKind::Percent(1000))]);
        let book = Book {
            scope,
            clock: Clock::default(),
            rules,
            links: HashMap::from([(LINK, link)]),
            candidates: super::super::book::Candidates::default(),
            click_instants: HashMap::new(),
            orders: HashMap::new(),
            parked: HashMap::new(),
            content_keys: HashSet::new(),
            risk: Desk::default(),
            click_keys: keys(),
            changes: Changes::default(),
        };
        Self { book, now: T0 + 100, seq: 0 }
    }

    pub(super) fn wait(&mut self, seconds: i64) {
        self.now += seconds;
    }

    fn click(&self, link_number: u64) -> String {
        let clicked_at_seconds = u32::try_from(self.now).expect("a second of the test");
        let class = ClickClass::Human;
        Click { link_number, clicked_at_seconds, class, random: 7 }.seal(&keys())
    }

    fn tell(&mut self, event: Event) -> Outcome {
        self.seq += 1;
        let event_id = format!("e{}", self.seq);
        let received_at = at(self.now);
        let record = Record { event_id: event_id.clone(), received_at, seq: self.seq, event };
        self.book.settle(&record);
        self.outcome(&event_id)
    }

    fn outcome(&self, event_id: &str) -> Outcome {
        let found = self.book.changes.settled.iter().find(|s| s.event_id == event_id);
        found.expect("every event has an outcome").outcome.clone()
    }

    pub(super) fn order(&mut self, id: &str, amount: &str, click: Option<&str>) -> Outcome {
        let json = serde_json::json!({
            "externalOrderId": id, "orderAmount": amount, "currency": "NPR", "clickId": click,
        });
        let text = json.to_string();
        self.tell(Event::from_json(shared::id::EventKind::Conversion, &text).expect("an event"))
    }

    pub(super) fn report(&mut self, id: &str, status: S, refunded: Option<&str>) -> Outcome {
        self.report_at(id, status, refunded, None)
    }

    fn report_at(
        &mut self,
        id: &str,
        status: S,
        refunded: Option<&str>,
        happened: Option<i64>,
    ) -> Outcome {
        let mut json = serde_json::json!({ "externalOrderId": id, "status": status });
        if let Some(refunded) = refunded {
            json["refundedAmount"] = refunded.into();
        }
        if let Some(second) = happened {
            json["statusUpdatedAt"] = at(second).to_string().into();
        }
        let text = json.to_string();
        self.tell(Event::from_json(shared::id::EventKind::OrderStatus, &text).expect("an event"))
    }

    fn attributed(&mut self, id: &str, amount: &str) -> Outcome {
        let click = self.click(LINK);
        self.order(id, amount, Some(&click))
    }

    fn get(&self, id: &str) -> &Order {
        self.book.orders.get(&self.book.conversion_id(id)).expect("the order is in the book")
    }

    fn state(&self, id: &str) -> State {
        self.get(id).commission.as_ref().expect("the order has a commission").state
    }

    fn net(&self, id: &str) -> String {
        let commission = self.get(id).commission.as_ref().expect("the order has a commission");
        commission.currency.format(commission.net)
    }

    fn release(&mut self) {
        let now = self.book.clock.at(at(self.now));
        for order in self.book.orders.values_mut() {
            self.book.risk.show(order, &self.book.clock);
            if let Some(commission) = &mut order.commission {
                commission.release_if_due(now, &mut self.book.changes.steps);
            }
        }
    }

    pub(super) fn balances(&self) -> BTreeMap<Account, Decimal> {
        let mut balances = BTreeMap::new();
        for entry in self.book.changes.steps.transfers.iter().flat_map(|t| &t.entries) {
            *balances.entry(entry.account).or_default() += entry.amount;
        }
        balances
    }

    fn notices(&self) -> Vec<&'static str> {
        self.book.changes.steps.notices.iter().map(|notice| notice.kind.as_str()).collect()
    }
}

fn live() -> History {
    History::new(Environment::Live)
}

#[test]
fn an_order_before_a_rule_s_end_keeps_its_terms_and_a_later_one_falls_to_the_next_level() {
    let mut history = live();
    let mut own = rule(8, Subject::Product("TEA".to_owned()), RuleKind::Percent(2000));
    own.ended_at = Some(at(T0 + 1_000));
    history.book.rules.0.push(own);
    let click = history.click(LINK);
    history.wait(3_600);
    // Both are reported after the end; when they were placed decides.
    for (id, second) in [("before", T0 + 999), ("after", T0 + 1_000)] {
        let event = serde_json::json!({
            "externalOrderId": id, "orderAmount": "100.00", "currency": "NPR", "clickId": click,
            "externalProductId": "TEA", "orderedAt": at(second).to_string(),
        });
        let kind = shared::id::EventKind::Conversion;
        history.tell(Event::from_json(kind, &event.to_string()).expect("an event"));
    }
    assert_eq!(history.net("before"), "20.00");
    assert_eq!(history.net("after"), "10.00");
    history.report("before", S::Refunded, Some("50.00"));
    assert_eq!(history.net("before"), "10.00");
}

#[test]
fn an_order_s_whole_life_is_told_step_by_step() {
    let mut history = live();
    assert_eq!(history.attributed("A", "2999.00").code, Code::Applied);
    assert_eq!(history.net("A"), "299.90");
    assert_eq!(history.report("A", S::Confirmed, None).code, Code::Applied);
    assert_eq!(history.state("A"), State::HoldWaiting);
    assert_eq!(history.report("A", S::Delivered, None).code, Code::Applied);
    assert_eq!(history.state("A"), State::HoldRunning);
    history.wait(14 * DAY - 1);
    history.release();
    assert_eq!(history.state("A"), State::HoldRunning);
    history.wait(1);
    history.release();
    assert_eq!(history.state("A"), State::PayableFree);
    assert_eq!(
        history.notices(),
        [
            "conversion.received",
            "conversion.attributed",
            "commission.created",
            "event.processed",
            "commission.held",
            "event.processed",
            "commission.held",
            "event.processed",
            "commission.approved",
            "commission.payable",
        ]
    );
    let mut balances = history.balances();
    balances.retain(|_, balance| !balance.is_zero());
    let owed = Decimal::new(29_990, 2);
    let expected =
        BTreeMap::from([(Account::AffiliatePayable, owed), (Account::MerchantDue, -owed)]);
    assert_eq!(balances, expected);
}

#[test]
fn an_order_without_a_good_click_waits_for_a_person() {
    let mut history = live();
    assert_eq!(history.order("A", "10.00", None).code, Code::InReview);
    assert_eq!(history.order("B", "10.00", Some("CLK_example123")).code, Code::InReview);
    assert!(history.get("A").commission.is_none());
    assert_eq!(history.get("B").confidence, "LOW");
    assert_eq!(history.report("A", S::Delivered, None).code, Code::Recorded);
    assert_eq!(history.report("A", S::CommissionApproved, None).code, Code::NoCommission);
    assert!(history.balances().is_empty());
}

#[test]
fn a_second_report_of_an_order_or_a_status_changes_nothing() {
    let mut history = live();
    history.attributed("A", "100.00");
    assert_eq!(history.attributed("A", "900.00").code, Code::DuplicateOrder);
    assert_eq!(history.net("A"), "10.00");
    history.report("A", S::Delivered, None);
    history.wait(60);
    assert_eq!(history.report("A", S::Delivered, None).code, Code::DuplicateStatus);
}

#[test]
fn a_status_before_its_conversion_waits_and_then_applies() {
    let mut history = live();
    let click = history.click(LINK);
    assert_eq!(history.report("A", S::Refunded, Some("50.00")).code, Code::AwaitingConversion);
    assert_eq!(history.report("A", S::Delivered, None).code, Code::AwaitingConversion);
    assert_eq!(history.order("A", "100.00", Some(&click)).code, Code::Applied);
    assert_eq!(history.outcome("e1").code, Code::Applied);
    assert_eq!(history.outcome("e2").code, Code::Applied);
    assert_eq!(history.state("A"), State::HoldRunning);
    assert_eq!(history.net("A"), "5.00");
    assert!(history.book.changes.newly_parked.is_empty());
}

#[test]
fn a_conversion_of_an_unknown_link_waits_until_the_link_is_known() {
    let mut history = live();
    let click = history.click(77);
    assert_eq!(history.order("A", "100.00", Some(&click)).code, Code::AwaitingLink);
    assert_eq!(history.order("A", "100.00", Some(&click)).code, Code::DuplicateOrder);
    assert_eq!(history.report("A", S::Delivered, None).code, Code::AwaitingConversion);
    let facts = history.book.links.get(&LINK).expect("the known link").clone();
    history.book.links.insert(77, facts);
    let parked = history.book.changes.newly_parked[0].clone();
    history.book.resume(parked, at(history.now));
    assert_eq!(history.outcome("e1").code, Code::Applied);
    assert_eq!(history.outcome("e3").code, Code::Applied);
    assert_eq!(history.state("A"), State::HoldRunning);
}

#[test]
fn a_link_that_never_becomes_known_leaves_the_order_for_review() {
    let mut history = live();
    let click = history.click(77);
    history.order("A", "100.00", Some(&click));
    let parked = history.book.changes.newly_parked[0].clone();
    history.book.resume(parked, at(history.now + LINK_WAIT_SECONDS));
    assert_eq!(history.outcome("e1").code, Code::InReview);
}

#[test]
fn partial_refunds_by_total_end_the_same_in_any_order() {
    let mut nets = std::collections::BTreeSet::new();
    for totals in [["100.00", "250.00", "999.00"], ["999.00", "100.00", "250.00"]] {
        let mut history = live();
        history.attributed("A", "2999.00");
        history.report("A", S::Delivered, None);
        for total in totals {
            history.report("A", S::Refunded, Some(total));
        }
        assert_eq!(history.state("A"), State::HoldRunning);
        nets.insert(history.net("A"));
    }
    assert_eq!(nets, std::collections::BTreeSet::from(["200.00".to_owned()]));
}

#[test]
fn a_refund_that_cannot_be_read_in_the_order_s_currency_is_skipped() {
    let mut history = live();
    history.attributed("A", "100.00");
    let outcome = history.report("A", S::Refunded, Some("1.005"));
    assert_eq!(outcome.code, Code::RefundAmountInvalid);
    assert_eq!(history.net("A"), "10.00");
    assert_eq!(history.report("A", S::Refunded, Some("1.500")).code, Code::Applied);
}

#[test]
fn a_full_reversal_rejects_whatever_its_time_and_stays() {
    for status in [S::Cancelled, S::Returned, S::Refunded] {
        let mut history = live();
        history.attributed("A", "100.00");
        history.report("A", S::Delivered, None);
        history.report_at("A", status, None, Some(T0));
        assert_eq!(history.state("A"), State::Rejected);
        assert_eq!(history.net("A"), "0.00");
        let denied = history.report_at("A", S::Delivered, None, Some(T0 + 150));
        assert_eq!(denied.code, Code::OrderStatusTransitionDenied);
        assert!(history.balances().values().all(Decimal::is_zero), "{status:?}");
    }
}

#[test]
fn the_window_starts_once_and_ends_at_its_instant() {
    let mut history = live();
    history.attributed("A", "100.00");
    history.wait(1000);
    history.report_at("A", S::Delivered, None, Some(T0 + 600));
    let until = |h: &History| h.get("A").commission.as_ref().and_then(|c| c.hold_until);
    assert_eq!(until(&history), Some(at(T0 + 600 + 14 * DAY)));
    assert_eq!(history.report_at("A", S::Delivered, None, Some(T0 + 900)).code, Code::NoChange);
    assert_eq!(until(&history), Some(at(T0 + 600 + 14 * DAY)));
}

#[test]
fn a_hold_that_is_over_ends_before_the_event_that_finds_it() {
    let mut history = live();
    history.attributed("A", "100.00");
    history.report("A", S::Delivered, None);
    history.wait(20 * DAY);
    history.report("A", S::Refunded, None);
    assert_eq!(history.state("A"), State::Rejected);
    let told = history.notices();
    let place = |kind| told.iter().position(|told| *told == kind);
    assert!(place("commission.payable") < place("commission.rejected"), "{told:?}");
    assert!(history.balances().values().all(Decimal::is_zero));
}

#[test]
fn an_older_decision_is_stale_and_a_newer_one_is_not() {
    let mut history = live();
    history.attributed("A", "100.00");
    history.wait(1000);
    history.report_at("A", S::CommissionApproved, None, Some(T0 + 500));
    assert_eq!(history.state("A"), State::PayableFree);
    let stale = history.report_at("A", S::CommissionRejected, None, Some(T0 + 400));
    assert_eq!(stale.code, Code::StaleDecision);
    history.report_at("A", S::CommissionRejected, None, Some(T0 + 600));
    assert_eq!(history.state("A"), State::Rejected);
}
