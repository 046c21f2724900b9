//! A day of orders compared through the real edge: missing, different, extra.

use serde_json::{Value, json};
use tests::refusal::{assert_hinted, assert_invalid, assert_refused, sentences};
use tests::side::CONVERSIONS;
use tests::{Shop, Side, World};

const RECONCILE: &str = "/api/v1/reconcile";
/// A day in the shops' time zone, and its noon in UTC.
const DAY: &str = "2026-06-14";
const NOON: &str = "2026-06-14T06:15:00Z";

fn order(side: &Side<'_>, id: &str, amount: &str, status: &str, ordered_at: &str) {
    let body = json!({
        "externalOrderId": id, "orderAmount": amount, "orderStatus": status,
        "orderedAt": ordered_at,
    });
    side.outcome(&side.report(CONVERSIONS, &body));
}

fn sent(id: &str, status: &str, amount: &str) -> Value {
    json!({"externalOrderId": id, "status": status, "amount": amount})
}

#[test]
fn a_day_is_told_apart_into_missing_different_and_extra() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    order(side, "alike", "100.00", "confirmed", NOON);
    order(side, "first of the day", "100.00", "confirmed", "2026-06-13T18:15:00Z");
    order(side, "day before", "100.00", "confirmed", "2026-06-13T18:14:59Z");
    order(side, "other total", "100.00", "confirmed", NOON);
    order(side, "moved on", "100.00", "confirmed", NOON);
    order(side, "not sent", "12.50", "pending", NOON);
    order(side, "not of the day", "12.50", "pending", "2026-06-14T18:15:00Z");
    order(&shop.test, "of the other world", "1.00", "pending", NOON);
    side.tell("moved on", "delivered");
    let body = json!({"date": DAY, "orders": [
        sent("alike", "confirmed", "100"),
        sent("first of the day", "confirmed", "100.0"),
        sent("day before", "confirmed", "100.00"),
        sent("other total", "confirmed", "99.99"),
        sent("moved on", "confirmed", "100.00"),
        sent("never heard of", "paid", "1.00"),
        sent("of the other world", "pending", "1.00"),
    ]});
    let done = side.post(RECONCILE, body.to_string()).expect_status(200).json();
    let extra_at = done["extra"][0]["orderedAt"].clone();
    assert_eq!(
        done,
        json!({
            "date": DAY, "timeZone": "Asia/Kathmandu",
            "from": "2026-06-13T18:15:00Z", "to": "2026-06-14T18:15:00Z",
            "counts": {"sent": 7, "matching": 2, "missing": 2, "different": 3, "extra": 1},
            "missing": ["never heard of", "of the other world"],
            "different": [
                {"externalOrderId": "day before", "fields": [], "otherDay": "2026-06-13"},
                {"externalOrderId": "other total",
                 "fields": [{"field": "amount", "yours": "99.99", "ours": "100.00"}]},
                {"externalOrderId": "moved on",
                 "fields": [{"field": "status", "yours": "confirmed", "ours": "delivered"}]},
            ],
            "extra": [{"externalOrderId": "not sent", "status": "pending", "amount": "12.50",
                       "currency": "NPR", "orderedAt": extra_at}],
        })
    );
    assert_eq!(extra_at, NOON);
    let empty = json!({"date": DAY, "orders": []});
    let done = side.post(RECONCILE, empty.to_string()).expect_status(200).json();
    assert_eq!(done["counts"]["extra"], 5);
}

#[test]
fn every_fault_of_a_day_is_told_at_once_and_a_bad_status_has_its_code() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let wrong = json!({"date": "14.06.2026", "orders": [
        {"externalOrderId": "", "status": "paid", "amount": 1}, 7, {"status": "paid"},
    ], "timeZone": "UTC"});
    let faults = assert_invalid(&side.post(RECONCILE, wrong.to_string()));
    let names: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    let expected = [
        "date",
        "orders[0].amount",
        "orders[0].externalOrderId",
        "orders[1]",
        "orders[2].externalOrderId",
        "orders[2].amount",
        "timeZone",
    ];
    assert_eq!(names, expected, "{faults:#?}");
    let odd = json!({"date": DAY, "orders": [sent("a", "shipped", "1")]});
    let answer = side.post(RECONCILE, odd.to_string());
    let message = assert_refused(&answer, 400, "Bad Request", "ORDER_STATUS_INVALID");
    assert!(sentences(&message)[0].starts_with("orders[0].status must be one of "), "{message}");
    let many = json!({"date": DAY, "orders": vec![7; 10_001]});
    let faults = assert_invalid(&side.post(RECONCILE, many.to_string()));
    assert_eq!(faults, ["orders must have at most 10000 entries"]);
}

#[test]
fn ten_thousand_orders_fit_one_call_and_the_lists_are_cut() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let orders: Vec<_> = (0..10_000).map(|at| sent(&format!("o-{at}"), "paid", "1.00")).collect();
    let body = json!({"date": DAY, "orders": orders}).to_string();
    let done = side.post(RECONCILE, body).expect_status(200).json();
    assert_eq!(done["counts"]["missing"], 10_000);
    assert_eq!(done["missing"].as_array().map(Vec::len), Some(1_000));
}

#[test]
fn a_repeat_is_answered_byte_for_byte_and_a_captured_call_is_a_replay() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let text = json!({"date": DAY, "orders": [sent("a", "paid", "1")]}).to_string();
    let call = |second| side.signer.post(RECONCILE, text.as_str()).at(second);
    let first = call(0).header("Idempotency-Key", "day-1").send().expect_status(200);
    order(side, "a", "1.00", "confirmed", NOON);
    let again = call(1).header("Idempotency-Key", "day-1").send().expect_status(200);
    assert_eq!((&again.text, again.header("idempotent-replayed")), (&first.text, "true"));
    let fresh = call(2);
    let known = fresh.clone().send().expect_status(200).json();
    assert_eq!(known["counts"]["missing"], 0);
    assert_hinted(&fresh.send(), "used before");
}
