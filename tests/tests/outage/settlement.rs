//! Settlement away: shoppers and merchants notice nothing, and everything arrives afterwards.

use serde_json::json;
use tests::refusal::assert_refused;
use tests::side::CONVERSIONS;
use tests::{Shop, eventually};

use crate::{BACK, assert_each_once, report, world};

#[test]
fn clicks_and_orders_go_on_and_arrive_exactly_once() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.click();
    world.parts().settlement.stop().unwrap();
    for _ in 0..9 {
        side.click();
    }
    let event_ids = report(side, "away", 10);
    let event = side.read(&format!("/api/v1/events/{}", event_ids[0]));
    assert_eq!((&event["eventId"], &event["state"]), (&json!(event_ids[0]), &json!("received")));
    let stranger = shop.test.signer.get(&format!("/api/v1/events/{}", event_ids[0])).send();
    assert_eq!(stranger.status, 503, "{}", stranger.text);
    for path in [CONVERSIONS, "/api/v1/commissions"] {
        let answer = side.signer.get(path).send();
        assert_refused(&answer, 503, "Service Unavailable", "UNAVAILABLE");
    }
    world.parts().settlement.start_again().unwrap();
    assert_each_once(side, &event_ids);
    let clicks = "click where merchant_id = $1::uuid";
    eventually(BACK, "ten clicks are recorded", || {
        let many = world.database.count(clicks, &[&shop.merchant.to_string()]);
        assert!(many <= 10, "{many} clicks");
        if many == 10 { Ok(()) } else { Err(many.to_string()) }
    });
    assert_eq!(side.read(CONVERSIONS)["data"].as_array().map(Vec::len), Some(10));
}

#[test]
fn killed_in_the_middle_it_settles_each_event_once() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.test;
    let mut event_ids = report(side, "before", 10);
    world.parts().settlement.kill_hard().unwrap();
    event_ids.extend(report(side, "after", 10));
    world.parts().settlement.start_again().unwrap();
    assert_each_once(side, &event_ids);
}
