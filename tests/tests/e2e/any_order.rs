//! Whatever the order in which news of an order arrives, it ends in the same place.

use serde_json::{Value, json};
use tests::side::{CONVERSIONS, ORDER_STATUS, Side};
use tests::{BOUND, Shop, World, eventually};

use crate::books::assert_books;

/// Every order of some numbers.
fn permutations(numbers: &[usize]) -> Vec<Vec<usize>> {
    if numbers.is_empty() {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for (at, first) in numbers.iter().enumerate() {
        let rest = [&numbers[..at], &numbers[at + 1..]].concat();
        found.extend(permutations(&rest).into_iter().map(|tail| [vec![*first], tail].concat()));
    }
    found
}

fn ago(seconds: i64) -> String {
    let second = tests::eventually::now_seconds() - seconds;
    jiff::Timestamp::from_second(second).expect("a second of this age").to_string()
}

/// Reports the events in every order, each time of another order; answers how those end.
fn ends(side: &Side<'_>, events: &[(&str, Value)]) -> Vec<Value> {
    let numbers: Vec<_> = (0..events.len()).collect();
    let orders = permutations(&numbers);
    let name = |at: usize| format!("permuted-{at}");
    let mut event_ids = Vec::new();
    for (at, permutation) in orders.iter().enumerate() {
        for number in permutation {
            let (path, body) = &events[*number];
            let body = tests::side::extended(body.clone(), &json!({"externalOrderId": name(at)}));
            event_ids.push(side.report(path, &body));
        }
    }
    for event_id in event_ids {
        eventually(BOUND, "everything is final", || {
            let outcome = side.outcome(&event_id);
            if outcome.state == "parked" { Err(format!("{outcome:?}")) } else { Ok(()) }
        });
    }
    let commissions = (0..orders.len()).map(|at| side.commission(&name(at)));
    let ends = commissions.map(|commission| {
        json!({
            "state": commission["state"],
            "netAmount": commission["netAmount"],
            "holdUntil": commission["holdUntil"],
        })
    });
    ends.collect()
}

fn sale(side: &Side<'_>) -> (&'static str, Value) {
    let click_id = side.seal(side.link.link_number, tests::eventually::now_seconds() - 4_000);
    let body = json!({"orderAmount": "100.00", "clickId": click_id, "orderedAt": ago(3_600)});
    (CONVERSIONS, body)
}

#[test]
fn partial_refunds_and_progress_end_alike_in_all_orders() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let refund = |total: &str, seconds| {
        let instant = ago(seconds);
        json!({"status": "refunded", "refundedAmount": total, "statusUpdatedAt": instant})
    };
    let delivered = ago(1_800);
    let events = [
        sale(side),
        (ORDER_STATUS, json!({"status": "delivered", "statusUpdatedAt": delivered})),
        (ORDER_STATUS, refund("30.00", 600)),
        (ORDER_STATUS, refund("10.00", 900)),
    ];
    let ends = ends(side, &events);
    assert_eq!(ends.len(), 24);
    for end in &ends {
        assert_eq!(end, &ends[0]);
    }
    assert_eq!((&ends[0]["state"], &ends[0]["netAmount"]), (&json!("hold"), &json!("7.00")));
    let until: jiff::Timestamp = ends[0]["holdUntil"].as_str().unwrap().parse().unwrap();
    let delivered: jiff::Timestamp = delivered.parse().unwrap();
    assert_eq!(until.as_second() - delivered.as_second(), 14 * 86_400);
    assert_books(side);
}

#[test]
fn a_cancellation_wins_in_all_orders() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let events = [
        sale(side),
        (ORDER_STATUS, json!({"status": "confirmed", "statusUpdatedAt": ago(2_000)})),
        (ORDER_STATUS, json!({"status": "delivered", "statusUpdatedAt": ago(1_000)})),
        (ORDER_STATUS, json!({"status": "cancelled", "statusUpdatedAt": ago(1_500)})),
    ];
    for end in ends(side, &events) {
        assert_eq!(end["state"], "rejected", "{end}");
    }
    assert_books(side);
}
