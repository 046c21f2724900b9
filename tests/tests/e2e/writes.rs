//! Writes of resources: done once, whatever is sent again (EDGE §4).

use serde_json::{Value, json};
use std::thread;
use tests::eventually::now_seconds;
use tests::refusal::{assert_hinted, assert_invalid, assert_refused};
use tests::{Answer, Shop, Side, SignedCall, World};

const CAMPAIGNS: &str = "/api/v1/campaigns";

fn post(side: &Side<'_>, name: &str, key: &str) -> SignedCall {
    let body = json!({"name": name}).to_string();
    side.signer.post(CAMPAIGNS, body).header("Idempotency-Key", key)
}

fn names(side: &Side<'_>) -> Vec<String> {
    let list = side.read(&format!("{CAMPAIGNS}?limit=100&state=draft"));
    let name = |row: &Value| row["name"].as_str().expect("a campaign has a name").to_owned();
    list["data"].as_array().expect("a list has data").iter().map(name).collect()
}

#[test]
fn a_repeat_gets_the_first_answer_byte_for_byte_and_has_no_second_effect() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let first = post(side, "Once", "k-1").send().expect_status(201);
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = post(side, "Once", "k-1").at(1).send().expect_status(201);
    assert_eq!(
        (again.text.as_str(), again.header("idempotent-replayed")),
        (first.text.as_str(), "true")
    );
    let other_name = side
        .signer
        .post(CAMPAIGNS, json!({"name": "Once"}).to_string())
        .header("X-Idempotency-Key", "k-1")
        .at(2)
        .send()
        .expect_status(201);
    assert_eq!(other_name.text, first.text);
    assert_eq!(names(side), ["Once"]);
    // The other world has keys of its own.
    let live = post(&shop.live, "Once", "k-1").send().expect_status(201);
    assert_ne!(live.text, first.text);
}

#[test]
fn a_key_used_with_another_body_is_a_conflict_and_stores_nothing() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    post(side, "First", "k-2").send().expect_status(201);
    let other = post(side, "Second", "k-2").at(1).send();
    assert_refused(&other, 409, "Conflict", "DUPLICATE_REQUEST");
    assert_eq!(names(side), ["First"]);
}

#[test]
fn headers_at_odds_are_told_with_the_faults_of_the_body() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let call = shop.test.signer.post(CAMPAIGNS, r#"{"name":"","x":1}"#);
    let answer = call.header("Idempotency-Key", "a").header("X-Idempotency-Key", "b").send();
    let faults = assert_invalid(&answer);
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert_eq!(faults[2], "Idempotency-Key and X-Idempotency-Key must not differ");
}

#[test]
fn a_captured_write_sent_again_is_a_replay() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let captured = side.signer.post(CAMPAIGNS, r#"{"name":"Captured"}"#);
    captured.clone().send().expect_status(201);
    assert_hinted(&captured.send(), "used before");
    assert_eq!(names(side), ["Captured"]);
}

#[test]
fn a_hundred_posts_under_one_key_have_one_effect() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let start = now_seconds() - 100;
    let answers: Vec<Answer> = thread::scope(|scope| {
        let calls: Vec<_> = (0..100)
            .map(|at| {
                let call = post(side, "Crowd", "k-3").timestamp(&(start + at).to_string());
                scope.spawn(move || call.send())
            })
            .collect();
        calls.into_iter().map(|call| call.join().expect("a caller ends")).collect()
    });
    let done: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!done.is_empty());
    assert!(done.iter().all(|answer| answer.text == done[0].text));
    assert_eq!(done.iter().filter(|one| one.header("idempotent-replayed").is_empty()).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        // The first was still in progress.
        assert_refused(answer, 409, "Conflict", "DUPLICATE_REQUEST");
    }
    assert_eq!(names(side), ["Crowd"]);
}

#[test]
fn what_is_no_utf8_or_too_large_or_no_json_is_refused() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let broken = side.signer.post(CAMPAIGNS, b"{\"name\":\"\xff\"}".to_vec()).send();
    assert_eq!(assert_invalid(&broken), ["the body must be UTF-8"]);
    let large = json!({"name": "x".repeat(256 * 1024)}).to_string();
    let answer = side.signer.post(CAMPAIGNS, large).send();
    assert_refused(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
    let typed = side.signer.post(CAMPAIGNS, "{}").media_type(Some("text/plain")).send();
    assert_refused(&typed, 415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE");
    let list = side.signer.post(CAMPAIGNS, "[]").send();
    assert_eq!(assert_invalid(&list), ["body must be a JSON object"]);
}

#[test]
fn a_read_with_the_tag_it_gave_before_has_no_body() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let first = side.signer.get(CAMPAIGNS).send().expect_status(200);
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"'), "{tag}");
    let same = side.signer.get(CAMPAIGNS).header("If-None-Match", &tag).send();
    assert_eq!((same.status, same.text.as_str(), same.header("etag")), (304, "", tag.as_str()));
    post(side, "New", "k-4").send().expect_status(201);
    let changed = side.signer.get(CAMPAIGNS).header("If-None-Match", &tag).at(1).send();
    assert_ne!(changed.expect_status(200).header("etag"), tag);
}
