//! `POST /api/v1/webhooks/generic`: signed events under ids of the shop's own (PRODUCT §7).

use std::thread;

use serde_json::{Value, json};
use tests::refusal::{assert_invalid, assert_refused, assert_unauthorized};
use tests::side::CONVERSIONS;
use tests::{Answer, Shop, Side, World};

const GENERIC: &str = "/api/v1/webhooks/generic";
const CROWD: i64 = 100;

fn order(id: &str) -> Value {
    json!({"type": "conversion", "data": {"externalOrderId": id, "orderAmount": "100.00"}})
}

fn send(side: &Side<'_>, id: &str, body: &Value, at: i64) -> Answer {
    let call = side.signer.post(GENERIC, body.to_string()).at(at);
    call.header("X-External-Event-Id", id).send()
}

#[test]
fn a_wrapped_order_and_its_status_settle_like_any_other() {
    let shop = Shop::usual(World::shared());
    let side = &shop.live;
    let mut body = order("w-1");
    body["data"]["clickId"] = json!(side.click());
    let event_id = send(side, "evt 1", &body, 0).expect_status(202).text_of("eventId");
    assert_eq!(side.outcome(&event_id).code, "APPLIED");
    let status = json!({"externalOrderId": "w-1", "status": "confirmed"});
    let body = json!({"type": "order_status", "data": status});
    let event_id = send(side, "evt 2", &body, 0).expect_status(202).text_of("eventId");
    assert_eq!(side.outcome(&event_id).code, "APPLIED");
    assert_eq!(side.commission("w-1")["state"], "hold");
    // Under another id the same order is taken, and settlement knows it.
    let again = send(side, "evt 3", &order("w-1"), 1).expect_status(202).text_of("eventId");
    assert_eq!(side.outcome(&again).code, "DUPLICATE_ORDER");
}

#[test]
fn the_same_id_again_is_a_duplicate_whatever_it_says() {
    let shop = Shop::usual(World::shared());
    let side = &shop.live;
    let first = send(side, "evt", &order("a"), 0).expect_status(202);
    assert_eq!(first.json()["status"], "RECEIVED");
    for (at, body) in [(1, order("a")), (2, order("b"))] {
        let again = send(side, "evt", &body, at).expect_status(202);
        assert_eq!(again.text, r#"{"status":"DUPLICATE","duplicate":true}"#);
    }
    // The id is the webhooks' own: the API's orders know nothing of it.
    let body = json!({"externalOrderId": "evt", "orderAmount": "1.00"}).to_string();
    assert_eq!(side.post(CONVERSIONS, body).json()["status"], "RECEIVED");
}

#[test]
fn of_a_hundred_with_one_id_at_once_one_is_received() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let answers: Vec<Answer> = thread::scope(|scope| {
        let send = |number| move || send(side, "crowd", &order("crowd"), 4 * number - 200);
        let threads: Vec<_> = (0..CROWD).map(|number| scope.spawn(send(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a call is answered")).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 202));
    let is_new = |answer: &&Answer| answer.json()["duplicate"] == false;
    let received: Vec<_> = answers.iter().filter(is_new).collect();
    assert_eq!(received.len(), 1);
    assert_eq!(side.outcome(&received[0].text_of("eventId")).state, "applied");
    let events = "inbox where merchant_id = $1::uuid";
    assert_eq!(world.database.count(events, &[&shop.merchant.to_string()]), 1);
}

#[test]
fn every_fault_of_header_wrapper_and_event_is_named() {
    let shop = Shop::usual(World::shared());
    let side = &shop.live;
    let refused = |id: &str, body: Value| assert_invalid(&send(side, id, &body, 0));
    let wrapper = refused("evt", json!({"type": "refund", "more": 1}));
    let expected = [
        "type must be one of conversion, order_status",
        "data is required",
        "more is not a property here",
    ];
    assert_eq!(wrapper, expected);
    let event = refused(&"i".repeat(129), json!({"type": "conversion", "data": {"amount": "1"}}));
    let named = ["externalOrderId is required", "did you mean orderAmount", "X-External-Event-Id"];
    for part in named {
        assert!(event.iter().any(|fault| fault.contains(part)), "{part}: {event:?}");
    }
    let body = json!({"type": "order_status", "data": {"externalOrderId": "o", "status": "sent"}});
    let answer = send(side, "evt", &body, 1);
    assert_refused(&answer, 400, "Bad Request", "ORDER_STATUS_INVALID");
    let unnamed = side.signer.post(GENERIC, order("o").to_string()).at(2).send();
    assert_eq!(assert_invalid(&unnamed), ["X-External-Event-Id is required"]);
    let unsigned = side.signer.post(GENERIC, order("o").to_string()).secret("sk_live_x");
    assert_unauthorized(&unsigned.header("X-External-Event-Id", "evt").send());
}
