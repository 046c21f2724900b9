//! What a batch of events asks of risk before it is settled.

use super::super::super::book::CouponVersion;
use super::super::super::risk::needs::{Needs, SaleNeed};
use super::super::super::risk::tally::Key;
use super::risk_desk::AFFILIATE;
use super::*;
use shared::id::EventKind;

/// Long after everything else, for events that find a hold over.
const NOW: i64 = T0 + 20 * DAY;

fn record(second: i64, event: Event) -> Record {
    Record { event_id: format!("n{second}"), received_at: at(second), seq: 1, event }
}

fn conversion(id: &str, beside: &serde_json::Value) -> Event {
    let mut json = serde_json::json!({
        "externalOrderId": id, "orderAmount": "100.00", "currency": "NPR",
    });
    for (name, value) in beside.as_object().into_iter().flatten() {
        json[name.as_str()] = value.clone();
    }
    Event::from_json(EventKind::Conversion, &json.to_string()).expect("an event")
}

fn status(id: &str, status: S) -> Event {
    let json = serde_json::json!({ "externalOrderId": id, "status": status });
    Event::from_json(EventKind::OrderStatus, &json.to_string()).expect("an event")
}

fn needs<'a>(history: &'a History, records: &'a [Record]) -> Needs {
    Needs::of(&history.book, records.iter().collect())
}

#[test]
fn a_new_order_asks_for_its_currency_its_customer_and_who_may_earn_it() {
    let mut history = live();
    let affiliate = AffiliateId(Uuid::from_u128(5));
    let campaign = CampaignId(Uuid::from_u128(3));
    let (in_force_from, ended_at) = (at(T0), None);
    let coupon = CouponVersion { affiliate, campaign, in_force_from, ended_at };
    history.book.candidates.coupons.insert("save".to_owned(), vec![coupon]);
    let records = [
        record(T0, conversion("A", &serde_json::json!({ "customerHash": "h" }))),
        record(T0, conversion("B", &serde_json::json!({ "currency": "USD" }))),
        record(T0, status("C", S::Delivered)),
    ];
    let needs = needs(&history, &records);
    let usd = shared::money::Currency::parse("USD").expect("a currency");
    assert_eq!(needs.currencies, HashSet::from([npr(), usd]));
    assert_eq!(needs.customers, HashSet::from(["h".to_owned()]));
    assert_eq!(needs.affiliates, HashSet::from([AFFILIATE, affiliate]));
    assert!(needs.orders.is_empty() && needs.keys.is_empty() && needs.sales.is_empty());
}

#[test]
fn a_new_order_may_be_scored_once_the_shortest_hold_is_over() {
    let ordered = |second| serde_json::json!({ "orderedAt": at(second).to_string() });
    let long = Windows { hold_days: 90, hold_start: HoldStart::Delivered, cookie_days: 30 };
    for (second, due) in [(NOW - 14 * DAY + 1, false), (NOW - 14 * DAY, true), (NOW, false)] {
        let mut history = live();
        let link = history.book.links.get_mut(&LINK).expect("the known link");
        link.versions.push(TermsVersion { in_force_from: at(T0 + 1), windows: long });
        let records = [record(NOW, conversion("A", &ordered(second)))];
        let needs = needs(&history, &records);
        assert_eq!(needs.orders.contains(&history.book.conversion_id("A")), due, "{second}");
        assert_eq!(needs.keys.contains(&Key::Affiliate(AFFILIATE)), due);
        assert_eq!(needs.keys.contains(&Key::hour(AFFILIATE, at(second))), due);
    }
    // Dated ahead, it is due from when it was accepted; a later event of the batch finds it so.
    let history = live();
    let records = [
        record(NOW - 14 * DAY, conversion("A", &ordered(NOW))),
        record(NOW, status("B", S::Delivered)),
    ];
    assert_eq!(needs(&history, &records).orders.len(), 1);
}

