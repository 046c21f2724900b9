//! The edge killed, and its storage lost: what was answered 202 is settled once, and known again.

use serde_json::json;
use tests::refusal::assert_unauthorized;
use tests::side::CONVERSIONS;
use tests::{Plan, Shop};

use crate::{assert_each_once, await_click, await_intake, report, world};

#[test]
fn killed_it_still_owes_knows_and_refuses_what_it_did_before() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    // With settlement away, all of it is still at the edge when that is killed.
    world.parts().settlement.stop().unwrap();
    let mut event_ids = report(side, "owed", 10);
    let body = json!({
        "externalOrderId": "signed",
        "orderAmount": "100.00",
        "clickId": side.seal(side.link.link_number, tests::eventually::now_seconds()),
    });
    let body = body.to_string();
    let call = side.signer.post(CONVERSIONS, body.as_bytes()).header("Idempotency-Key", "k");
    let first = call.clone().send().expect_status(202);
    event_ids.push(first.text_of("eventId"));
    world.parts().edge.kill_hard().unwrap();
    world.parts().edge.start_again().unwrap();
    assert_unauthorized(&call.send());
    let again = side.signer.post(CONVERSIONS, body.as_bytes()).at(1);
    let again = again.header("Idempotency-Key", "k").send().expect_status(202);
    assert_eq!((&again.text, again.header("idempotent-replayed")), (&first.text, "true"));
    let known = side.signer.post(CONVERSIONS, body.as_bytes()).at(2).send().expect_status(202);
    assert_eq!(known.json()["status"], "DUPLICATE");
    world.parts().settlement.start_again().unwrap();
    assert_each_once(side, &event_ids);
}

#[test]
fn killed_while_sending_it_sends_nothing_twice() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    let event_ids = report(side, "sending", 30);
    world.parts().edge.kill_hard().unwrap();
    world.parts().edge.start_again().unwrap();
    assert_each_once(side, &event_ids);
}

#[test]
fn with_its_storage_lost_old_orders_end_as_duplicates_and_new_ones_are_seen() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    let event_ids = report(side, "old", 5);
    assert_each_once(side, &event_ids);
    world.parts().edge.stop().unwrap();
    world.wipe_edge().unwrap();
    world.parts().edge.start_again().unwrap();
    await_intake(side);
    let click_id = await_click(side);
    // Its numbers begin anew: none may be mistaken for one that was seen.
    for (number, old) in event_ids.iter().enumerate() {
        let order = format!("old-{number}");
        let body = json!({"externalOrderId": order, "orderAmount": "5.00"});
        let event_id = side.report(CONVERSIONS, &body);
        assert_ne!(&event_id, old);
        let outcome = side.outcome_with(&event_id, "DUPLICATE_ORDER");
        assert_eq!(outcome.state, "skipped");
        assert_eq!(outcome.conversion_id, Some(side.conversion_id(&order)));
        assert_eq!(side.conversion(&order)["orderAmount"], "100.00");
    }
    let event_id = side.convert("new", "100.00", &click_id);
    assert_eq!(side.outcome(&event_id).code, "APPLIED");
    let [merchant, environment] = side.binds();
    let streams = "edge_stream where object = $1 || ':' || $2";
    assert_eq!(world.database.count(streams, &[&merchant, &environment]), 2);
}

#[test]
fn killed_it_still_counts_what_it_had_taken() {
    let broken = world();
    let world = broken.world;
    // The window of an hour: however long the edge takes to start, it has not moved on.
    let shop = Shop::open(world, &Plan { per_hour_max: 6, ..Plan::default() });
    let side = &shop.live;
    let order = |number: i64| {
        let body = json!({"externalOrderId": format!("o-{number}"), "orderAmount": "1.00"});
        side.signer.post(CONVERSIONS, body.to_string()).send().status
    };
    assert_eq!([order(1), order(2), order(3), order(4), order(5)], [202; 5]);
    world.parts().edge.kill_hard().unwrap();
    world.parts().edge.start_again().unwrap();
    assert_eq!([order(6), order(7)], [202, 429]);
}
