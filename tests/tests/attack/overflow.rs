//! More clicks than an isolate keeps while no object takes them: the oldest go, counted (EDGE §10).

use std::thread;

use tests::{Shop, eventually};

use crate::full::limit_files;
use crate::{BACK, world};

/// Clicks an isolate keeps at most.
const HELD_MAX: i64 = 10_000;
/// How many follow the link at once, and how often each.
const SHOPPERS: i64 = 6;
const CLICKS_EACH: i64 = 1_750;

#[test]
fn clicks_that_nobody_takes_are_dropped_from_the_oldest_on_and_counted() {
    let attacked = world();
    let world = attacked.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    let lost = || {
        let query = "select coalesce(sum(dropped), 0)::bigint as many from click_loss";
        world.database.row(query, &[])["many"].as_i64().expect("a sum of whole numbers")
    };
    let lost_before = lost();
    let recorded = || {
        let clicks = "click where merchant_id = $1::uuid";
        world.database.count(clicks, &[&shop.merchant.to_string()])
    };
    side.click();
    eventually(BACK, "the first click is recorded", || match recorded() {
        1 => Ok(()),
        many => Err(many.to_string()),
    });
    limit_files(world, "0");
    thread::scope(|scope| {
        for _ in 0..SHOPPERS {
            scope.spawn(|| (0..CLICKS_EACH).for_each(|_| drop(side.click())));
        }
    });
    limit_files(world, "unlimited");
    side.click();
    let clicks = SHOPPERS * CLICKS_EACH + 2;
    let dropped = eventually(BACK, "each click is recorded or counted as lost", || {
        let (recorded, lost) = (recorded(), lost() - lost_before);
        assert!(recorded + lost <= clicks, "{recorded} recorded and {lost} lost of {clicks}");
        if recorded + lost == clicks { Ok(lost) } else { Err(format!("{recorded}, {lost}")) }
    });
    assert!((1..=clicks - HELD_MAX).contains(&dropped), "{dropped} dropped of {clicks}");
}
