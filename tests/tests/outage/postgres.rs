//! Postgres away: settlement says so, the edge keeps what it has, and nothing is lost.

use serde_json::json;
use shared::internal::{BATCH_VERSION, EVENTS_PATH, intake_name};
use shared::signing::{INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, sign_internal};
use tests::eventually::now_seconds;
use tests::http::{Answer, Outgoing, send};
use tests::{Shop, Side};

use crate::{assert_each_once, report, world};

/// An empty batch, as an object sends it.
fn empty_batch(side: &Side<'_>) -> Answer {
    let body = json!({
        "version": BATCH_VERSION,
        "object": intake_name(side.scope.merchant, side.scope.environment),
        "epoch": "00000000000000aa",
        "highestSeq": 0,
        "sentAtMs": now_seconds() * 1_000,
        "clickKeyNumber": side.world.click_keys().current().0,
        "events": [],
    });
    let body = body.to_string().into_bytes();
    let keys = side.world.internal_keys();
    let (timestamp, signature) = sign_internal(&keys, now_seconds(), "POST", EVENTS_PATH, &body);
    let headers = [
        (INTERNAL_TIMESTAMP_HEADER, timestamp),
        (INTERNAL_SIGNATURE_HEADER, signature),
        ("content-type", "application/json".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let url = format!("{}{EVENTS_PATH}", side.world.settlement_url());
    send(&Outgoing { method: "POST".to_owned(), url, headers, body }).expect("settlement answers")
}

#[test]
fn settlement_refuses_what_it_cannot_store_and_nothing_is_lost() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    assert_eq!(empty_batch(&shop.test).status, 200);
    let mut event_ids = report(side, "before", 5);
    world.parts().postgres.stop().unwrap();
    event_ids.extend(report(side, "away", 5));
    side.click();
    assert_eq!(empty_batch(&shop.test).status, 503);
    let read = side.signer.get("/api/v1/conversions").send();
    assert_eq!(read.status, 503, "{}", read.text);
    world.parts().postgres.start_again().unwrap();
    assert_each_once(side, &event_ids);
}

#[test]
fn killed_in_the_middle_it_keeps_what_was_acknowledged() {
    let broken = world();
    let world = broken.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    let mut event_ids = report(side, "before", 20);
    world.parts().postgres.kill_hard().unwrap();
    event_ids.extend(report(side, "after", 5));
    world.parts().postgres.start_again().unwrap();
    assert_each_once(side, &event_ids);
}
