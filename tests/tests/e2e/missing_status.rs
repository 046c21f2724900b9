//! Orders that nobody speaks of: listed after 30 days, and taken for delivered where their merchant
//! chose so.

use jiff::Timestamp;
use settlement::flows::assume_delivered;
use tests::{Plan, Shop, Side, World};

const DAY: u64 = 86_400;

/// What the job does, now.
fn look_at_the_overdue(world: &World) {
    let pool = world.database.pool();
    let done = world.database.wait(assume_delivered::run_once(pool, Timestamp::now()));
    done.expect("the database answers");
}

fn listed(side: &Side<'_>) -> String {
    let [merchant, environment] = side.binds();
    let names = ["--merchant", &merchant, "--environment", &environment];
    side.world.command(&[&["orders", "missing-status"][..], &names].concat())
}

fn facts(side: &Side<'_>, order: &str) -> i64 {
    let of = "order_fact where conversion_id = $1 and event_id like 'policy:%'";
    side.world.database.count(of, &[&side.conversion_id(order)])
}

/// The list's last line.
fn counted(side: &Side<'_>) -> String {
    listed(side).trim_end().lines().next_back().unwrap_or_default().to_owned()
}

#[test]
fn an_order_without_news_for_30_days_is_listed_until_something_is_heard() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    side.sell("silent", "100.00");
    side.sell("told", "100.00");
    side.advance(29 * DAY);
    assert!(counted(side).starts_with("0 orders"), "{}", listed(side));
    side.tell("told", "confirmed");
    side.advance(DAY);
    let list = listed(side);
    assert!(list.contains("\"silent\"") && list.contains("awaits delivered"), "{list}");
    assert!(!list.contains("\"told\"") && counted(side).starts_with("1 orders"), "{list}");
    assert!(counted(&shop.live).starts_with("0 orders"));
    side.tell("silent", "delivered");
    assert!(counted(side).starts_with("0 orders"), "{}", listed(side));
}

#[test]
fn where_the_merchant_chose_so_an_order_without_news_counts_as_delivered_once() {
    let world = World::shared();
    let plan = Plan { hold_days: 14, ..Plan::default() };
    let (shop, other) = (Shop::open(world, &plan), Shop::open(world, &plan));
    let merchant = shop.merchant.to_string();
    let choose = ["orders", "assume-delivered", "--merchant", &merchant, "--after-days"];
    let refused = [&choose[..], &["0", "--as", &world.operator]].concat();
    assert!(world.try_command(&refused).expect_err("no day at all").contains("1 to 366"));
    world.operate(&[&choose[..], &["40"]].concat());
    let side = &shop.test;
    side.sell("o", "100.00");
    side.sell("spoken-of", "100.00");
    other.test.sell("o", "100.00");
    other.test.advance(41 * DAY);
    side.advance(39 * DAY);
    side.tell("spoken-of", "confirmed");
    look_at_the_overdue(world);
    assert_eq!(side.commission("o")["state"], "pending");
    side.advance(2 * DAY);
    look_at_the_overdue(world);
    look_at_the_overdue(world);
    let held = side.commission_in("o", "hold");
    assert_eq!((facts(side, "o"), facts(side, "spoken-of")), (1, 0));
    // It was delivered when its 40 days were up, not when that was seen.
    let at = |value: &serde_json::Value| -> Timestamp {
        value.as_str().expect("an instant is text").parse().expect("an instant")
    };
    let conversion = side.conversion("o");
    let days = at(&held["holdUntil"]).duration_since(at(&conversion["receivedAt"])).as_secs();
    assert_eq!(days, i64::try_from((40 + 14) * DAY).expect("it is small"));
    assert_eq!(other.test.commission("o")["state"], "pending");
    // The merchant's own word is news all the same, and changes nothing any more.
    assert_eq!(side.tell("o", "delivered").code, "NO_CHANGE");
    side.advance(14 * DAY);
    side.commission_in("o", "payable");
    let off = "orders assume-delivered --merchant";
    let off: Vec<_> = off.split(' ').chain([merchant.as_str()]).collect();
    assert!(world.operate(&off).contains("never"), "the policy can be dropped");
}
