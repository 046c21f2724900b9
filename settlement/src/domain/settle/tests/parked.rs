//! Events that wait: until when, for what, and what is left of those that went on.

use super::*;
use shared::id::EventKind;

impl History {
    fn expiries(&self) -> Vec<(String, Timestamp)> {
        let parked = self.book.changes.newly_parked.iter();
        parked.map(|parked| (parked.record.event_id.clone(), parked.expires_at)).collect()
    }

    /// Takes up a parked event again at an instant.
    fn resume_at(&mut self, event_id: &str, now: i64) -> Outcome {
        let mut parked = self.book.parked.values().flatten();
        let parked = parked.find(|parked| parked.record.event_id == event_id);
        let parked = parked.expect("it waits").clone();
        self.book.resume(parked, at(now));
        self.outcome(event_id)
    }
}

#[test]
fn a_conversion_waits_a_day_for_its_link_and_a_status_ninety_for_its_conversion() {
    let mut history = live();
    let click = history.click(77);
    history.order("A", "100.00", Some(&click));
    history.report("B", S::Delivered, None);
    let now = history.now;
    let expected = [("e1".to_owned(), at(now + DAY)), ("e2".to_owned(), at(now + 90 * DAY))];
    assert_eq!(history.expiries(), expected);
}

#[test]
fn a_status_goes_on_waiting_until_its_time_is_over() {
    let mut history = live();
    history.report("A", S::Delivered, None);
    history.report("A", S::Confirmed, None);
    let over = history.now + CONVERSION_WAIT_SECONDS;
    assert_eq!(history.resume_at("e1", over - 1).code, Code::AwaitingConversion);
    assert_eq!(history.resume_at("e1", over).code, Code::ConversionNotFound);
    // The other one still waits, and nothing of it was forgotten.
    assert_eq!(history.expiries(), [("e2".to_owned(), at(over))]);
    assert_eq!(history.outcome("e2").code, Code::AwaitingConversion);
    let waiting: Vec<_> = history.book.parked.values().flatten().collect();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].record.event_id, "e2");
    assert_eq!(history.book.changes.unparked, ["e1", "e1"]);
    assert_eq!(history.book.changes.settled.len(), 2, "one outcome each, the last");
}

#[test]
fn a_reversal_during_a_payout_waits_for_its_answer_and_then_applies() {
    let mut history = live();
    history.attributed("A", "100.00");
    let id = history.book.conversion_id("A");
    let put = |history: &mut History, state| {
        let order = history.book.orders.get_mut(&id).expect("the order is in the book");
        order.commission.as_mut().expect("it earns").state = state;
    };
    put(&mut history, State::PayableInFlight);
    assert_eq!(history.report("A", S::Refunded, None).code, Code::PayoutInFlight);
    assert_eq!(history.expiries(), [("e2".to_owned(), Timestamp::MAX)]);
    assert!(history.book.changes.facts.is_empty() && history.book.content_keys.is_empty());
    assert_eq!(history.get("A").reversed_by, None, "the order is as it was");
    // What it says can be applied once the payout has failed, however late that is.
    put(&mut history, State::PayableFree);
    let outcome = history.resume_at("e2", T0 + 400 * DAY);
    assert_eq!((outcome.code, history.state("A")), (Code::Applied, State::Rejected));
    assert!(history.expiries().is_empty());
    assert_eq!(history.book.changes.facts.len(), 1);
}

#[test]
fn an_unreadable_event_has_an_outcome_and_nothing_else() {
    let mut history = live();
    history.book.refuse_unreadable("e7".to_owned(), at(T0 + 9));
    let settled = &history.book.changes.settled[0];
    assert_eq!((settled.event_id.as_str(), settled.received_at), ("e7", at(T0 + 9)));
    assert_eq!(settled.outcome.code, Code::EventInvalid);
    assert!(history.notices().is_empty());
}

#[test]
fn only_a_test_instant_more_than_a_day_ahead_is_skipped() {
    for (environment, apart, ahead) in [
        (Environment::Test, DAY, false),
        (Environment::Test, DAY + 1, true),
        (Environment::Live, DAY + 1, false),
    ] {
        let mut history = History::new(environment);
        let then = at(history.now + apart);
        let click = history.click(LINK);
        let event = serde_json::json!({
            "externalOrderId": "A", "orderAmount": "100.00", "currency": "NPR", "clickId": click,
            "orderedAt": then.to_string(),
        });
        let code = history.tell_json(EventKind::Conversion, &event).code;
        assert_eq!(code == Code::TimeAhead, ahead, "{environment:?} {apart}");
        history.attributed("B", "100.00");
        let code = history.report_at("B", S::Delivered, None, Some(history.now + apart)).code;
        assert_eq!(code == Code::TimeAhead, ahead, "{environment:?} {apart}");
    }
}

