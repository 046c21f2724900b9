//! A day passes at the edge: idempotency keys are forgotten, orders are not (EDGE §4).

use serde_json::json;
use tests::refusal::assert_refused;
use tests::side::CONVERSIONS;
use tests::{Shop, World};

use crate::world;

const DAY_SECONDS: i64 = 86_400;

/// The edge's clock as it was, also when a test panics.
struct Restored<'a>(&'a World);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        self.0.move_edge_clock(0);
    }
}

#[test]
fn a_key_is_kept_for_a_day_and_free_after_it() {
    let attacked = world();
    let shop = Shop::usual(attacked.world);
    let restored = Restored(attacked.world);
    let order = |id: &str| json!({"externalOrderId": id, "orderAmount": "10.00"}).to_string();
    let batch = |id: &str| format!("[{}]", order(id));
    let post = |path: &str, body: String, at: i64| {
        let call = shop.live.signer.post(path, body).at(at);
        call.header("Idempotency-Key", "k").send()
    };
    let batches = format!("{CONVERSIONS}/batch");
    let first = post(CONVERSIONS, order("o"), 0).expect_status(202);
    let first_batch = post(&batches, batch("b"), 0).expect_status(202);
    // Nearly a day later, started anew: the first answers, and conflicts.
    let later = DAY_SECONDS - 600;
    attacked.world.move_edge_clock(later);
    let repeats = [
        (post(CONVERSIONS, order("o"), later), first),
        (post(&batches, batch("b"), later), first_batch),
    ];
    for (again, first) in repeats {
        let replayed = again.header("idempotent-replayed");
        assert_eq!((again.status, &again.text, replayed), (202, &first.text, "true"));
    }
    for (path, body) in [(CONVERSIONS, order("p")), (batches.as_str(), batch("p"))] {
        let answer = post(path, body, later);
        assert_refused(&answer, 409, "Conflict", "DUPLICATE_REQUEST");
    }
    // A day later the key is free; the order is known by itself.
    let later = DAY_SECONDS + 1;
    attacked.world.move_edge_clock(later);
    let known = post(CONVERSIONS, order("o"), later).expect_status(202);
    assert_eq!(known.json()["status"], "DUPLICATE");
    assert_eq!(known.header("idempotent-replayed"), "");
    let known = post(&batches, batch("b"), later).expect_status(202);
    assert_eq!(known.json()["results"][0]["status"], "DUPLICATE");
    let new = post(CONVERSIONS, order("p"), later).expect_status(202);
    assert_eq!(new.json()["status"], "RECEIVED");
    drop(restored);
}
