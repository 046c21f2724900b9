//! The log of webhook events, pulled: in order, with the ids that deliveries have, waited for.

use serde_json::{Value, json};
use tests::refusal::assert_invalid;
use tests::{BOUND, Shop, Side, Sink, World, eventually};

const FEED: &str = "/api/v1/webhook-events";

/// Follows the log until so many events were read; answers them and where the reader stands.
fn follow(side: &Side<'_>, query: &str, many: usize) -> (Vec<Value>, String) {
    let (mut found, mut after) = (Vec::new(), String::new());
    eventually(BOUND, &format!("{many} events are in the log"), || {
        let read = side.read(&format!("{FEED}?{query}{after}"));
        found.extend(read["data"].as_array().expect("a list has data").clone());
        if let Some(next) = read["next"].as_str() {
            after = format!("&after={next}");
        }
        if found.len() >= many { Ok(()) } else { Err(read.to_string()) }
    });
    (found, after)
}

#[test]
fn the_log_tells_in_order_what_endpoints_are_told() {
    let (world, sink) = (World::shared(), Sink::start().expect("a port is free"));
    let shop = Shop::usual(world);
    let side = &shop.test;
    let body = json!({"url": sink.url("/feed"), "events": ["commission.created"]}).to_string();
    side.signer.post("/api/v1/webhook-endpoints", body).send().expect_status(201);
    side.sell("o", "2999.00");
    let (told, _) = follow(side, "limit=3", 4);
    let kinds: Vec<_> = told.iter().map(|one| one["type"].as_str().expect("a type")).collect();
    let expected =
        ["conversion.received", "conversion.attributed", "commission.created", "event.processed"];
    assert_eq!(kinds, expected);
    let call = eventually(BOUND, "the endpoint was told", || {
        sink.received_at("/feed").pop().ok_or_else(|| "nothing came".to_owned())
    });
    assert_eq!(told[2]["id"], call.header("webhook-id"));
    let body = call.json();
    assert_eq!((&told[2]["data"], &told[2]["timestamp"]), (&body["data"], &body["timestamp"]));
    assert_eq!(told[2].get("sequence"), None);
    let (created, _) = follow(side, "types=commission.created,commission.paid", 1);
    assert_eq!(created, told[2..3]);
    assert_eq!(shop.live.read(FEED), json!({"data": [], "next": null, "more": false}));
}

#[test]
fn a_reader_that_waits_is_told_at_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    side.sell("first", "10.00");
    let (_, after) = follow(side, "limit=100", 4);
    let body = json!({"externalOrderId": "second", "orderAmount": "10.00"});
    side.report("/api/v1/conversions", &body);
    let path = format!("{FEED}?limit=1{after}");
    let answer = side.signer.get(&path).header("Prefer", "wait=5").send().expect_status(200);
    assert_eq!(answer.header("preference-applied"), "wait=5");
    assert_eq!(answer.json()["data"][0]["type"], "conversion.received", "{}", answer.text);
    let etag = answer.header("etag").to_owned();
    let same = side.signer.get(&path).header("If-None-Match", &etag).send();
    assert_eq!((same.status, same.text.as_str()), (304, ""));
}

#[test]
fn every_fault_of_a_reading_is_told_at_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let path = format!("{FEED}?after=zz&since=today&types=everything");
    let faults = assert_invalid(&shop.test.signer.get(&path).send());
    let names: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["after", "since", "since", "types"], "{faults:#?}");
    let foreign = hex::encode("512:0a1b2c3d");
    let answer = shop.test.signer.get(&format!("{FEED}?after={foreign}")).send();
    assert!(assert_invalid(&answer)[0].starts_with("after names a place"), "{}", answer.text);
}
