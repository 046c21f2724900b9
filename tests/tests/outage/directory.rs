//! An edge that has no directory yet says 503, never "no such link" or "no such key".

use tests::refusal::assert_refused;
use tests::{Shop, eventually};

use crate::{BACK, await_click, await_intake, try_order, world};

#[test]
fn without_a_snapshot_nothing_is_unknown_and_settlement_brings_it() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    {
        let mut parts = world.parts();
        parts.settlement.stop().unwrap();
        parts.edge.stop().unwrap();
    }
    world.wipe_edge().unwrap();
    world.parts().edge.start_again().unwrap();
    let shopper = world.shopper();
    for code in [side.link.code.as_str(), "no-such-link"] {
        let answer = shopper.visit(&format!("/c/{code}")).send();
        assert_eq!(answer.status, 503, "{code}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let answer = side.signer.get("/api/v1/conversions").send();
    assert_refused(&answer, 503, "Service Unavailable", "UNAVAILABLE");
    assert_eq!(try_order(side, "early"), Ok(503));
    world.parts().settlement.start_again().unwrap();
    await_click(side);
    await_intake(side);
    eventually(BACK, "an unknown link is unknown again", || {
        let status = shopper.visit("/c/no-such-link").send().status;
        if status == 404 { Ok(()) } else { Err(status.to_string()) }
    });
}
