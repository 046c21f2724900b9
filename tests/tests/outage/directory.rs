//! An edge that has no directory yet says 503, never "no such link" or "no such key".

use tests::refusal::assert_refused;
use tests::shopper::click_id;
use tests::{Shop, eventually};

use crate::{BACK, try_order, world};

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
    eventually(BACK, "the link works again", || {
        let answer = shopper.visit(&format!("/c/{}", side.link.code)).send();
        match answer.status {
            302 if click_id(&answer).is_some() => Ok(()),
            503 => Err("503".to_owned()),
            other => panic!("an edge without its directory says {other}"),
        }
    });
    let mut tries = 0;
    eventually(BACK, "the key works again", || {
        tries += 1;
        match try_order(side, &format!("late-{tries}")) {
            Ok(202) => Ok(()),
            Ok(503) => Err("503".to_owned()),
            other => panic!("an edge without its directory says {other:?}"),
        }
    });
    eventually(BACK, "an unknown link is unknown again", || {
        let status = shopper.visit("/c/no-such-link").send().status;
        if status == 404 { Ok(()) } else { Err(status.to_string()) }
    });
}
