//! The outcome of every 202: waited for, and listed.

use serde_json::json;
use tests::side::CONVERSIONS;
use tests::{Shop, World};

#[test]
fn one_who_prefers_to_wait_gets_the_outcome_in_one_read() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    for (order, click) in [("a", Some(side.click())), ("b", None)] {
        let mut body = json!({"externalOrderId": order, "orderAmount": "10.00"});
        if let Some(click) = click {
            body["clickId"] = json!(click);
        }
        let event_id = side.report(CONVERSIONS, &body);
        let read = side.signer.get(&format!("/api/v1/events/{event_id}"));
        let answer = read.header("Prefer", "wait=5").send().expect_status(200);
        assert_eq!(answer.header("preference-applied"), "wait=5");
        assert_eq!(answer.json()["state"], "applied", "{}", answer.text);
    }
}

#[test]
fn a_wait_for_what_does_not_exist_ends_as_not_found() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let path = "/api/v1/events/cnvevt_00000000000000000000000000";
    let answer = shop.test.signer.get(path).header("Prefer", "wait=1").send();
    assert_eq!(answer.status, 404);
    let bad = shop.test.signer.get(path).header("Prefer", "wait=soon").at(1).send();
    assert_eq!(bad.status, 404);
}

#[test]
fn events_are_listed_by_state_type_and_code() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    side.sell("sold", "10.00");
    side.tell("unknown", "confirmed");
    let ids = |query: &str| {
        let list = side.read(&format!("/api/v1/events?{query}"));
        let id = |row: &serde_json::Value| row["eventId"].as_str().unwrap().to_owned();
        list["data"].as_array().unwrap().iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(ids("state=parked").len(), 1);
    assert_eq!(ids("state=applied&type=conversion").len(), 1);
    assert_eq!(ids("code=AWAITING_CONVERSION"), ids("type=order_status"));
    assert_eq!(ids("").len(), 2);
    assert!(shop.live.read("/api/v1/events")["data"].as_array().unwrap().is_empty());
}
