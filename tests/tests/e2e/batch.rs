//! Batches: one signature and one answer, a result for each event in its place (EDGE §5).

use std::thread;

use serde_json::{Value, json};
use shared::id::EventId;
use tests::refusal::{assert_invalid, assert_refused, assert_unauthorized};
use tests::side::Side;
use tests::{Answer, Plan, Shop, World};

const CONVERSIONS: &str = "/api/v1/conversions/batch";
const ORDER_STATUS: &str = "/api/v1/order-status/batch";

fn order(id: &str) -> Value {
    json!({"externalOrderId": id, "orderAmount": "10.00"})
}

fn orders(prefix: &str, many: usize) -> Vec<Value> {
    (0..many).map(|number| order(&format!("{prefix}-{number}"))).collect()
}

fn text(events: &[Value]) -> String {
    Value::from(events).to_string()
}

fn results(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 202, "{}", answer.text);
    let mut body = answer.json();
    let results = body["results"].as_array_mut().expect("an answer has results");
    std::mem::take(results)
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|one| one["status"].as_str().unwrap_or_default()).collect()
}

fn ids(results: &[Value]) -> Vec<EventId> {
    let ids = results.iter().filter_map(|one| EventId::parse(one["eventId"].as_str()?));
    ids.collect()
}

fn stored(side: &Side<'_>) -> i64 {
    let [merchant, environment] = side.binds();
    let events = "inbox where merchant_id = $1::uuid and environment = $2";
    side.world.database.count(events, &[&merchant, &environment])
}

#[test]
fn a_hundred_orders_come_in_one_call_and_each_settles() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let click_id = shop.live.click();
    let events: Vec<Value> = (0..100)
        .map(|number| json!({
            "externalOrderId": format!("o-{number}"), "orderAmount": "100.00",
            "clickId": click_id, "metadata": {"say": "\"é\" \\ 😀", "n": 12_345_678_901_234_567_i64},
        }))
        .collect();
    let answer = shop.live.post(CONVERSIONS, text(&events));
    let ids = ids(&results(&answer));
    assert_eq!(ids.len(), 100);
    for (id, seq) in ids.iter().zip(1..) {
        assert_eq!((id.seq, id.epoch), (seq, ids[0].epoch), "in order and without a gap");
        assert_eq!(shop.live.outcome(&id.to_string()).code, "APPLIED");
    }
    assert_eq!(shop.live.conversion("o-99")["orderAmount"], "100.00");
    assert_eq!(shop.live.commission("o-0")["state"], "pending");
    let reports: Vec<Value> = (0..100)
        .map(|number| json!({"externalOrderId": format!("o-{number}"), "status": "delivered"}))
        .collect();
    let told = results(&shop.live.post(ORDER_STATUS, text(&reports)));
    let last = told[99]["eventId"].as_str().unwrap().to_owned();
    assert!(last.starts_with("osevt_"), "{last}");
    assert_eq!(shop.live.outcome(&last).code, "APPLIED");
    assert_eq!(shop.live.commission("o-99")["state"], "hold");
}

#[test]
fn each_event_is_answered_in_its_place_and_wrong_ones_stop_no_other() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.post("/api/v1/conversions", order("known").to_string()).expect_status(202);
    let deep = format!("{{\"externalOrderId\":\"x\",\"metadata\":{}", "[".repeat(40));
    let body = format!(
        r#"[{},{},7,{{"externalOrderId":"x","externalOrderId":"y","orderAmount":"1"}},
        {deep}{}}},{},{},{{"externalOrderId":"\ud800","orderAmount":"1"}},{}]"#,
        order("new"),
        json!({"externalOrderId": "bad", "orderAmount": 5, "colour": "red"}),
        "]".repeat(40),
        order("known"),
        order("new"),
        order("last"),
    );
    let results = results(&shop.live.post(CONVERSIONS, body));
    let expected = ["RECEIVED", "", "", "", "", "DUPLICATE", "DUPLICATE", "", "RECEIVED"];
    assert_eq!(statuses(&results), expected);
    let known = |id: &str| {
        json!({
            "status": "DUPLICATE", "conversionId": shop.live.conversion_id(id), "duplicate": true,
        })
    };
    assert_eq!((&results[5], &results[6]), (&known("known"), &known("new")));
    let faults = json!({
        "code": "VALIDATION_ERROR",
        "message": [
            "orderAmount must be a decimal string like \"2999.00\", at most 15 digits before the point",
            "colour is not a property here",
        ],
    });
    assert_eq!(results[1], faults);
    for (at, part) in [(2, "JSON object"), (3, "repeated"), (4, "nested"), (7, "surrogate")] {
        assert_eq!(results[at]["code"], "VALIDATION_ERROR");
        assert!(results[at]["message"].to_string().contains(part), "{}", results[at]);
    }
    let ids = ids(&results);
    assert_eq!((ids.len(), ids[1].seq), (2, ids[0].seq + 1));
    shop.live.outcome(&ids[1].to_string());
    assert_eq!(stored(&shop.live), 3);
}