#[test]
fn an_approval_in_the_batch_or_waiting_has_its_order_scored() {
    let cases = [
        (S::CommissionApproved, "A", true),
        (S::CommissionApproved, "B", false),
        (S::CommissionRejected, "A", false),
        (S::Delivered, "A", false),
    ];
    for (said, of, scored) in cases {
        for waits in [false, true] {
            let mut history = live();
            let mut records = vec![record(T0 + 100, conversion("A", &serde_json::json!({})))];
            if waits {
                history.tell(status(of, said));
            } else {
                records.push(record(T0 + 100, status(of, said)));
            }
            let id = history.book.conversion_id("A");
            assert_eq!(needs(&history, &records).orders.contains(&id), scored, "{said:?} {of}");
            // And so for an order that is there already.
            let mut known = live();
            known.attributed("A", "100.00");
            let records = [record(known.now, status(of, said))];
            assert_eq!(needs(&known, &records).orders.contains(&id), scored, "{said:?} {of}");
        }
    }
}

#[test]
fn a_known_order_may_be_scored_when_its_hold_is_over() {
    let placed = T0 + 100;
    // Without a delivery, the window could have begun with the order; with one, its end is known.
    for (delivered_after, over) in [(None, placed + 14 * DAY), (Some(DAY), placed + 15 * DAY)] {
        for (second, due) in [(over - 1, false), (over, true), (over + 1, true)] {
            let mut history = live();
            history.attributed("A", "100.00");
            if let Some(seconds) = delivered_after {
                history.wait(seconds);
                history.report("A", S::Delivered, None);
            }
            let records = [record(second, status("other", S::Delivered))];
            let id = history.book.conversion_id("A");
            let found = needs(&history, &records);
            assert_eq!(found.orders.contains(&id), due, "{delivered_after:?} {second}");
            assert_eq!(found.keys.contains(&Key::Affiliate(AFFILIATE)), due);
        }
    }
}

#[test]
fn a_commission_past_its_hold_and_an_order_without_one_are_not_scored_again() {
    let mut history = live();
    history.attributed("paid out", "100.00");
    history.report("paid out", S::CommissionApproved, None);
    history.attributed("taken back", "100.00");
    history.report("taken back", S::Cancelled, None);
    history.order("nobody's", "100.00", None);
    let records = [record(NOW, status("other", S::Delivered))];
    assert!(needs(&history, &records).orders.is_empty());
}

#[test]
fn a_move_of_the_clock_in_the_batch_counts() {
    let mut history = History::new(Environment::Test);
    history.attributed("A", "100.00");
    let days = |days: i64| {
        let seconds = u32::try_from(days * DAY).expect("days of the test");
        Event::ClockAdvance(shared::event::ClockAdvance { seconds })
    };
    for (moves, due) in [([7, 6], false), ([7, 7], true), ([13, 0], false)] {
        let records = moves.map(|by| record(T0 + 100, days(by)));
        assert_eq!(needs(&history, &records).orders.len(), usize::from(due), "{moves:?}");
    }
}

#[test]
fn a_scored_sale_asks_once_for_its_like_ten_minutes_around_it() {
    let mut history = live();
    let second_link = LinkFacts {
        affiliate: AffiliateId(Uuid::from_u128(5)),
        ..history.book.links[&LINK].clone()
    };
    history.book.links.insert(43, second_link);
    let click = history.click_by("shopper", "NP");
    let records = [
        record(T0 + 5_000, conversion("A", &serde_json::json!({ "clickId": click }))),
        record(T0 + 5_000, status("A", S::CommissionApproved)),
    ];
    let needs = needs(&history, &records);
    let key = super::super::super::risk::signals::sale_key(Some(&click), Decimal::from(100), npr());
    let need = SaleNeed {
        key: key.expect("a click of ours"),
        conversion: history.book.conversion_id("A"),
        from: at(T0 + 5_000 - 600),
        until: at(T0 + 5_000 + 600),
    };
    assert_eq!(needs.sales, [need]);
    assert!(needs.keys.contains(&Key::day("shopper", at(T0 + 5_000))));
    assert_eq!(needs.affiliates.len(), 2);
    assert_eq!(needs.keys.len(), 5, "two affiliates, their hours, one shopper's day");
}
