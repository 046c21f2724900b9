//! Orders decided late: by a person, or by a link that comes after all.

use super::super::super::attribution::Kind as By;
use super::super::super::book::CouponVersion;
use super::super::super::order::Review;
use super::super::super::review::{Rejudged, Ruled, Ruling};
use super::*;

const OTHER: AffiliateId = AffiliateId(Uuid::from_u128(5));
const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(3));

impl History {
    fn with_coupon(mut self) -> Self {
        let (in_force_from, ended_at) = (at(T0), None);
        let coupon =
            CouponVersion { affiliate: OTHER, campaign: CAMPAIGN, in_force_from, ended_at };
        self.book.candidates.coupons.insert("save".to_owned(), vec![coupon]);
        self
    }

    fn coupon_order(&mut self, id: &str, amount: &str) -> Outcome {
        let event = serde_json::json!({
            "externalOrderId": id, "orderAmount": amount, "currency": "NPR", "couponCode": "Save",
        });
        let kind = shared::id::EventKind::Conversion;
        self.tell(Event::from_json(kind, &event.to_string()).expect("an event"))
    }

    fn facts(&self, id: &str) -> Vec<Fact> {
        let conversion = self.book.conversion_id(id);
        let of_order = |fact: &&Fact| fact.conversion == conversion;
        let mut facts: Vec<_> = self.book.changes.facts.iter().filter(of_order).cloned().collect();
        facts.sort_by_key(|fact| (fact.happened_at, fact.received_at));
        facts
    }

    fn rule_on(&mut self, id: &str, ruling: Ruling) -> Ruled {
        let (conversion, facts) = (self.book.conversion_id(id), self.facts(id));
        self.book.rule_on(conversion, ruling, &facts, at(self.now))
    }
}

const TO_OTHER: Ruling = Ruling::Assign { affiliate: OTHER, campaign: Some(CAMPAIGN) };

#[test]
fn an_order_that_a_person_assigns_keeps_the_score_it_gets_by_that() {
    let mut history = live();
    history.order("A", "100.00", None);
    history.report("A", S::Delivered, None);
    history.wait(400 * 86_400);
    assert_eq!(history.rule_on("A", TO_OTHER), Ruled::Earned);
    assert_eq!(history.state("A"), State::PayableFree);
    let scores = &history.book.changes.steps.scores;
    let instants: Vec<_> = scores.iter().map(|scored| scored.at).collect();
    assert_eq!(instants, [at(history.now)], "never before the decision");
}

#[test]
fn a_confirmed_coupon_earns_what_it_would_have_earned_at_once() {
    let automatic = Setting { automatic: vec![By::Coupon], version: 1, ..Setting::default() };
    let mut histories = [live().with_coupon(), live().with_coupon()];
    histories[1].book.candidates.settings = vec![automatic];
    for history in &mut histories {
        let is_automatic = !history.book.candidates.settings.is_empty();
        let outcome = history.coupon_order("A", "2999.00");
        let expected = if is_automatic { Code::Applied } else { Code::InReview };
        assert_eq!(outcome.code, expected, "{}", outcome.detail);
        history.report("A", S::Delivered, None);
        history.report("A", S::Refunded, Some("999.00"));
        history.wait(5 * DAY);
        if !is_automatic {
            assert!(history.balances().is_empty(), "nothing is owed before a person confirms");
            assert_eq!(history.rule_on("A", Ruling::Confirm), Ruled::Earned);
        }
        assert_eq!(history.get("A").affiliate, Some(OTHER));
        assert_eq!((history.state("A"), history.net("A")), (State::HoldRunning, "200.00".into()));
        let until = history.get("A").commission.as_ref().and_then(|c| c.hold_until);
        assert_eq!(until, Some(at(T0 + 100 + 14 * DAY)), "the window began with the delivery");
    }
    let [by_hand, by_itself] = histories;
    assert_eq!(by_hand.balances(), by_itself.balances());
    let told = |history: &History, kind| history.notices().iter().filter(|k| **k == kind).count();
    assert_eq!(told(&by_hand, "conversion.attributed"), 1, "told once, before the decision");
    assert_eq!(told(&by_hand, "commission.created"), 1);
}

#[test]
fn what_a_late_decision_posts_takes_effect_when_it_is_decided() {
    let mut history = live();
    history.order("A", "100.00", None);
    history.report("A", S::Delivered, None);
    history.wait(20 * DAY);
    assert_eq!(history.rule_on("A", TO_OTHER), Ruled::Earned);
    assert_eq!(history.state("A"), State::PayableFree, "its return window is over already");
    let now = at(history.now);
    let late = &history.book.changes.steps;
    assert!(late.transfers.iter().all(|transfer| transfer.effective_at == now));
    assert_eq!(
        history.notices().split_off(3),
        [
            "event.processed",
            "conversion.attributed",
            "commission.created",
            "commission.held",
            "commission.approved",
            "commission.payable",
        ]
    );
}

