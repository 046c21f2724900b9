//! Timestamps and signatures: every way to get them wrong is a 401 that does not say which.

use serde_json::json;
use shared::signing::SignedForm;
use tests::merchant::SignedCall;
use tests::refusal::{assert_hinted, assert_unauthorized};
use tests::side::{CONVERSIONS, Side};
use tests::{Shop, World};

fn call(side: &Side<'_>, order: &str) -> SignedCall {
    let body = json!({"externalOrderId": order, "orderAmount": "10.00"});
    side.signer.post(CONVERSIONS, body.to_string())
}

/// The wrong calls of a key, with a part of the hint a test key gets.
fn wrong_calls(side: &Side<'_>) -> Vec<(&'static str, SignedCall, &'static str)> {
    let now = tests::eventually::now_seconds();
    let signature = call(side, "s").timestamp(&now.to_string()).proper_signature();
    let at = || call(side, "s").timestamp(&now.to_string());
    let path = SignedForm::MethodAndPath { method: "POST", path_and_query: CONVERSIONS };
    vec![
        ("a minute too old", call(side, "s").at(-360), "behind"),
        ("a minute too new", call(side, "s").at(360), "ahead"),
        ("milliseconds", call(side, "s").timestamp(&(now * 1_000).to_string()), "millisecond"),
        ("not a number", call(side, "s").timestamp("yesterday"), "X-Timestamp"),
        ("a fraction", call(side, "s").timestamp(&format!("{now}.0")), "X-Timestamp"),
        ("signed", call(side, "s").timestamp(&format!("+{now}")), "X-Timestamp"),
        ("empty", call(side, "s").timestamp(""), "X-Timestamp"),
        ("no timestamp", call(side, "s").without_timestamp(), "X-Timestamp"),
        ("uppercase", at().signature(&signature.to_uppercase()), "uppercase"),
        ("too short", at().signature(&signature[..63]), "hex"),
        ("too long", at().signature(&format!("{signature}0")), "hex"),
        ("not hex", at().signature(&"z".repeat(64)), "hex"),
        ("no signature", at().without_signature(), "X-Signature"),
        ("the method-and-path form", at().signature(&at().signature_in(path)), "method and path"),
    ]
}

#[test]
fn a_live_key_is_never_told_what_was_wrong() {
    let world = World::shared();
    let shop = Shop::usual(world);
    for (name, wrong, _) in wrong_calls(&shop.live) {
        let answer = wrong.send();
        assert_eq!(answer.status, 401, "{name}");
        assert_unauthorized(&answer);
    }
    assert_unauthorized(&call(&shop.live, "s").secret("sk_live_other").send());
    assert_eq!(
        world
            .database
            .count("conversion where merchant_id = $1::uuid", &[&shop.merchant.to_string()]),
        0
    );
}

#[test]
fn a_test_key_is_told_the_mistake() {
    let world = World::shared();
    // At most ten diagnoses per key and minute: a key for each half.
    let (one, two) = (Shop::usual(world), Shop::usual(world));
    for (at, (name, _, part)) in wrong_calls(&one.test).into_iter().enumerate() {
        let side = if at % 2 == 0 { &one.test } else { &two.test };
        let (_, wrong, _) = wrong_calls(side).swap_remove(at);
        let answer = wrong.send();
        assert_eq!(answer.status, 401, "{name}");
        assert_hinted(&answer, part);
    }
}

#[test]
fn the_usual_mistakes_are_named() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let signer = &shop.test.signer;
    let bare = signer.secret.trim_start_matches("sk_test_").to_owned();
    let of_other = SignedForm::MethodAndPath { method: "GET", path_and_query: "/other" };
    let body = r#"{"externalOrderId": "m", "orderAmount": "10.00"}"#;
    let compact = r#"{"externalOrderId":"m","orderAmount":"10.00"}"#;
    let respelled = signer.post(CONVERSIONS, compact).proper_signature();
    let get = signer.get(CONVERSIONS);
    let body_form = get.signature_in(SignedForm::Body);
    let cases = [
        (signer.post(CONVERSIONS, body).secret(&bare), "sk_test_"),
        (signer.post(CONVERSIONS, body).secret(&signer.key_id), "public id"),
        (signer.post(CONVERSIONS, body).signature(&respelled), "JSON"),
        (get.clone().signature(&body_form), "METHOD"),
        (get.clone().signature(&get.signature_in(of_other)), "does not match"),
    ];
    for (wrong, part) in cases {
        assert_hinted(&wrong.send(), part);
    }
}

#[test]
fn a_timestamp_may_be_nearly_five_minutes_off_either_way() {
    let world = World::shared();
    let shop = Shop::usual(world);
    for (order, seconds) in [("past", -290), ("future", 290)] {
        call(&shop.live, order).at(seconds).send().expect_status(202);
    }
}

#[test]
fn the_same_signature_is_taken_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let first = call(&shop.live, "once");
    first.clone().send().expect_status(202);
    assert_unauthorized(&first.clone().send());
    assert_unauthorized(&first.header("Idempotency-Key", "k").send());
    let test = call(&shop.test, "once");
    test.clone().send().expect_status(202);
    assert_hinted(&test.send(), "used before");
    // A refused body is a use too.
    let invalid = shop.live.signer.post(CONVERSIONS, "{}");
    assert_eq!(invalid.clone().send().status, 400);
    assert_unauthorized(&invalid.send());
}

#[test]
fn reads_sign_method_and_path_with_the_query_and_may_be_repeated() {
    let world = World::shared();
    let shop = Shop::usual(world);
    // A bare `'` cannot be tested here: the proxy of `wrangler dev` respells it.
    let read = shop.live.signer.get("/api/v1/conversions?limit=1&externalOrderId=it%27s%20%C3%A9");
    assert_eq!(read.clone().send().status, 200);
    assert_eq!(read.clone().send().status, 200);
    let other = SignedForm::MethodAndPath {
        method: "GET",
        path_and_query: "/api/v1/conversions?limit=2&externalOrderId=it%27s%20%C3%A9",
    };
    let signature = read.signature_in(other);
    assert_unauthorized(&read.signature(&signature).send());
}
