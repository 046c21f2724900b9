//! Refusals of calls that proved themselves: limits, sizes, permissions.

use serde_json::json;
use tests::refusal::{assert_refused, sentences};
use tests::side::{CLOCK, CONVERSIONS, ORDER_STATUS};
use tests::{Plan, Shop, World};

fn order(id: usize) -> String {
    json!({"externalOrderId": format!("o-{id}"), "orderAmount": "10.00"}).to_string()
}

#[test]
fn a_keys_minute_is_counted_to_the_call() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { per_minute_max: 5, ..Plan::default() });
    let signer = &shop.live.signer;
    for id in 0..3 {
        signer.post(CONVERSIONS, order(id)).send().expect_status(202);
    }
    // What was refused for its content, and what was only read, count as well.
    assert_eq!(signer.post(CONVERSIONS, "{}").send().status, 400);
    assert_eq!(signer.get(CONVERSIONS).send().status, 200);
    for id in 9..12 {
        let answer = signer.post(CONVERSIONS, order(id)).send();
        let message = assert_refused(&answer, 429, "Too Many Requests", "RATE_LIMITED");
        assert_eq!(message, "Rate limit exceeded (5/min)");
        assert_eq!(answer.header("retry-after"), "");
    }
    assert_eq!(signer.get(CONVERSIONS).send().status, 429);
    // Another key of the merchant has a limit of its own.
    shop.test.signer.post(CONVERSIONS, order(0)).send().expect_status(202);
    // What did not prove itself spends nothing.
    assert_eq!(signer.post(CONVERSIONS, order(0)).secret("sk_live_x").send().status, 401);
}

#[test]
fn a_keys_hour_is_counted_too() {
    let world = World::shared();
    let plan = Plan { per_minute_max: 100, per_hour_max: 2, ..Plan::default() };
    let shop = Shop::open(world, &plan);
    for id in 0..2 {
        shop.live.signer.post(CONVERSIONS, order(id)).send().expect_status(202);
    }
    let answer = shop.live.signer.post(CONVERSIONS, order(2)).send();
    let message = assert_refused(&answer, 429, "Too Many Requests", "RATE_LIMITED");
    assert_eq!(message, "Rate limit exceeded (2/hour)");
}

#[test]
fn a_body_may_have_256_kib_and_not_a_byte_more() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = order(0);
    let padded = |bytes: usize| format!("{body}{}", " ".repeat(bytes - body.len()));
    let most = 256 * 1024;
    shop.live.signer.post(CONVERSIONS, padded(most)).send().expect_status(202);
    let answer = shop.live.signer.post(CONVERSIONS, padded(most + 1)).send();
    assert_refused(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
    let huge = shop.live.signer.post(CONVERSIONS, padded(8 * most)).send();
    assert_refused(&huge, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
}

#[test]
fn every_fault_is_told_at_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({
        "externalOrderId": "",
        "orderAmount": 12.5,
        "currency": "rupees",
        "orderStatus": "paid",
        "orderedAt": "yesterday",
        "metadata": [],
        "order_id": "x",
        "colour": "red",
    });
    let call = shop.live.signer.post(CONVERSIONS, body.to_string());
    let answer = call.header("Idempotency-Key", "a").header("X-Idempotency-Key", "b").send();
    let message = assert_refused(&answer, 400, "Bad Request", "VALIDATION_ERROR");
    let sentences = sentences(&message);
    let fields = [
        "externalOrderId",
        "orderAmount",
        "currency",
        "orderStatus",
        "orderedAt",
        "metadata",
        "order_id",
        "colour",
        "Idempotency-Key",
    ];
    assert_eq!(sentences.len(), fields.len(), "{sentences:?}");
    for field in fields {
        assert!(sentences.iter().any(|s| s.starts_with(field)), "{field} in {sentences:?}");
    }
    let kind = sentences.iter().find(|s| s.starts_with("order_id")).unwrap();
    assert!(kind.contains("externalOrderId"), "{kind}");
}

#[test]
fn a_status_outside_its_list_has_a_code_of_its_own() {
    let world = World::shared();
    let shop = Shop::usual(world);
    for status in ["shipped", "Delivered", ""] {
        let body = json!({"externalOrderId": "o", "status": status, "colour": 1});
        let answer = shop.live.post(ORDER_STATUS, body.to_string());
        let message = assert_refused(&answer, 400, "Bad Request", "ORDER_STATUS_INVALID");
        assert_eq!(sentences(&message).len(), 2, "{message}");
    }
}

#[test]
fn a_live_key_cannot_move_a_clock() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let answer = shop.live.post(CLOCK, json!({"seconds": 60}).to_string());
    assert_refused(&answer, 403, "Forbidden", "PERMISSION_DENIED");
}

#[test]
fn a_clock_moves_forward_by_whole_seconds_up_to_a_leap_year() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let bad = ["{\"seconds\":0}", "{\"seconds\":-1}", "{\"seconds\":1.5}", "{\"seconds\":\"60\"}"];
    let more = ["{\"seconds\":31622401}", "{\"seconds\":null}", "{}", "{\"seconds\":1,\"a\":1}"];
    for body in bad.into_iter().chain(more) {
        let answer = shop.test.post(CLOCK, body);
        let message = assert_refused(&answer, 400, "Bad Request", "VALIDATION_ERROR");
        assert!(!sentences(&message).is_empty(), "{body}");
    }
    shop.test.advance(31_622_400);
    let again = shop.test.signer.post(CLOCK, "{\"seconds\":60}");
    let taken = again.clone().header("Idempotency-Key", "c").send().expect_status(202);
    // Replay is not checked here, so the key alone makes a retry safe.
    let repeated = again.header("Idempotency-Key", "c").send().expect_status(202);
    assert_eq!(repeated.text, taken.text);
    shop.test.outcome(&taken.text_of("eventId"));
    let moves = "clock_move where merchant_id = $1::uuid";
    assert_eq!(world.database.count(moves, &[&shop.merchant.to_string()]), 2);
}
