//! Deliveries over the API: they arrive signed, are listed with their attempts, tested, resent and
//! recovered, and their secret rotates.

use serde_json::{Value, json};
use settlement::domain::webhook::signature;
use tests::refusal::{assert_invalid, assert_refused};
use tests::sink::{Received, Reply};
use tests::{BOUND, Shop, Side, Sink, World, eventually};

const ENDPOINTS: &str = "/api/v1/webhook-endpoints";

/// An endpoint of this test's own at a path of the sink; answers its path and its secret.
fn endpoint(side: &Side<'_>, sink: &Sink, path: &str, events: &[&str]) -> (String, String) {
    let body = json!({"url": sink.url(path), "events": events}).to_string();
    let made = side.signer.post(ENDPOINTS, body).send().expect_status(201);
    (format!("{ENDPOINTS}/{}", made.text_of("id")), made.text_of("secret"))
}

fn rows(side: &Side<'_>, path: &str) -> Vec<Value> {
    side.read(path)["data"].as_array().expect("a list has data").clone()
}

/// Waits until so many deliveries of an endpoint arrived; answers them, oldest first.
fn delivered(side: &Side<'_>, endpoint: &str, many: usize) -> Vec<Value> {
    let path = format!("{endpoint}/deliveries?state=delivered&limit=100");
    let mut found = eventually(BOUND, &format!("{many} deliveries arrived"), || {
        let found = rows(side, &path);
        if found.len() == many { Ok(found) } else { Err(format!("{found:?}")) }
    });
    found.reverse();
    found
}

/// What came for a delivery, latest last.
fn received(sink: &Sink, path: &str, id: &Value) -> Vec<Received> {
    let mut all = sink.received_at(path);
    all.retain(|one| id == one.header("webhook-id"));
    all
}

/// The signature header that these secrets make.
fn signed(received: &Received, secrets: &[&str]) -> String {
    let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    let second = received.header("webhook-timestamp").parse().expect("unix seconds");
    signature::header(&secrets, received.header("webhook-id"), second, received.text())
}

#[test]
fn what_happens_arrives_signed_and_numbered_and_is_listed_with_its_attempts() {
    let (world, sink) = (World::shared(), Sink::start().expect("a port is free"));
    let shop = Shop::usual(world);
    let side = &shop.test;
    let (path, secret) =
        endpoint(side, &sink, "/listed", &["conversion.received", "commission.created"]);
    side.sell("o", "2999.00");
    let told = delivered(side, &path, 2);
    for (at, kind) in ["conversion.received", "commission.created"].into_iter().enumerate() {
        assert_eq!((&told[at]["sequence"], &told[at]["type"]), (&json!(at + 1), &json!(kind)));
        assert_eq!((&told[at]["attempts"], &told[at]["nextAttemptAt"]), (&json!(1), &json!(null)));
        let [one] = &received(&sink, "/listed", &told[at]["id"])[..] else { panic!("{told:?}") };
        assert_eq!(one.header("webhook-signature"), signed(one, &[&secret]));
        let number = at + 1;
        let shown = side.read(&format!("{path}/deliveries/{number}"));
        assert_eq!((&shown["body"], &shown["id"]), (&json!(one.text()), &told[at]["id"]));
        assert_eq!(one.json()["sequence"], json!(number));
        let tries = rows(side, &format!("{path}/deliveries/{number}/attempts"));
        assert_eq!(tries.len(), 1);
        assert_eq!((&tries[0]["status"], &tries[0]["fault"]), (&json!(200), &json!(null)));
        assert_eq!(
            (&tries[0]["answer"], &tries[0]["answerEncoding"]),
            (&json!("{}"), &json!("text"))
        );
        assert!(tries[0]["durationMs"].is_u64() && tries[0]["startedAt"].is_string());
    }
    assert_eq!(rows(side, &format!("{path}/attempts")).len(), 2);
    let page = side.read(&format!("{path}/attempts?limit=1"));
    let cursor = page["nextCursor"].as_str().expect("there is a second page");
    let rest = side.read(&format!("{path}/attempts?limit=1&cursor={cursor}"));
    assert_ne!(page["data"], rest["data"]);
    assert_eq!(rest["nextCursor"], json!(null));
    assert_eq!(side.read(&path)["lastSequence"], 2);
}