#[test]
fn an_order_s_outcome_says_what_it_earns() {
    let mut history = live();
    let click = history.click(LINK);
    let won = "A click of this merchant, inside its cookie window, earns the order.";
    for (id, amount, click, code, detail) in [
        ("A", "100.00", Some(&*click), Code::Applied, "Commission: NPR 10.00, pending."),
        (
            "B",
            "0.00",
            Some(&*click),
            Code::Applied,
            "Its commission comes to zero, so there is none.",
        ),
        ("C", "100.00", None, Code::InReview, "The order waits in the review queue."),
    ] {
        let outcome = history.order(id, amount, click);
        let why = click.map_or("The order came without a click id.", |_| won);
        assert_eq!((outcome.code, outcome.detail), (code, format!("{why} {detail}")));
        assert_eq!(outcome.has_commission, id == "A");
    }
}

#[test]
fn empty_texts_were_not_sent() {
    let mut history = live();
    let event = serde_json::json!({
        "externalOrderId": "A", "orderAmount": "100.00", "currency": "NPR",
        "clickId": "", "couponCode": "",
    });
    let outcome = history.tell_json(EventKind::Conversion, &event);
    let why = "The order came without a click id. The order waits in the review queue.";
    assert_eq!(outcome.detail, why);
    let asked = history.get("A").asked();
    assert_eq!((asked.coupon_code, asked.has_customer), (None, false));
}

#[test]
fn an_order_is_asked_about_as_it_was_sent() {
    let mut history = live();
    let placed = at(T0 + 60);
    let event = serde_json::json!({
        "externalOrderId": "A", "orderAmount": "100.00", "currency": "NPR",
        "clickId": "CLK_example123", "couponCode": "SAVE", "customerHash": "h",
        "orderedAt": placed.to_string(),
    });
    history.tell_json(EventKind::Conversion, &event);
    let asked = history.get("A").asked();
    assert_eq!((asked.at, asked.click_id), (placed, Some("CLK_example123")));
    assert_eq!((asked.coupon_code, asked.has_customer), (Some("SAVE"), true));
}

#[test]
fn a_click_that_did_not_earn_the_order_is_not_its_customer_s() {
    for (days, kept) in [(30, 1), (31, 0)] {
        let mut history = live();
        let click = history.click(LINK);
        history.wait(days * DAY);
        let event = serde_json::json!({
            "externalOrderId": "A", "orderAmount": "100.00", "currency": "NPR",
            "clickId": click, "customerHash": "h",
        });
        history.tell_json(EventKind::Conversion, &event);
        let clicks = history.book.candidates.customers.get("h").map_or(0, Vec::len);
        assert_eq!(clicks, kept, "{days}");
    }
}

#[test]
fn an_order_has_the_windows_of_its_own_campaign() {
    let mut history = live();
    let windows = Windows { hold_days: 5, hold_start: HoldStart::Paid, cookie_days: 9 };
    let other = LinkFacts {
        campaign: CampaignId(Uuid::from_u128(8)),
        versions: vec![TermsVersion { in_force_from: at(T0), windows }],
        ..history.book.links[&LINK].clone()
    };
    history.book.links.insert(43, other);
    for (id, link, days) in [("A", LINK, (14, 30)), ("B", 43, (5, 9))] {
        let click = history.click(link);
        history.order(id, "100.00", Some(&click));
        let terms = &history.get(id).commission.as_ref().expect("it earns").terms;
        assert_eq!((terms.hold_days, terms.cookie_days), days, "{id}");
    }
}

#[test]
fn only_the_notice_of_an_attribution_goes_to_its_affiliate() {
    let mut history = live();
    history.attributed("A", "100.00");
    let notices = history.book.changes.steps.notices.iter();
    let told: Vec<_> = notices
        .filter(|notice| notice.kind.as_str().starts_with("conversion."))
        .map(|notice| (notice.kind.as_str(), notice.affiliate))
        .collect();
    let affiliate = Some(AffiliateId(Uuid::from_u128(2)));
    assert_eq!(told, [("conversion.received", None), ("conversion.attributed", affiliate)]);
}