#[test]
fn a_second_decision_and_one_on_an_order_that_earns_change_nothing() {
    let mut history = live();
    history.order("A", "100.00", None);
    assert_eq!(history.rule_on("A", Ruling::Confirm), Ruled::NoCandidate);
    assert_eq!(history.rule_on("A", TO_OTHER), Ruled::Earned);
    assert_eq!(history.rule_on("A", Ruling::Reject), Ruled::NotWaiting);
    assert_eq!(history.net("A"), "10.00");
    history.attributed("B", "100.00");
    assert_eq!(history.rule_on("B", TO_OTHER), Ruled::NotWaiting);
    assert_eq!(history.rule_on("C", TO_OTHER), Ruled::NotWaiting);
}

#[test]
fn an_order_taken_back_whole_cannot_be_assigned_but_rejected() {
    for (status, refunded) in [(S::Cancelled, None), (S::Refunded, Some("100.00"))] {
        let mut history = live();
        history.order("A", "100.00", None);
        history.report("A", status, refunded);
        assert_eq!(history.rule_on("A", TO_OTHER), Ruled::FullyReversed);
        assert_eq!(history.get("A").affiliate, None, "a refused decision leaves no trace");
        assert!(history.balances().is_empty());
        assert_eq!(history.rule_on("A", Ruling::Reject), Ruled::Rejected);
    }
}

#[test]
fn a_rejected_candidate_is_nobody_s_any_more_and_the_merchant_is_told() {
    let mut history = live().with_coupon();
    history.coupon_order("A", "100.00");
    assert_eq!(history.rule_on("A", Ruling::Reject), Ruled::Rejected);
    let order = history.get("A");
    assert_eq!((order.affiliate, order.review), (None, Some(Review::Rejected)));
    assert_eq!(history.notices().last(), Some(&"conversion.unattributed"));
    assert_eq!(history.report("A", S::Delivered, None).code, Code::Recorded);
}

#[test]
fn an_assignment_without_campaign_earns_on_the_merchant_s_own_terms() {
    let mut history = live();
    history.book.rules.0.push(rule(8, Subject::Campaign(CAMPAIGN), RuleKind::Percent(3000)));
    let own = Windows { hold_days: 3, hold_start: HoldStart::Confirmed, cookie_days: 0 };
    history.book.candidates.own_windows = Some(own);
    for (id, campaign, net, hold_days) in
        [("A", Some(CAMPAIGN), "30.00", 14), ("B", None, "10.00", 3)]
    {
        history.order(id, "100.00", None);
        let ruling = Ruling::Assign { affiliate: OTHER, campaign };
        assert_eq!(history.rule_on(id, ruling), Ruled::Earned);
        assert_eq!(history.net(id), net);
        let commission = history.get(id).commission.as_ref().expect("it earns");
        assert_eq!((commission.campaign, commission.terms.hold_days), (campaign, hold_days));
    }
}

#[test]
fn a_link_that_comes_after_all_is_judged_once_more_and_never_over_a_decision() {
    for decided in [false, true] {
        let mut history = live();
        let click = history.click(77);
        history.order("A", "100.00", Some(&click));
        let parked = history.book.changes.newly_parked[0].clone();
        let record = parked.record.clone();
        history.wait(LINK_WAIT_SECONDS);
        history.book.resume(parked, at(history.now));
        assert_eq!(history.outcome("e1").code, Code::InReview);
        let id = history.book.conversion_id("A");
        assert_eq!(history.book.changes.missing_links, [(id, 77)]);
        history.report("A", S::Delivered, None);
        if decided {
            assert_eq!(history.rule_on("A", TO_OTHER), Ruled::Earned);
        }
        let facts = history.book.links[&LINK].clone();
        history.book.links.insert(77, facts);
        let facts = history.facts("A");
        let rejudged = history.book.judge_again(&record, &facts, at(history.now));
        if decided {
            assert_eq!(rejudged, Rejudged::Kept);
            assert_eq!(history.get("A").affiliate, Some(OTHER));
        } else {
            assert_eq!(rejudged, Rejudged::Anew);
            assert_eq!(history.get("A").confidence, "HIGH");
            assert_eq!(history.state("A"), State::HoldRunning);
            assert_eq!(history.get("A").review, None);
        }
        assert_eq!(history.net("A"), "10.00");
        let again = history.book.judge_again(&record, &facts, at(history.now));
        assert_eq!(again, Rejudged::Kept, "a conversion with a commission stays");
    }
}
