//! Orders judged again, and on whose terms: what is told, what is kept, what stays.

use super::super::super::attribution::{CouponFacts, Facts, Kind as By, Receipt};
use super::super::super::book::CouponVersion;
use super::super::super::order::Review;
use super::super::super::review::{Rejudged, Ruled, Ruling};
use super::*;
use shared::id::EventKind;

const OTHER: AffiliateId = AffiliateId(Uuid::from_u128(5));
const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(3));

impl History {
    fn assign_coupon(&mut self, affiliate: AffiliateId) {
        let (in_force_from, ended_at) = (at(T0), None);
        let coupon = CouponVersion { affiliate, campaign: CAMPAIGN, in_force_from, ended_at };
        self.book.candidates.coupons.insert("save".to_owned(), vec![coupon]);
    }

    fn told(&self, kind: &str) -> usize {
        self.notices().iter().filter(|told| **told == kind).count()
    }

    fn hold_days(&self, id: &str) -> u32 {
        self.get(id).commission.as_ref().expect("it earns").terms.hold_days
    }
}

/// A history's first event again, as it is kept.
fn first_record(event: &Event) -> Record {
    let (event, received_at) = (event.clone(), at(T0 + 100));
    Record { event_id: "e1".to_owned(), received_at, seq: 1, event }
}

fn conversion(beside: &serde_json::Value) -> Event {
    let mut json = serde_json::json!({
        "externalOrderId": "A", "orderAmount": "100.00", "currency": "NPR",
    });
    for (name, value) in beside.as_object().into_iter().flatten() {
        json[name.as_str()] = value.clone();
    }
    Event::from_json(EventKind::Conversion, &json.to_string()).expect("an event")
}

#[test]
fn only_a_new_candidate_is_told_when_an_order_is_judged_again() {
    let mut history = live();
    let event = conversion(&serde_json::json!({ "couponCode": "SAVE" }));
    history.tell(event.clone());
    let record = first_record(&event);
    let one = AffiliateId(Uuid::from_u128(6));
    let steps = [
        (None, None, 0),
        (Some(OTHER), Some(OTHER), 1),
        (Some(OTHER), Some(OTHER), 1),
        (Some(one), Some(one), 2),
        (None, None, 2),
    ];
    for (assigned, affiliate, told) in steps {
        history.book.candidates.coupons.clear();
        if let Some(assigned) = assigned {
            history.assign_coupon(assigned);
        }
        assert_eq!(history.book.judge_again(&record, &[], at(history.now)), Rejudged::Anew);
        let order = history.get("A");
        assert_eq!((order.affiliate, order.review), (affiliate, Some(Review::Waiting)));
        assert_eq!(order.campaign, affiliate.map(|_| CAMPAIGN));
        assert_eq!(history.told("conversion.attributed"), told, "{assigned:?}");
    }
}

#[test]
fn an_order_that_waits_for_nobody_is_not_judged_again() {
    // One that its rules earn nothing on, one that a person gave to nobody, one taken back.
    let click = live().click(LINK);
    let nothing = serde_json::json!({ "clickId": click, "orderAmount": "0.00" });
    let coupon = serde_json::json!({ "couponCode": "SAVE" });
    for (beside, by_a_person, status, review) in [
        (&nothing, None, None, None),
        (&coupon, Some(Ruling::Reject), None, Some(Review::Rejected)),
        (&coupon, None, Some(S::Cancelled), Some(Review::Waiting)),
    ] {
        let mut history = live();
        let event = conversion(beside);
        history.tell(event.clone());
        if let Some(ruling) = by_a_person {
            let id = history.book.conversion_id("A");
            let ruled = history.book.rule_on(id, ruling, &[], at(history.now));
            assert_eq!(ruled, Ruled::Rejected);
        }
        if let Some(status) = status {
            history.report("A", status, None);
        }
        history.assign_coupon(OTHER);
        let record = first_record(&event);
        let before = history.get("A").affiliate;
        assert_eq!(history.book.judge_again(&record, &[], at(history.now)), Rejudged::Kept);
        let order = history.get("A");
        assert_eq!((order.affiliate, order.review), (before, review), "{beside}");
    }
}