#[test]
fn deliveries_are_listed_by_state_type_and_time() {
    let (world, sink) = (World::shared(), Sink::start().expect("a port is free"));
    let shop = Shop::usual(world);
    let side = &shop.test;
    let (path, _) = endpoint(side, &sink, "/filtered", &["conversion.received", "event.processed"]);
    side.sell("o", "10.00");
    let told = delivered(side, &path, 2);
    let numbers = |query: &str| {
        let found = rows(side, &format!("{path}/deliveries?{query}"));
        found.iter().map(|row| row["sequence"].as_u64().expect("a number")).collect::<Vec<_>>()
    };
    assert_eq!(numbers(""), [2, 1]);
    assert_eq!(numbers("type=event.processed"), [2]);
    assert_eq!(numbers("state=dead"), [0_u64; 0]);
    let made = told[0]["createdAt"].as_str().expect("an instant");
    assert_eq!(numbers(&format!("since={made}")), [2, 1]);
    assert_eq!(numbers(&format!("until={made}")), [0_u64; 0]);
    let page = side.read(&format!("{path}/deliveries?limit=1"));
    let cursor = page["nextCursor"].as_str().expect("there is a second page");
    assert_eq!(numbers(&format!("limit=1&cursor={cursor}")), [1]);
    for (query, name) in [("state=lost", "state"), ("type=*", "type"), ("since=today", "since")] {
        let answer = side.signer.get(&format!("{path}/deliveries?{query}")).send();
        let faults = assert_invalid(&answer);
        assert!(faults.len() == 1 && faults[0].starts_with(name), "{query}: {faults:?}");
    }
    for tail in ["deliveries/3", "deliveries/x", "deliveries/3/attempts"] {
        let answer = side.signer.get(&format!("{path}/{tail}")).send();
        assert_refused(&answer, 404, "Not Found", "NOT_FOUND");
    }
}

