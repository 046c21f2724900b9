//! A batch before and after the edge is killed: known, refused and counted as before.

use serde_json::{Value, json};
use tests::refusal::assert_unauthorized;
use tests::{Plan, Shop};

use crate::world;

const BATCH: &str = "/api/v1/conversions/batch";

fn batch(prefix: &str, many: usize) -> String {
    let order =
        |number| json!({"externalOrderId": format!("{prefix}-{number}"), "orderAmount": "1.00"});
    Value::from((0..many).map(order).collect::<Vec<_>>()).to_string()
}

#[test]
fn a_batch_is_known_refused_and_counted_after_the_edge_was_killed() {
    let attacked = world();
    // The window of an hour: however long the edge takes to start, it has not moved on.
    let shop = Shop::open(attacked.world, &Plan { per_hour_max: 12, ..Plan::default() });
    let side = &shop.live;
    let call = side.signer.post(BATCH, batch("o", 4)).header("Idempotency-Key", "k");
    let first = call.clone().send().expect_status(202);
    attacked.world.parts().edge.kill_hard().unwrap();
    attacked.world.parts().edge.start_again().unwrap();
    // Counted: four stored, and four of this refused call, whose signature came back.
    assert_unauthorized(&call.clone().send());
    let again = call.clone().at(1).send().expect_status(202);
    assert_eq!((&again.text, again.header("idempotent-replayed")), (&first.text, "true"));
    assert_eq!(side.signer.post(BATCH, batch("new", 1)).send().status, 429);
    // A restart forgets what stored nothing, and nothing else.
    attacked.world.parts().edge.kill_hard().unwrap();
    attacked.world.parts().edge.start_again().unwrap();
    assert_eq!(side.signer.post(BATCH, batch("more", 9)).send().status, 429);
    let rest = side.signer.post(BATCH, batch("rest", 8)).send().expect_status(202).json();
    let last = rest["results"][7]["eventId"].as_str().unwrap().to_owned();
    side.outcome(&last);
    let [merchant, environment] = side.binds();
    let events = "inbox where merchant_id = $1::uuid and environment = $2";
    assert_eq!(attacked.world.database.count(events, &[&merchant, &environment]), 12);
    assert_eq!(shared::id::EventId::parse(&last).unwrap().seq, 12);
}
