//! Webhook endpoints over the API: made, shown without their secret, changed, deleted.

use serde_json::{Value, json};
use tests::refusal::{assert_hinted, assert_invalid, assert_refused};
use tests::{Answer, Shop, Side, World};

const ENDPOINTS: &str = "/api/v1/webhook-endpoints";

fn good() -> Value {
    json!({"url": "https://hooks.shop.example/khata", "events": ["ping", "commission.paid"]})
}

fn create(side: &Side<'_>, second: i64) -> Answer {
    side.signer.post(ENDPOINTS, good().to_string()).at(second).send()
}

#[test]
fn an_endpoint_is_made_with_a_secret_shown_once_changed_and_deleted() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let mut made = create(side, 0).expect_status(201).json();
    let secret = made["secret"].take();
    assert!(secret.as_str().is_some_and(|text| text.starts_with("whsec_")), "{secret}");
    made.as_object_mut().unwrap().remove("secret");
    assert_eq!(made["events"], json!(["commission.paid", "ping"]));
    assert_eq!((&made["format"], &made["state"]), (&json!("khata"), &json!("active")));
    let path = format!("{ENDPOINTS}/{}", made["id"].as_str().unwrap());
    assert_eq!(side.read(&path), made);
    assert_eq!(side.read(ENDPOINTS)["data"], json!([made]));
    let change = json!({"state": "paused", "description": "Till Monday"});
    let changed = side.signer.call("PATCH", &path, change.to_string()).send().expect_status(200);
    assert_eq!(changed.json()["state"], "paused");
    assert_eq!(changed.json()["description"], "Till Monday");
    assert_eq!(changed.json()["url"], made["url"]);
    assert!(!changed.text.contains("whsec_"));
    assert_eq!(side.read(&format!("{ENDPOINTS}?state=active"))["data"], json!([]));
    let gone = side.signer.call("DELETE", &path, "").send().expect_status(204);
    assert_eq!(gone.text, "");
    let again = side.signer.call("DELETE", &path, "").at(1).send();
    assert_refused(&again, 404, "Not Found", "NOT_FOUND");
    let late = side.signer.call("PATCH", &path, change.to_string()).at(1).send();
    assert_refused(&late, 404, "Not Found", "NOT_FOUND");
}

#[test]
fn every_fault_of_an_endpoint_is_told_at_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let wrong = json!({
        "url": "ftp://hooks.shop.example/", "events": ["ping", "*", "ping"],
        "format": "affiliate_order", "description": "", "state": "paused",
    });
    let faults = assert_invalid(&side.signer.post(ENDPOINTS, wrong.to_string()).send());
    let names: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    let expected = ["url", "events[1]", "events[2]", "description", "format", "state"];
    assert_eq!(names, expected, "{faults:#?}");
    let id = create(side, 0).expect_status(201).text_of("id");
    let path = format!("{ENDPOINTS}/{id}");
    let urls = ["hooks.shop.example", "https://u:p@hooks.shop.example/", "https://a.example/#b"];
    for (second, url) in (0..).zip(urls) {
        let body = json!({"url": url}).to_string();
        let answer = side.signer.call("PATCH", &path, body).at(second).send();
        let faults = assert_invalid(&answer);
        assert!(faults.len() == 1 && faults[0].starts_with("url "), "{url}: {faults:?}");
    }
    let nothing = side.signer.call("PATCH", &path, "{}").send();
    let expected = "body must name at least one of url, events, description, state";
    assert_eq!(assert_invalid(&nothing), [expected]);
}

#[test]
fn a_repeat_shows_the_same_secret_and_makes_no_second_endpoint() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let call = |second| {
        let call = side.signer.post(ENDPOINTS, good().to_string()).at(second);
        call.header("Idempotency-Key", "hook-1")
    };
    let first = call(0).send().expect_status(201);
    let again = call(1).send().expect_status(201);
    assert_eq!((&again.text, again.header("idempotent-replayed")), (&first.text, "true"));
    assert_eq!(side.read(ENDPOINTS)["data"].as_array().map(Vec::len), Some(1));
    let captured = side.signer.post(ENDPOINTS, good().to_string()).at(2);
    captured.clone().send().expect_status(201);
    assert_hinted(&captured.send(), "used before");
    // Neither the row nor the remembered answer holds the secret as it is.
    let secret = first.text_of("secret");
    let rows = world.database.rows(
        "select encode(answer_sealed, 'escape') as answer from idempotency_record
         where merchant_id = $1::uuid",
        &[&shop.merchant.to_string()],
    );
    assert!(!rows.is_empty() && rows.iter().all(|row| !row.to_string().contains(&secret)));
}

#[test]
fn twenty_endpoints_are_the_most_and_each_world_and_merchant_has_its_own() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let side = &shop.test;
    let id = create(side, 0).expect_status(201).text_of("id");
    for second in 1..20 {
        create(side, second).expect_status(201);
    }
    let expected = "there are 20 endpoints already, the most there may be";
    assert_eq!(assert_invalid(&create(side, 20)), [expected]);
    let path = format!("{ENDPOINTS}/{id}");
    for stranger in [&shop.live, &other.test, &other.live] {
        for (method, body) in [("GET", ""), ("PATCH", r#"{"state":"paused"}"#), ("DELETE", "")] {
            let answer = stranger.signer.call(method, &path, body).send();
            assert_refused(&answer, 404, "Not Found", "NOT_FOUND");
        }
        assert_eq!(stranger.read(ENDPOINTS)["data"], json!([]));
    }
    create(&shop.live, 0).expect_status(201);
    assert_eq!(side.read(&path)["state"], "active");
    let page = side.read(&format!("{ENDPOINTS}?limit=15"));
    let cursor = page["nextCursor"].as_str().expect("there is a second page");
    let rest = side.read(&format!("{ENDPOINTS}?limit=15&cursor={cursor}"));
    assert_eq!(rest["data"].as_array().map(Vec::len), Some(5));
    let junk = side.signer.get(&format!("{ENDPOINTS}/junk")).send();
    assert_refused(&junk, 404, "Not Found", "NOT_FOUND");
}
