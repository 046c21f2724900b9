//! One merchant's two worlds: one order id, two orders; two clocks. The tables are in `worlds`.

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
