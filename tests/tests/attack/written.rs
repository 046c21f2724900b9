//! Writes of resources across a kill of the edge: settlement remembers what the edge forgot.

use serde_json::json;
use tests::Shop;
use tests::refusal::assert_unauthorized;

use crate::world;

#[test]
fn a_captured_write_is_refused_and_a_repeat_answered_after_the_edge_was_killed() {
    let attacked = world();
    let world = attacked.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    let body = json!({"name": "Once"}).to_string();
    let captured = side.signer.post("/api/v1/campaigns", body).header("Idempotency-Key", "once");
    let first = captured.clone().send().expect_status(201);
    world.parts().edge.kill_hard().expect("the edge runs");
    world.parts().edge.start_again().expect("the edge starts again");
    assert_unauthorized(&captured.clone().send());
    let repeated = captured.at(1).send().expect_status(201);
    assert_eq!(
        (repeated.text.as_str(), repeated.header("idempotent-replayed")),
        (&*first.text, "true")
    );
    let list = side.read("/api/v1/campaigns?state=draft");
    assert_eq!(list["data"].as_array().expect("a list has data").len(), 1);
}
