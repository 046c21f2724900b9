//! Plain `workerd`, without wrangler's proxy before it.

use tests::{Shop, World};

#[test]
fn plain_workerd_serves_what_ships() {
    let world = World::on_workerd();
    let shop = Shop::usual(&world);
    let outcome = shop.live.sell("first", "100.00");
    assert_eq!(outcome.code, "APPLIED");
    world.parts().edge.kill_hard().unwrap();
    world.parts().edge.start_again().unwrap();
    assert_eq!(shop.live.sell("second", "100.00").code, "APPLIED");
}