#[test]
fn a_rotated_secret_and_the_one_before_both_sign() {
    let (world, sink) = (World::shared(), Sink::start().expect("a port is free"));
    let shop = Shop::usual(world);
    let side = &shop.live;
    let (path, first) = endpoint(side, &sink, "/rotated", &["ping"]);
    let rotate = |body: &str, second| {
        let answer = side.signer.post(&format!("{path}/rotate-secret"), body).at(second).send();
        answer.expect_status(200)
    };
    let second = rotate("", 0);
    assert!(second.json()["secretRotatesUntil"].is_string(), "{}", second.text);
    let ping = |at, many| {
        let answer = side.signer.post(&format!("{path}/test"), "").at(at).send();
        let id = answer.expect_status(202).json()["id"].clone();
        delivered(side, &path, many);
        received(&sink, "/rotated", &id).pop().expect("it arrived")
    };
    let one = ping(0, 1);
    let second = second.text_of("secret");
    assert_eq!(one.header("webhook-signature"), signed(&one, &[&second, &first]));
    assert_eq!((&one.json()["type"], &one.json()["sequence"]), (&json!("ping"), &json!(1)));
    let third = rotate(r#"{"overlapHours":1}"#, 1).text_of("secret");
    let one = ping(1, 2);
    assert_eq!(one.header("webhook-signature"), signed(&one, &[&third, &second]));
    let fourth = rotate(r#"{"overlapHours":0}"#, 2);
    assert_eq!(fourth.json()["secretRotatesUntil"], json!(null));
    let one = ping(2, 3);
    assert_eq!(one.header("webhook-signature"), signed(&one, &[&fourth.text_of("secret")]));
    let wrong = side.signer.post(&format!("{path}/rotate-secret"), r#"{"overlapHours":25}"#);
    assert_eq!(assert_invalid(&wrong.send()), ["overlapHours must be a whole number from 0 to 24"]);
}

#[test]
fn a_delivery_sent_again_is_the_same_and_a_repeat_of_the_call_is_none() {
    let (world, sink) = (World::shared(), Sink::start().expect("a port is free"));
    let shop = Shop::usual(world);
    let side = &shop.test;
    let (path, _) = endpoint(side, &sink, "/resent", &["conversion.received"]);
    side.sell("o", "10.00");
    let id = delivered(side, &path, 1)[0]["id"].clone();
    let again = |second| {
        let call = side.signer.post(&format!("{path}/deliveries/1/resend"), "").at(second);
        call.header("Idempotency-Key", "again").send().expect_status(202)
    };
    assert_eq!(again(0).json()["state"], "pending");
    assert_eq!(again(1).header("idempotent-replayed"), "true");
    let tries = eventually(BOUND, "it was tried again", || {
        let tries = rows(side, &format!("{path}/deliveries/1/attempts"));
        if tries.len() == 2 { Ok(tries) } else { Err(format!("{tries:?}")) }
    });
    assert_eq!((&tries[0]["attempt"], &tries[1]["attempt"]), (&json!(2), &json!(1)));
    let both = received(&sink, "/resent", &id);
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].body, both[1].body);
    let unknown = side.signer.post(&format!("{path}/deliveries/2/resend"), "").send();
    assert_refused(&unknown, 404, "Not Found", "NOT_FOUND");
}

#[test]
fn what_failed_is_seen_and_recovered_once_the_receiver_is_well() {
    let (world, sink) = (World::shared(), Sink::start().expect("a port is free"));
    let shop = Shop::usual(world);
    let side = &shop.test;
    let since = jiff::Timestamp::now().to_string();
    side.sell("before", "10.00");
    sink.answer("/ill", Reply::Whole(500, Vec::new(), vec![0xff, 0xfe]));
    let (path, _) = endpoint(side, &sink, "/ill", &["conversion.received"]);
    side.sell("after", "10.00");
    let tries = eventually(BOUND, "it was tried", || {
        let tries = rows(side, &format!("{path}/attempts"));
        if tries.is_empty() { Err("no attempt".to_owned()) } else { Ok(tries) }
    });
    assert_eq!((&tries[0]["status"], &tries[0]["answer"]), (&json!(500), &json!("//4=")));
    assert_eq!(tries[0]["answerEncoding"], "base64");
    eventually(BOUND, "the endpoint shows since when it fails", || {
        let shown = side.read(&path);
        if shown["failingSince"].is_string() { Ok(()) } else { Err(shown.to_string()) }
    });
    sink.answer("/ill", Reply::Status(200));
    let body = json!({ "since": since }).to_string();
    let recover = |at| {
        let call = side.signer.post(&format!("{path}/recover"), body.clone()).at(at);
        call.send().expect_status(202).json()
    };
    let first = recover(0);
    assert_eq!((&first["missing"], &first["nextCursor"]), (&json!(1), &json!(null)));
    let told = delivered(side, &path, 2);
    assert_eq!(told[1]["sequence"], 2, "what was before it is numbered after");
    assert_eq!(recover(1), json!({"dead": 0, "pending": 0, "missing": 0, "nextCursor": null}));
    for (at, body) in (2..).zip([r#"{"since":"2020-01-01T00:00:00Z"}"#, "{}"]) {
        let answer = side.signer.post(&format!("{path}/recover"), body).at(at).send();
        assert!(assert_invalid(&answer)[0].starts_with("since "), "{}", answer.text);
    }
}

#[test]
fn a_paused_endpoint_is_not_tried_and_gets_all_of_it_once_it_is_active() {
    let (world, sink) = (World::shared(), Sink::start().expect("a port is free"));
    let shop = Shop::usual(world);
    let side = &shop.test;
    let (path, _) = endpoint(side, &sink, "/paused", &["conversion.received"]);
    let set = |state: &str| {
        let body = json!({ "state": state }).to_string();
        side.signer.call("PATCH", &path, body).send().expect_status(200).json()
    };
    let paused = set("paused");
    assert_eq!(paused["pausedBecause"], "owner");
    assert!(paused["pausedAt"].is_string());
    let refused = side.signer.post(&format!("{path}/test"), "").send();
    assert_eq!(assert_invalid(&refused), ["a paused endpoint is sent nothing: make it active"]);
    side.sell("o", "10.00");
    let active = set("active");
    assert_eq!((&active["pausedAt"], &active["pausedBecause"]), (&json!(null), &json!(null)));
    delivered(side, &path, 1);
    assert_eq!(sink.received_at("/paused").len(), 1);
}