#[test]
fn an_order_is_granted_again_to_the_one_its_new_receipt_names() {
    let automatic = Setting { automatic: vec![By::Coupon], version: 1, ..Setting::default() };
    for (setting, earns) in [(automatic, true), (Setting::default(), false)] {
        let mut history = live();
        history.tell(conversion(&serde_json::json!({ "couponCode": "SAVE" })));
        let id = history.book.conversion_id("A");
        let receipt: Receipt =
            serde_json::from_value(history.get("A").attribution.clone()).expect("a receipt");
        let receipt = Receipt { automatic: setting.automatic, ..receipt };
        let coupon = CouponFacts::Assigned { affiliate_id: OTHER, campaign_id: CAMPAIGN };
        let known = Facts { coupon: Some(coupon), ..Facts::default() };
        history.book.grant_again(id, &receipt, &known, &[], at(history.now));
        let order = history.get("A");
        assert_eq!(order.affiliate, earns.then_some(OTHER));
        assert_eq!(order.review, (!earns).then_some(Review::Waiting));
        assert_eq!(order.commission.is_some(), earns);
    }
}

#[test]
fn what_was_taken_back_before_a_decision_is_taken_back_step_by_step() {
    let mut history = live();
    history.order("A", "100.00", None);
    for refunded in ["20.00", "50.00"] {
        history.wait(10);
        history.report("A", S::Refunded, Some(refunded));
    }
    let id = history.book.conversion_id("A");
    let facts = std::mem::take(&mut history.book.changes.facts);
    let ruling = Ruling::Assign { affiliate: OTHER, campaign: Some(CAMPAIGN) };
    assert_eq!(history.book.rule_on(id, ruling, &facts, at(history.now)), Ruled::Earned);
    let notices = history.book.changes.steps.notices.iter();
    let nets: Vec<_> = notices
        .filter(|notice| notice.kind.as_str() == "commission.adjusted")
        .map(|notice| notice.data["netAmount"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(nets, ["8.00", "5.00"]);
}

#[test]
fn a_customer_s_order_is_earned_on_the_terms_of_the_click_before() {
    let mut history = live();
    let later = Windows { hold_days: 3, hold_start: HoldStart::Paid, cookie_days: 30 };
    let link = history.book.links.get_mut(&LINK).expect("the known link");
    link.versions.push(TermsVersion { in_force_from: at(T0 + 500), windows: later });
    let first = serde_json::json!({
        "externalOrderId": "first", "clickId": history.click(LINK), "customerHash": "h",
    });
    history.tell(conversion(&first));
    history.wait(1_000);
    history.tell(conversion(&serde_json::json!({ "customerHash": "h" })));
    assert_eq!(history.get("A").review, Some(Review::Waiting));
    let id = history.book.conversion_id("A");
    assert_eq!(history.book.rule_on(id, Ruling::Confirm, &[], at(history.now)), Ruled::Earned);
    assert_eq!((history.hold_days("first"), history.hold_days("A")), (14, 14));
    // A new click is earned on the new terms, and so is a coupon of that day.
    let fresh = serde_json::json!({ "externalOrderId": "new", "clickId": history.click(LINK) });
    history.tell(conversion(&fresh));
    history.assign_coupon(OTHER);
    let coupon = serde_json::json!({ "externalOrderId": "coupon", "couponCode": "save" });
    history.tell(conversion(&coupon));
    let id = history.book.conversion_id("coupon");
    assert_eq!(history.book.rule_on(id, Ruling::Confirm, &[], at(history.now)), Ruled::Earned);
    assert_eq!((history.hold_days("new"), history.hold_days("coupon")), (3, 3));
}

#[test]
fn a_ruling_has_its_word_and_a_refused_one_does_not_stand() {
    let assign = Ruling::Assign { affiliate: OTHER, campaign: None };
    let words = [Ruling::Confirm, assign, Ruling::Reject].map(Ruling::as_str);
    assert_eq!(words, ["confirm", "assign", "reject"]);
    for (ruled, stands) in [
        (Ruled::Earned, true),
        (Ruled::EarnsNothing, true),
        (Ruled::Rejected, true),
        (Ruled::FullyReversed, false),
        (Ruled::NoCandidate, false),
        (Ruled::NotWaiting, false),
    ] {
        assert_eq!(ruled.stands(), stands, "{ruled:?}");
    }
}
