//! An honest retry gets the first answer, byte for byte; another body under its key does not.

use serde_json::json;
use settlement::flows::actor::Actor;
use settlement::flows::create_key::{self, NewKey};
use tests::merchant::SigningMerchant;
use tests::refusal::{assert_invalid, assert_refused};
use tests::side::{CONVERSIONS, ORDER_STATUS};
use tests::{Shop, World};

fn order(id: &str, amount: &str) -> String {
    json!({"externalOrderId": id, "orderAmount": amount}).to_string()
}

#[test]
fn a_repeat_is_answered_byte_for_byte_under_either_header() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let post = |at: i64| shop.live.signer.post(CONVERSIONS, order("o", "10.00")).at(at);
    let first = post(0).header("Idempotency-Key", "k-1").send().expect_status(202);
    assert_eq!(first.header("idempotent-replayed"), "");
    for (at, name) in [(1, "Idempotency-Key"), (2, "X-Idempotency-Key")] {
        let again = post(at).header(name, "k-1").send().expect_status(202);
        assert_eq!(again.text, first.text, "{name}");
        assert_eq!(again.header("idempotent-replayed"), "true", "{name}");
    }
    let both = post(3).header("Idempotency-Key", "k-1").header("X-Idempotency-Key", "k-1");
    assert_eq!(both.send().text, first.text);
    // Another key, or none: the order is known.
    let other = post(4).header("Idempotency-Key", "k-2").send().expect_status(202);
    assert_eq!(other.json()["status"], "DUPLICATE");
    assert_eq!(other.header("idempotent-replayed"), "");
    assert_eq!(post(5).send().json()["status"], "DUPLICATE");
}

#[test]
fn another_body_under_the_same_key_is_a_conflict() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let post =
        |body: String| shop.live.signer.post(CONVERSIONS, body).header("Idempotency-Key", "k");
    post(order("o", "10.00")).send().expect_status(202);
    for body in [order("o", "10.01"), order("p", "10.00"), format!(" {}", order("o", "10.00"))] {
        let answer = post(body).send();
        let message = assert_refused(&answer, 409, "Conflict", "DUPLICATE_REQUEST");
        assert!(message.is_string(), "{message}");
    }
    // The refused order was not stored.
    let taken = shop.live.signer.post(CONVERSIONS, order("p", "10.00")).at(5).send();
    assert_eq!(taken.json()["status"], "RECEIVED");
}

#[test]
fn a_key_holds_for_its_path_its_merchant_and_its_environment_alone() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    for side in [&shop.live, &shop.test, &other.live] {
        let call = side.signer.post(CONVERSIONS, order("o", "10.00"));
        let answer = call.header("Idempotency-Key", "k").send();
        assert_eq!(answer.json()["status"], "RECEIVED");
    }
    let status = json!({"externalOrderId": "o", "status": "confirmed"}).to_string();
    let call = shop.live.signer.post(ORDER_STATUS, status).header("Idempotency-Key", "k");
    assert_eq!(call.send().json()["status"], "RECEIVED");
}

#[test]
fn two_different_keys_and_malformed_ones_are_faults() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let post = |at: i64| shop.live.signer.post(CONVERSIONS, order("o", "10.00")).at(at);
    let long = "k".repeat(256);
    let wrong = [
        post(0).header("Idempotency-Key", "a").header("X-Idempotency-Key", "b"),
        post(1).header("Idempotency-Key", ""),
        post(2).header("X-Idempotency-Key", &long),
        post(3).header("Idempotency-Key", "a b"),
    ];
    for call in wrong {
        let sentences = assert_invalid(&call.send());
        assert_eq!(sentences.len(), 1, "{sentences:?}");
        assert!(sentences[0].contains("Idempotency-Key"), "{sentences:?}");
    }
    post(4).header("Idempotency-Key", &long[1..]).send().expect_status(202);
}

#[test]
fn a_repeated_status_report_keeps_its_event() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "10.00");
    let body = json!({"externalOrderId": "o", "status": "confirmed"}).to_string();
    let post = |at: i64| shop.live.signer.post(ORDER_STATUS, body.as_bytes()).at(at);
    let first = post(0).header("Idempotency-Key", "order-status-o-confirmed").send();
    let again = post(1).header("Idempotency-Key", "order-status-o-confirmed").send();
    assert_eq!((first.status, &first.text), (202, &again.text));
    let known = post(2).send().expect_status(202).json();
    let expected = json!({
        "eventId": first.text_of("eventId"),
        "status": "DUPLICATE",
        "duplicate": true,
    });
    assert_eq!(known, expected);
}

#[test]
fn a_key_holds_across_two_signing_keys_of_one_merchant() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let (pool, now) = (world.database.pool(), jiff::Timestamp::now());
    let vault = world.vault();
    let input = NewKey::usual(shop.live.scope);
    let flow = create_key::run(pool, &vault, Actor::Installation, input, now);
    let key = world.database.wait(flow).unwrap();
    world.await_directory();
    let second = SigningMerchant::new(world.edge_url(), &key.key_id, &key.signing_secret);
    for path in [CONVERSIONS.to_owned(), format!("{CONVERSIONS}/batch")] {
        let body = |id: &str| {
            let order = order(&format!("{id}-{}", path.len()), "10.00");
            if path == CONVERSIONS { order } else { format!("[{order}]") }
        };
        let post = |signer: &SigningMerchant, id: &str| {
            signer.post(&path, body(id)).header("Idempotency-Key", "rotated").send()
        };
        let first = post(&shop.live.signer, "o").expect_status(202);
        let again = post(&second, "o").expect_status(202);
        assert_eq!((&again.text, again.header("idempotent-replayed")), (&first.text, "true"));
        assert_refused(&post(&second, "p"), 409, "Conflict", "DUPLICATE_REQUEST");
    }
}
