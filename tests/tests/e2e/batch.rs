//! Batches: many events under one signature, each answered in its place.

use serde_json::{Value, json};
use std::thread;
use tests::eventually::now_seconds;
use tests::refusal::{assert_hinted, assert_invalid, assert_refused};
use tests::side::CONVERSIONS;
use tests::{Answer, Plan, Shop, Side, World};

const BATCH: &str = "/api/v1/conversions/batch";
const STATUSES: &str = "/api/v1/order-status/batch";

fn order(id: &str) -> Value {
    json!({"externalOrderId": id, "orderAmount": "10.00"})
}

fn results(answer: Answer) -> Vec<Value> {
    let body = answer.expect_status(202).json();
    body["results"].as_array().expect("a batch has results").clone()
}

fn post(side: &Side<'_>, path: &str, events: &[Value]) -> Answer {
    side.signer.post(path, json!(events).to_string()).send()
}

#[test]
fn every_event_is_answered_in_its_place_and_settled() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    side.convert("known", "10.00", &side.click());
    let mut earned = order("new");
    earned["clickId"] = json!(side.click());
    let events = [
        earned,
        json!({"externalOrderId": "", "orderAmount": "x"}),
        order("known"),
        order("other"),
        order("other"),
        json!(7),
    ];
    let results = results(post(side, BATCH, &events));
    assert_eq!(results.len(), 6);
    assert_eq!(results[0]["status"], "RECEIVED");
    assert_eq!(results[1]["code"], "VALIDATION_ERROR");
    assert_eq!(results[1]["message"].as_array().expect("faults are a list").len(), 2);
    let known = json!({"status": "DUPLICATE", "conversionId": side.conversion_id("known"), "duplicate": true});
    assert_eq!(results[2], known);
    assert_eq!(results[3]["duplicate"], false);
    assert_eq!(results[4]["status"], "DUPLICATE");
    assert_eq!(results[5]["code"], "VALIDATION_ERROR");
    for at in [0, 3] {
        side.outcome(results[at]["eventId"].as_str().expect("a new event has an id"));
    }
    assert_eq!(side.commission("new")["amount"], "1.00");
}

#[test]
fn statuses_come_in_batches_too() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    side.sell("a", "10.00");
    let tell = |status: &str| json!({"externalOrderId": "a", "status": status});
    let results =
        results(post(side, STATUSES, &[tell("confirmed"), tell("lost"), tell("confirmed")]));
    let first = results[0]["eventId"].as_str().expect("a new event has an id");
    assert_eq!(results[1]["code"], "ORDER_STATUS_INVALID");
    assert_eq!(results[2], json!({"eventId": first, "status": "DUPLICATE", "duplicate": true}));
    side.outcome(first);
    assert_eq!(side.commission("a")["state"], "hold");
}

#[test]
fn a_batch_that_is_none_is_refused_as_a_whole() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let many: Vec<_> = (0..101).map(|at| order(&at.to_string())).collect();
    let cases = [
        ("{}".to_owned(), "body must be a JSON array of events"),
        ("[]".to_owned(), "body must have 1 to 100 events"),
        (json!(many).to_string(), "body must have 1 to 100 events"),
        ("[{]".to_owned(), "body must be valid JSON (line 1, column 3)"),
    ];
    for (body, expected) in cases {
        assert_eq!(assert_invalid(&side.signer.post(BATCH, body).send()), [expected]);
    }
    let large = json!([{"metadata": "x".repeat(1024 * 1024)}]).to_string();
    let answer = side.signer.post(BATCH, large).send();
    assert_refused(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
    let call = side.signer.post(BATCH, "[]").header("Idempotency-Key", "a");
    let answer = call.header("X-Idempotency-Key", "b").at(1).send();
    assert_eq!(assert_invalid(&answer).len(), 2);
}

#[test]
fn a_full_batch_is_taken_whole() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let events: Vec<_> = (0..100)
        .map(|at| {
            let mut event = order(&format!("full-{at}"));
            // Much of it is quotes: they must not be quoted again on the way into the object.
            event["metadata"] = json!({"note": "\"".repeat(2_400), "deep": [[["\\"]]]});
            event
        })
        .collect();
    let results = results(post(side, BATCH, &events));
    assert!(results.iter().all(|result| result["status"] == "RECEIVED"), "{results:?}");
    let ids: Vec<_> = results.iter().map(|result| result["eventId"].as_str().unwrap()).collect();
    assert!(ids.is_sorted(), "places are given in order");
    side.outcome(ids[99]);
    assert_eq!(side.conversion("full-42")["state"], "unattributed");
}

#[test]
fn the_key_covers_the_whole_answer() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let body = json!([order("k-1"), {"externalOrderId": 1}, order("k-1")]).to_string();
    let send = |body: &str, second: i64| {
        side.signer.post(BATCH, body).header("Idempotency-Key", "batch").at(second).send()
    };
    let first = send(&body, 0).expect_status(202);
    let again = send(&body, 1).expect_status(202);
    assert_eq!((again.text.as_str(), again.header("idempotent-replayed")), (&*first.text, "true"));
    let other = send(&json!([order("k-2")]).to_string(), 2);
    assert_refused(&other, 409, "Conflict", "DUPLICATE_REQUEST");
    // Without the key the orders are known, and so is the captured call.
    let plain = results(side.signer.post(BATCH, body.as_str()).at(3).send());
    assert_eq!(plain[0]["status"], "DUPLICATE");
    assert_hinted(&side.signer.post(BATCH, body.as_str()).at(3).send(), "used before");
}

#[test]
fn a_hundred_posts_of_one_batch_have_one_effect() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let body = json!([order("crowd-1"), order("crowd-2")]).to_string();
    let start = now_seconds() - 100;
    let answers: Vec<Answer> = thread::scope(|scope| {
        let calls: Vec<_> = (0..100)
            .map(|at| {
                let call = side.signer.post(BATCH, body.as_str());
                let call = call.header("Idempotency-Key", "crowd");
                let call = call.timestamp(&(start + at).to_string());
                scope.spawn(move || call.send().expect_status(202))
            })
            .collect();
        calls.into_iter().map(|call| call.join().expect("a caller ends")).collect()
    });
    assert!(answers.iter().all(|answer| answer.text == answers[0].text));
    let first = answers.iter().filter(|one| one.header("idempotent-replayed").is_empty());
    assert_eq!(first.count(), 1);
    let list = side.read(&format!("{CONVERSIONS}?limit=100"));
    let _ = list;
    side.outcome(answers[0].json()["results"][1]["eventId"].as_str().expect("it has an id"));
    let list = side.read(&format!("{CONVERSIONS}?limit=100"));
    assert_eq!(list["data"].as_array().expect("a list has data").len(), 2);
}

#[test]
fn a_batch_spends_a_token_for_each_event_all_or_none() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { per_minute_max: 5, ..Plan::default() });
    let side = &shop.test;
    let events: Vec<_> = (0..4).map(|at| order(&format!("r-{at}"))).collect();
    results(post(side, BATCH, &events));
    let more = [order("r-4"), order("r-5")];
    let refused = post(side, BATCH, &more);
    assert_refused(&refused, 429, "Too Many Requests", "RATE_LIMITED");
    assert_eq!(results(post(side, BATCH, &more[..1])).len(), 1);
    let refused = side.signer.post(CONVERSIONS, order("r-6").to_string()).send();
    assert_refused(&refused, 429, "Too Many Requests", "RATE_LIMITED");
}
