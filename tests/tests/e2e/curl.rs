//! The two scripts of the documents, run by bash with curl and openssl as a merchant would.

use std::process::Command;

use serde_json::{Value, json};
use tests::eventually::next_second;
use tests::side::CONVERSIONS;
use tests::{Shop, Side, World};

const CONVERSION: &str = include_str!("scripts/report-conversion.sh");
const STATUS: &str = include_str!("scripts/order-status.sh");

/// Runs a script with nothing but base URL, key and secret replaced; answers what it printed.
fn run(side: &Side<'_>, script: &str) -> String {
    let key_id = &side.signer.key_id;
    // The documents write `live_pk_…`, our keys `pk_live_…`: the same form.
    let in_their_spelling = key_id.replace("pk_live_", "live_pk_");
    let script = script
        .replace("https://api.example.com", side.world.edge_url())
        .replace("live_pk_xxxxxxxxxxxxxxxx", &in_their_spelling)
        .replace("sk_live_xxxxxxxxxxxxxxxxxxxxxxxx", &side.signer.secret);
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("AFF_API_KEY", key_id)
        .env("AFF_SIGNING_SECRET", &side.signer.secret)
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("an answer is UTF-8")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|cause| panic!("{cause}: {text}"))
}

#[test]
fn the_conversion_script_gets_its_documented_answers() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let first = run(&shop.live, CONVERSION);
    let event_id = json(&first)["eventId"].clone();
    let received = json!({"eventId": event_id, "status": "RECEIVED", "duplicate": false});
    assert_eq!(json(&first), received);
    let event_id = event_id.as_str().unwrap();
    assert!(event_id.starts_with("cnvevt_"), "{event_id}");
    let outcome = shop.live.outcome(event_id);
    assert_eq!(outcome.code, "IN_REVIEW", "its click id is foreign: {outcome:?}");
    assert_eq!(outcome.conversion_id, Some(shop.live.conversion_id("SHOP-100245")));
    // The same key and body, a later second: the first answer byte for byte.
    next_second();
    assert_eq!(run(&shop.live, CONVERSION), first);
}

#[test]
fn the_conversion_script_of_a_known_order_gets_the_duplicate_answer() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "SHOP-100245", "orderAmount": "1.00"});
    shop.live.report(CONVERSIONS, &body);
    let expected = json!({
        "status": "DUPLICATE",
        "conversionId": shop.live.conversion_id("SHOP-100245"),
        "duplicate": true,
    });
    assert_eq!(json(&run(&shop.live, CONVERSION)), expected);
}

#[test]
fn the_order_status_script_gets_its_documented_answers() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("ORD-10293", "100.00");
    let first = run(&shop.live, STATUS);
    let event_id = json(&first)["eventId"].as_str().unwrap().to_owned();
    let received = json!({"eventId": event_id, "status": "RECEIVED", "duplicate": false});
    assert_eq!(json(&first), received);
    assert!(event_id.starts_with("osevt_"), "{event_id}");
    assert_eq!(shop.live.outcome(&event_id).code, "APPLIED");
    assert_eq!(shop.live.commission("ORD-10293")["state"], "hold");
    next_second();
    assert_eq!(run(&shop.live, STATUS), first);
    next_second();
    let again = STATUS.replace("order-status-ORD-10293-delivered", "another-key");
    let duplicate = json!({"eventId": event_id, "status": "DUPLICATE", "duplicate": true});
    assert_eq!(json(&run(&shop.live, &again)), duplicate);
}