#[test]
fn a_status_outside_the_list_has_its_own_code_and_a_repeated_one_its_first_event() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "10.00");
    let report = |status: &str| json!({"externalOrderId": "o", "status": status});
    let events = [report("paid"), report("lost"), report("paid"), report("delivered")];
    let results = results(&shop.live.post(ORDER_STATUS, text(&events)));
    assert_eq!(statuses(&results), ["RECEIVED", "", "DUPLICATE", "RECEIVED"]);
    assert_eq!(results[1]["code"], "ORDER_STATUS_INVALID");
    assert_eq!(results[2]["eventId"], results[0]["eventId"]);
    let last = results[3]["eventId"].as_str().unwrap();
    assert_eq!(shop.live.outcome(last).code, "APPLIED");
}

#[test]
fn what_is_no_batch_is_refused_whole() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let too_many = text(&orders("o", 101));
    let cases = [
        ("{}", "JSON array"),
        ("[]", "1 to 100"),
        (&too_many, "1 to 100"),
        ("[{}", "valid JSON"),
        ("", "valid JSON"),
    ];
    for (at, (body, part)) in (0_i64..).zip(cases) {
        // A body's signature does not name its path: on the other one it would be a replay.
        for (path, at) in [(CONVERSIONS, at), (ORDER_STATUS, at + 100)] {
            let answer = shop.live.signer.post(path, body).at(at).send();
            let sentences = assert_invalid(&answer);
            assert!(sentences.len() == 1 && sentences[0].contains(part), "{sentences:?}");
        }
    }
    let wrong_key = shop.live.signer.post(CONVERSIONS, "{}").at(9);
    let wrong_key = wrong_key.header("Idempotency-Key", "a").header("X-Idempotency-Key", "b");
    assert_eq!(assert_invalid(&wrong_key.send()).len(), 2);
    let get = shop.live.signer.get(CONVERSIONS).send();
    assert_refused(&get, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED");
}

#[test]
fn a_batch_may_be_one_mebibyte() {
    let world = World::shared();
    let shop = Shop::usual(world);
    // Quotes and backslashes are what grows when text is put into text.
    let padding = r#"\"\\"#.repeat(2_500);
    let mut events: Vec<String> = (0..100)
        .map(|number| format!(
            r#"{{"externalOrderId":"o-{number}","orderAmount":"1","metadata":{{"p":"{padding}"}}}}"#
        ))
        .collect();
    let length = |events: &[String]| format!("[{}]", events.join(",")).len();
    let room = 1024 * 1024 - length(&events);
    events[0] = format!("{}{}", events[0], " ".repeat(room));
    assert_eq!(length(&events), 1024 * 1024);
    let body = format!("[{}]", events.join(","));
    let larger = format!("{body} ");
    let results = results(&shop.live.post(CONVERSIONS, body));
    assert_eq!(statuses(&results), ["RECEIVED"; 100]);
    shop.live.outcome(results[99]["eventId"].as_str().unwrap());
    let answer = shop.live.post(CONVERSIONS, larger);
    assert_refused(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
}

#[test]
fn a_batch_spends_a_token_for_each_event_or_none() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { per_hour_max: 10, ..Plan::default() });
    let post = |prefix: &str, many: usize| {
        shop.live.signer.post(CONVERSIONS, text(&orders(prefix, many))).send()
    };
    assert_eq!(results(&post("a", 6)).len(), 6);
    let message = assert_refused(&post("b", 5), 429, "Too Many Requests", "RATE_LIMITED");
    assert_eq!(message, "Rate limit exceeded (10/hour)");
    // It spent nothing, so what fits still passes; and a wrong event is a token too.
    let mixed = [order("c-0"), json!({}), order("c-1"), order("c-1")];
    let mixed = results(&shop.live.post(CONVERSIONS, text(&mixed)));
    assert_eq!(statuses(&mixed), ["RECEIVED", "", "RECEIVED", "DUPLICATE"]);
    assert_eq!(post("d", 1).status, 429);
    shop.live.outcome(&ids(&mixed)[1].to_string());
    assert_eq!(stored(&shop.live), 8);
}

