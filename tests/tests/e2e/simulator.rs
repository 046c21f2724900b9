//! Stories of the sandbox: an order's life in one call, the same for the same seed.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::refusal::{assert_invalid, assert_refused};
use tests::{Plan, Shop, Side, World};

const SIMULATE: &str = "/api/v1/test/simulate";

fn play(side: &Side<'_>, scenario: &str, seed: u32, days: u32) -> Value {
    let body = json!({"scenario": scenario, "seed": seed, "days": days}).to_string();
    side.signer.post(SIMULATE, body).send().expect_status(200).json()
}

#[test]
fn every_scenario_ends_as_its_name_says() {
    let world = World::shared();
    let expected = BTreeMap::from([
        ("delivered", json!("paid")),
        ("partial_refund", json!("paid")),
        ("returned", json!("rejected")),
        ("late_refund", json!("rejected")),
        ("cancelled", json!("rejected")),
        ("undelivered", json!("hold")),
        ("unattributed", Value::Null),
        ("late_order", Value::Null),
    ]);
    for (scenario, state) in expected {
        let shop = Shop::usual(world);
        let told = play(&shop.test, scenario, 7, 60);
        assert_eq!(told["explain"]["commission"]["state"], state, "{scenario}: {told:#}");
        assert_eq!(told["duplicate"], false);
        let states: Vec<_> =
            told["events"].as_array().unwrap().iter().map(|e| &e["state"]).collect();
        assert!(states.iter().all(|state| *state == "applied"), "{scenario}: {states:?}");
        let commission = &told["explain"]["commission"];
        let net_of =
            |net: &Value| net.as_str().and_then(|text| text.split('.').next()?.parse().ok());
        let (whole, net): (Option<u64>, Option<u64>) =
            (net_of(&commission["amount"]), net_of(&commission["netAmount"]));
        match scenario {
            "partial_refund" => assert!(net > Some(0) && net < whole, "{told:#}"),
            "returned" | "late_refund" | "cancelled" => assert_eq!(net, Some(0), "{told:#}"),
            _ => assert_eq!(net, whole, "{told:#}"),
        }
    }
}

#[test]
fn the_same_seed_is_the_same_order_and_is_played_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let first = play(side, "delivered", 42, 60);
    assert_eq!(first["externalOrderId"], "sim-delivered-42");
    assert_eq!(first["conversionId"], side.conversion_id("sim-delivered-42"));
    let again = side.signer.post(SIMULATE, r#"{"scenario":"delivered","seed":42,"days":60}"#);
    let again = again.at(1).send().expect_status(200).json();
    assert_eq!(again["duplicate"], true);
    assert_eq!((&again["clickId"], first["clickId"].is_string()), (&first["clickId"], true));
    assert_eq!(again["explain"], first["explain"]);
    // Another shop's story of the same seed has the same order and amount.
    let other = Shop::usual(world);
    let theirs = play(&other.test, "delivered", 42, 60);
    assert_eq!(
        theirs["explain"]["conversion"]["orderAmount"],
        first["explain"]["conversion"]["orderAmount"]
    );
    assert_ne!(theirs["conversionId"], first["conversionId"]);
    let another = play(side, "delivered", 43, 1);
    assert_ne!(another["conversionId"], first["conversionId"]);
}

#[test]
fn a_story_moves_the_test_clock_by_its_days_and_a_later_click_counts_from_there() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    play(side, "undelivered", 1, 45);
    // The cookie window is 30 days: a click from before the moves would have passed it.
    let click = side.click();
    side.outcome(&side.convert("after", "100.00", &click));
    assert_eq!(side.commission("after")["amount"], "10.00");
    let live = side_of_live(&shop);
    assert!(live.is_empty(), "nothing of it is in the live world");
}

fn side_of_live(shop: &Shop<'_>) -> Vec<Value> {
    shop.live.read("/api/v1/conversions")["data"].as_array().expect("a list").clone()
}

#[test]
fn a_story_is_for_test_keys_and_read_strictly() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = r#"{"scenario":"delivered","seed":1,"days":60}"#;
    let answer = shop.live.signer.post(SIMULATE, body).send();
    assert_refused(&answer, 403, "Forbidden", "PERMISSION_DENIED");
    let wrong = r#"{"scenario":"x","seed":-1,"days":0,"y":1}"#;
    assert_eq!(assert_invalid(&shop.test.signer.post(SIMULATE, wrong).send()).len(), 4);
}

#[test]
fn each_event_of_a_story_spends_a_token() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { per_minute_max: 4, ..Plan::default() });
    let body = r#"{"scenario":"delivered","seed":1,"days":60}"#;
    let answer = shop.test.signer.post(SIMULATE, body).send();
    assert_refused(&answer, 429, "Too Many Requests", "RATE_LIMITED");
}
