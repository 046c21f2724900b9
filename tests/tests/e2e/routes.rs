//! Routes that are not there, wrong methods and media types, and the hint for the likely mistake.

use serde_json::json;
use tests::refusal::assert_refused;
use tests::side::{CONVERSIONS, ORDER_STATUS};
use tests::{Shop, World};

#[test]
fn a_path_without_api_is_told_where_to_go() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "o", "orderAmount": "1.00"}).to_string();
    for path in ["/v1/conversions", "/v1/order-status"] {
        let answer = shop.live.signer.post(path, body.as_bytes()).send();
        let message = assert_refused(&answer, 404, "Not Found", "NOT_FOUND");
        assert!(message.as_str().unwrap().contains("/api/v1/"), "{message}");
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let world = World::shared();
    let shop = Shop::usual(world);
    for path in ["/", "/api", "/api/v1", "/api/v1/", "/api/v2/conversions", "/api/v1/Conversions"] {
        let answer = shop.live.signer.get(path).send();
        assert_eq!(answer.status, 404, "{path}");
        assert_ne!(answer.header("x-request-id"), "", "{path}");
    }
    for path in ["/api/v1/nothing", "/api/v1/conversions/x/y/z", "/api/v1/conversions//"] {
        let answer = shop.live.signer.get(path).send();
        assert_refused(&answer, 404, "Not Found", "NOT_FOUND");
    }
}

#[test]
fn wrong_methods_are_named() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let signer = &shop.live.signer;
    let wrong = [
        signer.call("PUT", CONVERSIONS, "{}"),
        signer.call("DELETE", CONVERSIONS, ""),
        signer.get(ORDER_STATUS),
        signer.post("/api/v1/commissions", "{}"),
        signer.get("/api/v1/test/clock/advance"),
    ];
    for call in wrong {
        let answer = call.send();
        assert_refused(&answer, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED");
        assert_ne!(answer.header("allow"), "");
    }
}

#[test]
fn only_json_is_taken_whatever_its_parameters() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let call = |order: &str, media_type| {
        let body = json!({"externalOrderId": order, "orderAmount": "1.00"});
        shop.live.signer.post(CONVERSIONS, body.to_string()).media_type(media_type).send()
    };
    for wrong in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("")] {
        let answer = call("wrong", wrong);
        assert_refused(&answer, 415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE");
    }
    let good = ["application/json", "application/json; charset=utf-8", "Application/JSON"];
    for (at, right) in good.into_iter().enumerate() {
        call(&format!("right-{at}"), Some(right)).expect_status(202);
    }
}

#[test]
fn both_services_say_that_they_are_healthy() {
    let world = World::shared();
    let edge = world.shopper().visit("/healthz").send();
    let settlement = tests::Shopper::new(world.settlement_url()).visit("/healthz").send();
    assert_eq!((edge.status, settlement.status), (200, 200));
}

#[test]
fn internal_routes_take_no_call_without_their_signature() {
    let world = World::shared();
    let edge = world.shopper();
    let settlement = tests::Shopper::new(world.settlement_url());
    for path in ["/internal/v1/directory", "/internal/v1/poke"] {
        let status = edge.visit(path).method("POST").send().status;
        assert!((400..500).contains(&status), "{path} {status}");
    }
    for path in ["/internal/v1/events", "/internal/v1/clicks", "/internal/v1/snapshot-wanted"] {
        let status = settlement.visit(path).method("POST").send().status;
        assert!((400..500).contains(&status), "{path} {status}");
    }
    let merchant = Shop::usual(world).merchant;
    let path = format!("/internal/v1/merchants/{merchant}/live/conversions");
    assert!((400..500).contains(&settlement.visit(&path).send().status));
}
