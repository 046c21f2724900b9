//! Test never meets live, and no merchant meets another.

use serde_json::json;
use tests::side::CONVERSIONS;
use tests::{Plan, Shop, World};

#[test]
fn one_order_id_names_two_orders_in_two_worlds() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "100.00");
    shop.test.sell("o", "200.00");
    assert_ne!(shop.live.conversion_id("o"), shop.test.conversion_id("o"));
    assert_eq!(shop.live.conversion("o")["orderAmount"], "100.00");
    assert_eq!(shop.test.conversion("o")["orderAmount"], "200.00");
    assert_eq!(shop.live.tell("o", "cancelled").code, "APPLIED");
    assert_eq!(shop.test.commission("o")["state"], "pending");
}

#[test]
fn nothing_of_another_world_or_merchant_can_be_read() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let event_id = shop.live.convert("o", "100.00", &shop.live.click());
    shop.live.outcome(&event_id);
    let id = shop.live.conversion_id("o");
    let commission = shop.live.commission("o")["id"].as_str().unwrap().to_owned();
    let paths = [
        format!("/api/v1/events/{event_id}"),
        format!("{CONVERSIONS}/{id}"),
        format!("{CONVERSIONS}/{id}/explain"),
        format!("/api/v1/commissions/{commission}"),
    ];
    for path in &paths {
        assert_eq!(shop.live.signer.get(path).send().status, 200, "{path}");
        for stranger in [&shop.test, &other.live, &other.test] {
            assert_eq!(stranger.signer.get(path).send().status, 404, "{path}");
        }
    }
    for stranger in [&shop.test, &other.live] {
        assert_eq!(stranger.read(CONVERSIONS)["data"], json!([]));
        assert_eq!(stranger.read("/api/v1/commissions")["data"], json!([]));
    }
}

#[test]
fn a_moved_test_clock_moves_no_other_clock() {
    let world = World::shared();
    let plan = Plan { hold_days: 1, ..Plan::default() };
    let (shop, other) = (Shop::open(world, &plan), Shop::open(world, &plan));
    for side in [&shop.live, &shop.test, &other.test] {
        side.sell("o", "100.00");
        assert_eq!(side.tell("o", "delivered").code, "APPLIED");
    }
    shop.test.advance(2 * 86_400);
    shop.test.commission_in("o", "payable");
    assert_eq!(shop.live.commission("o")["state"], "hold");
    assert_eq!(other.test.commission("o")["state"], "hold");
}

#[test]
fn test_time_moves_cookie_windows_too() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { cookie_days: 1, ..Plan::default() });
    let side = &shop.test;
    let click_id = side.click();
    side.advance(86_400 + 60);
    let outcome = side.outcome(&side.convert("late", "10.00", &click_id));
    assert_eq!(outcome.code, "IN_REVIEW");
    assert!(side.explain("late").to_string().contains("window_passed"));
    side.sell("fresh", "10.00");
}
