//! Checks have an order, and the first that fails answers (EDGE §2).

use serde_json::json;
use tests::merchant::SignedCall;
use tests::refusal::{assert_hinted, assert_refused, assert_unauthorized};
use tests::side::CONVERSIONS;
use tests::{Plan, Shop, World};

/// A call that breaks every rule from the key on.
fn all_wrong(shop: &Shop<'_>) -> SignedCall {
    shop.test.signer.post(CONVERSIONS, "{").timestamp("1").signature("x").key("pk_live_none")
}

#[test]
fn route_method_and_media_type_come_before_the_key() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let wrong = all_wrong(&shop).media_type(Some("text/plain"));
    let unsupported =
        assert_refused(&wrong.send(), 415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE");
    assert!(unsupported.is_string());
    let delete = shop.test.signer.call("DELETE", CONVERSIONS, "").key("x").timestamp("1").send();
    assert_refused(&delete, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED");
    let elsewhere = shop.test.signer.post("/api/v1/nothing", "{").key("x").send();
    assert_refused(&elsewhere, 404, "Not Found", "NOT_FOUND");
}

#[test]
fn the_bodys_size_comes_before_the_key() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let call = shop.test.signer.post(CONVERSIONS, vec![b'x'; 256 * 1024 + 1]);
    let answer = call.key("pk_live_none").timestamp("1").send();
    assert_refused(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
}

#[test]
fn key_then_address_then_timestamp_then_signature_then_body() {
    let world = World::shared();
    let allow_list = vec!["203.0.113.7".to_owned()];
    let shop = Shop::open(world, &Plan { allow_list, ..Plan::default() });
    assert_unauthorized(&all_wrong(&shop).send());
    let known = || all_wrong(&shop).key(&shop.test.signer.key_id);
    assert_hinted(&known().send(), "allow-list");
    let here = || known().header(tests::world::ADDRESS_HEADER, "203.0.113.7");
    assert_hinted(&here().send(), "clock");
    assert_hinted(&here().at(0).send(), "hex");
    let signed = here().at(0);
    let proper = signed.proper_signature();
    let answer = signed.signature(&proper).send();
    assert_refused(&answer, 400, "Bad Request", "VALIDATION_ERROR");
}

#[test]
fn the_limit_comes_before_the_replay_and_the_replay_before_the_body() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { per_minute_max: 2, ..Plan::default() });
    let invalid = shop.test.signer.post(CONVERSIONS, "{}");
    assert_eq!(invalid.clone().send().status, 400);
    assert_hinted(&invalid.clone().send(), "used before");
    let answer = invalid.send();
    assert_refused(&answer, 429, "Too Many Requests", "RATE_LIMITED");
}

#[test]
fn the_body_comes_before_idempotency_and_idempotency_before_the_duplicate() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let signer = &shop.test.signer;
    let body = json!({"externalOrderId": "o", "orderAmount": "10.00"}).to_string();
    let post = |body: &str, at: i64| signer.post(CONVERSIONS, body).at(at);
    let keyed = |body: &str, at: i64| post(body, at).header("Idempotency-Key", "k").send();
    let first = keyed(&body, 0).expect_status(202);
    assert_refused(&keyed("{}", 1), 400, "Bad Request", "VALIDATION_ERROR");
    let changed = json!({"externalOrderId": "o", "orderAmount": "11.00"}).to_string();
    assert_refused(&keyed(&changed, 2), 409, "Conflict", "DUPLICATE_REQUEST");
    assert_eq!(keyed(&body, 3).text, first.text);
    assert_eq!(post(&body, 4).send().json()["status"], "DUPLICATE");
}
