//! Many at once: one effect, whatever the order in which they arrive (EDGE §4).

use std::thread;

use serde_json::json;
use tests::merchant::SignedCall;
use tests::refusal::{assert_refused, assert_unauthorized};
use tests::side::{CONVERSIONS, ORDER_STATUS};
use tests::{Answer, BOUND, Shop, World, eventually};

use crate::books::assert_books;

/// How many post at once.
const CROWD: i64 = 100;

fn at_once(calls: Vec<SignedCall>) -> Vec<Answer> {
    thread::scope(|scope| {
        let threads: Vec<_> =
            calls.into_iter().map(|call| scope.spawn(move || call.send())).collect();
        threads.into_iter().map(|thread| thread.join().expect("a call is answered")).collect()
    })
}

/// The refusals, when exactly one call was taken.
fn refused_but_one(answers: Vec<Answer>) -> Vec<Answer> {
    let (taken, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 202);
    assert_eq!(taken.len(), 1, "{taken:?}");
    refused
}

#[test]
fn a_hundred_retries_at_once_have_one_effect_and_one_answer() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "crowd", "orderAmount": "10.00"}).to_string();
    // Two equal signed texts would be one request, so each has a second of its own.
    let calls = (0..CROWD).map(|number| {
        let call = shop.live.signer.post(CONVERSIONS, body.as_bytes());
        call.at(4 * number - 200).header("Idempotency-Key", "crowd")
    });
    let answers = at_once(calls.collect());
    let first = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_empty());
    assert_eq!(first.count(), 1);
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (202, &answers[0].text));
    }
    shop.live.outcome(&answers[0].text_of("eventId"));
    let events = "inbox where merchant_id = $1::uuid";
    assert_eq!(world.database.count(events, &[&shop.merchant.to_string()]), 1);
}

#[test]
fn of_a_hundred_with_one_signature_one_is_taken() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "crowd", "orderAmount": "10.00"}).to_string();
    let call = shop.live.signer.post(CONVERSIONS, body).header("Idempotency-Key", "crowd");
    let answers = at_once((0..CROWD).map(|_| call.clone()).collect());
    refused_but_one(answers).iter().for_each(assert_unauthorized);
}

#[test]
fn of_a_hundred_reports_of_one_order_without_a_key_one_is_received() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "crowd", "orderAmount": "10.00"}).to_string();
    let calls = (0..CROWD)
        .map(|number| shop.live.signer.post(CONVERSIONS, body.as_bytes()).at(4 * number - 200));
    let answers = at_once(calls.collect());
    let (received, duplicate): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.json()["status"] == "RECEIVED");
    assert_eq!(received.len(), 1);
    let expected = json!({
        "status": "DUPLICATE",
        "conversionId": shop.live.conversion_id("crowd"),
        "duplicate": true,
    });
    for answer in duplicate {
        assert_eq!((answer.status, answer.json()), (202, expected.clone()));
    }
}

#[test]
fn of_many_orders_under_one_key_at_once_one_is_taken() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let calls = (0..20).map(|number| {
        let body = json!({"externalOrderId": format!("o-{number}"), "orderAmount": "10.00"});
        shop.live.signer.post(CONVERSIONS, body.to_string()).header("Idempotency-Key", "one")
    });
    let answers = at_once(calls.collect());
    for answer in refused_but_one(answers) {
        assert_refused(&answer, 409, "Conflict", "DUPLICATE_REQUEST");
    }
}

#[test]
fn many_orders_and_statuses_at_once_settle_and_the_books_balance() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let click_id = side.click();
    let reports = (0..CROWD).flat_map(|number| {
        let order = format!("o-{number}");
        let sale = json!({"externalOrderId": order, "orderAmount": "9.99", "clickId": click_id});
        let refund = json!({
            "externalOrderId": order, "status": "refunded", "refundedAmount": "3.33",
        });
        let delivered = json!({"externalOrderId": order, "status": "delivered"});
        [(ORDER_STATUS, refund), (CONVERSIONS, sale), (ORDER_STATUS, delivered)]
    });
    let calls = reports.map(|(path, body)| side.signer.post(path, body.to_string()));
    let answers = at_once(calls.collect());
    for answer in &answers {
        assert_eq!(answer.status, 202, "{}", answer.text);
    }
    let held = "commission where merchant_id = $1::uuid and state = 'hold' and net_amount = 0.67";
    eventually(BOUND, "a hundred reduced commissions are held", || {
        let many = world.database.count(held, &[&shop.merchant.to_string()]);
        if many == CROWD { Ok(()) } else { Err(many.to_string()) }
    });
    let events = "inbox where merchant_id = $1::uuid and state = 'applied'";
    assert_eq!(world.database.count(events, &[&shop.merchant.to_string()]), 3 * CROWD);
    assert_books(side);
}