#[test]
fn the_same_signature_is_taken_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let call = shop.live.signer.post(CONVERSIONS, text(&orders("o", 3)));
    results(&call.clone().send());
    assert_unauthorized(&call.clone().send());
    assert_unauthorized(&call.header("Idempotency-Key", "k").send());
}

#[test]
fn a_repeat_is_answered_byte_for_byte_and_another_body_is_a_conflict() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.post("/api/v1/conversions", order("known").to_string()).expect_status(202);
    let body = text(&[order("known"), json!({}), order("a"), order("b"), order("a")]);
    let post = |body: &str, at: i64| shop.live.signer.post(CONVERSIONS, body).at(at);
    let first = post(&body, 0).header("Idempotency-Key", "k").send().expect_status(202);
    assert_eq!(first.header("idempotent-replayed"), "");
    for (at, name) in [(1, "Idempotency-Key"), (2, "X-Idempotency-Key")] {
        let again = post(&body, at).header(name, "k").send().expect_status(202);
        assert_eq!((&again.text, again.header("idempotent-replayed")), (&first.text, "true"));
    }
    let other = post(&text(&orders("other", 1)), 3).header("Idempotency-Key", "k").send();
    assert_refused(&other, 409, "Conflict", "DUPLICATE_REQUEST");
    // The key is this path's alone; and without it, all that was new is known.
    let single = shop.live.signer.post("/api/v1/conversions", order("c").to_string());
    let single = single.header("Idempotency-Key", "k").send();
    assert_eq!(single.json()["status"], "RECEIVED");
    let known = results(&post(&body, 4).send());
    assert_eq!(statuses(&known), ["DUPLICATE", "", "DUPLICATE", "DUPLICATE", "DUPLICATE"]);
}

#[test]
fn a_batch_without_anything_new_stores_nothing() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let post = |body: String, at: i64| {
        let call = shop.live.signer.post(CONVERSIONS, body).at(at);
        call.header("Idempotency-Key", "k").send()
    };
    let nothing = results(&post(text(&[json!({}), json!(1)]), 0));
    assert_eq!(statuses(&nothing), ["", ""]);
    // Nothing was kept under the key, so it is free.
    let taken = results(&post(text(&orders("o", 2)), 1));
    assert_eq!(statuses(&taken), ["RECEIVED"; 2]);
    assert_eq!(ids(&taken)[0].seq, 1);
}

#[test]
fn a_hundred_retries_of_one_batch_at_once_have_one_effect_and_one_answer() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = text(&orders("crowd", 20));
    let answers: Vec<Answer> = thread::scope(|scope| {
        let threads: Vec<_> = (0..100)
            .map(|number| {
                let call = shop.live.signer.post(CONVERSIONS, body.as_bytes());
                let call = call.at(4 * number - 200).header("Idempotency-Key", "crowd");
                scope.spawn(move || call.send())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a call is answered")).collect()
    });
    let first = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_empty());
    assert_eq!(first.count(), 1);
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (202, &answers[0].text));
    }
    let ids = ids(&results(&answers[0]));
    assert_eq!(ids.len(), 20);
    shop.live.outcome(&ids[19].to_string());
    assert_eq!(stored(&shop.live), 20);
}
