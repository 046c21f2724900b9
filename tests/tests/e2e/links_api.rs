//! Links over the API: made, followed, paused, archived; every refusal.

use serde_json::{Value, json};
use tests::refusal::{assert_invalid, assert_refused};
use tests::{Shop, World};
use uuid::Uuid;

const LINKS: &str = "/api/v1/links";

fn new_link(shop: &Shop<'_>) -> Value {
    let campaigns = shop.test.read("/api/v1/campaigns?state=active");
    json!({
        "affiliateId": shop.affiliate,
        "campaignId": campaigns["data"][0]["id"],
        "destination": format!("https://{}/tea?a=1#top", shop.domain),
    })
}

#[test]
fn a_link_is_made_followed_paused_resumed_and_archived() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let code = format!("api-{}", Uuid::now_v7().simple());
    let mut body = new_link(&shop);
    body["code"] = json!(code);
    let made = side.signer.post(LINKS, body.to_string()).send().expect_status(201).json();
    assert_eq!(made["path"], format!("/c/{code}"));
    assert_eq!(made["destination"], body["destination"]);
    let path = format!("{LINKS}/{code}");
    assert_eq!(side.read(&path), made);
    world.await_directory();
    let follow = || world.shopper().visit(&format!("/c/{code}")).send();
    assert!(follow().header("location").contains("click_id=clk_"));
    let become_state = |state: &str| {
        let body = json!({"state": state}).to_string();
        side.signer.call("PATCH", &path, body).send()
    };
    for (state, works) in [("paused", false), ("live", true), ("archived", false)] {
        assert_eq!(become_state(state).expect_status(200).json()["state"], state);
        world.await_directory();
        tests::eventually(tests::BOUND, &format!("the edge has it {state}"), || {
            let to = follow().header("location").to_owned();
            if to.contains("click_id=") == works { Ok(()) } else { Err(to) }
        });
    }
    assert_eq!(assert_invalid(&become_state("live")), ["an archived link stays archived"]);
}

#[test]
fn every_fault_of_a_link_is_told_at_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = r#"{"affiliateId":"x","code":"a b","url":"https://x/"}"#;
    let faults = assert_invalid(&shop.test.signer.post(LINKS, body).send());
    let names: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["affiliateId", "campaignId", "destination", "code", "url"], "{faults:?}");
    let body = r#"{"state":"gone","destination":"https://x/"}"#;
    let path = format!("{LINKS}/anything");
    let faults = assert_invalid(&shop.test.signer.call("PATCH", &path, body).send());
    assert_eq!(faults[1], "destination never changes; make another link");
}

#[test]
fn what_a_link_names_must_be_there_and_the_merchant_s_own() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let side = &shop.test;
    let send = |body: &Value| side.signer.post(LINKS, body.to_string()).send();
    let with = |name: &str, value: Value| {
        let mut body = new_link(&shop);
        body[name] = value;
        body
    };
    let unknown = json!(Uuid::now_v7());
    let answer = send(&with("campaignId", unknown.clone()));
    assert_refused(&answer, 404, "Not Found", "CAMPAIGN_NOT_FOUND");
    let foreign = new_link(&other)["campaignId"].clone();
    let answer = send(&with("campaignId", foreign));
    assert_refused(&answer, 404, "Not Found", "CAMPAIGN_NOT_FOUND");
    let faults = assert_invalid(&send(&with("affiliateId", unknown)));
    assert_eq!(faults, ["affiliateId names no affiliate"]);
    let answer = send(&with("destination", json!("https://elsewhere.example/")));
    assert_refused(&answer, 400, "Bad Request", "MERCHANT_DOMAIN_INVALID");
    let taken = side.read(&format!("{LINKS}?limit=1"))["data"][0]["code"].clone();
    assert_eq!(assert_invalid(&send(&with("code", taken.clone()))), ["code is taken"]);
    // Codes are unique over the network, but only their owner sees them.
    let path = format!("{LINKS}/{}", taken.as_str().unwrap());
    for side in [&shop.live, &other.test] {
        assert_refused(&side.signer.get(&path).send(), 404, "Not Found", "NOT_FOUND");
        let change = side.signer.call("PATCH", &path, r#"{"state":"paused"}"#).send();
        assert_refused(&change, 404, "Not Found", "NOT_FOUND");
    }
    assert_eq!(side.read(&path)["state"], "live");
}

#[test]
fn links_are_listed_and_filtered() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let made = side.signer.post(LINKS, new_link(&shop).to_string()).send().expect_status(201);
    let (made, all) = (made.json(), side.read(&format!("{LINKS}?limit=100")));
    assert_eq!(all["data"][0], made, "newest first");
    let by = |query: &str| side.read(&format!("{LINKS}?{query}"))["data"].clone();
    let campaign = made["campaignId"].as_str().unwrap();
    let of_campaign = by(&format!("campaignId={campaign}&limit=100"));
    assert!(of_campaign.as_array().unwrap().iter().all(|row| row["campaignId"] == campaign));
    assert_eq!(by(&format!("code={}", made["code"].as_str().unwrap())), json!([made]));
    assert_eq!(by("state=archived"), json!([]));
    assert_eq!(by(&format!("affiliateId={}", Uuid::now_v7())), json!([]));
    let faults = assert_invalid(&side.signer.get(&format!("{LINKS}?affiliateId=x&y=1")).send());
    assert_eq!(faults.len(), 1, "{faults:?}");
}
