//! Campaigns over the API: made, shown, changed, moved; every refusal; and what they pay.

use serde_json::{Value, json};
use tests::refusal::{assert_invalid, assert_refused, sentences};
use tests::{Shop, Side, World};

const CAMPAIGNS: &str = "/api/v1/campaigns";

fn create(side: &Side<'_>, body: &Value) -> Value {
    side.signer.post(CAMPAIGNS, body.to_string()).send().expect_status(201).json()
}

fn change(side: &Side<'_>, id: &str, body: &Value) -> tests::Answer {
    side.signer.call("PATCH", &format!("{CAMPAIGNS}/{id}"), body.to_string()).send()
}

fn id_of(campaign: &Value) -> String {
    campaign["id"].as_str().expect("a campaign has an id").to_owned()
}

#[test]
fn a_campaign_is_made_shown_changed_and_moved() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let made = create(
        side,
        &json!({
            "name": " Autumn tea ", "listing": "public", "cookieDays": 7, "holdDays": 0,
            "holdStart": "paid", "fallbackUrl": format!("https://{}/sale", shop.domain),
            "commission": {"kind": "percent", "rateBps": 1250, "cap": "50.00"},
        }),
    );
    assert_eq!(made["name"], "Autumn tea");
    assert_eq!(made["state"], "draft");
    assert_eq!(made["commission"]["rateBps"], 1250);
    assert_eq!(made["commission"]["cap"], "50.00");
    assert_eq!(made["commission"]["currency"], "NPR");
    let id = id_of(&made);
    let path = format!("{CAMPAIGNS}/{id}");
    assert_eq!(side.read(&path), made);
    let changed = change(
        side,
        &id,
        &json!({"cookieDays": 9, "holdStart": null, "fallbackUrl": null, "listing": "invite"}),
    );
    let changed = changed.expect_status(200).json();
    let of = |name: &str| changed[name].clone();
    assert_eq!((of("cookieDays"), of("holdStart")), (json!(9), Value::Null));
    assert_eq!((of("fallbackUrl"), of("listing")), (Value::Null, json!("invite")));
    assert_eq!((of("holdDays"), of("commission")), (json!(0), made["commission"].clone()));
    for (verb, state) in [("activate", "active"), ("pause", "paused"), ("archive", "archived")] {
        let moved = side.signer.call("POST", &format!("{path}/{verb}"), "").send();
        assert_eq!(moved.expect_status(200).json()["state"], state);
    }
    let again = side.signer.call("POST", &format!("{path}/activate"), "").at(1).send();
    assert_eq!(assert_invalid(&again), ["an archived campaign stays archived"]);
    let late = change(side, &id, &json!({"name": "Late"}));
    assert_eq!(assert_invalid(&late), ["an archived campaign never changes"]);
}

#[test]
fn every_fault_of_a_campaign_is_told_at_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let body = json!({
        "name": "", "listing": "secret", "cookieDays": 0, "holdDays": 367, "holdStart": "pending",
        "commission": {"kind": "percent", "rateBps": 10_001, "flatAmount": "1.001", "x": 1},
        "products": ["a", "a", 1], "colour": "red", "rateBps": 1, "state": "paused",
    });
    let faults = assert_invalid(&side.signer.post(CAMPAIGNS, body.to_string()).send());
    let names: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    let expected = [
        "name",
        "listing",
        "state",
        "cookieDays",
        "holdDays",
        "holdStart",
        "commission.rateBps",
        "commission.flatAmount",
        "commission.flatAmount",
        "commission.x",
        "products[1]",
        "products[2]",
        "colour",
        "rateBps",
    ];
    assert_eq!(names, expected, "{faults:#?}");
}

#[test]
fn a_fallback_off_the_approved_domain_is_refused_by_its_own_code() {
    let world = World::shared();
    let shop = Shop::usual(world);
    for url in ["https://elsewhere.example/", "http://PLAIN/", "https://u@DOMAIN/", "no url"] {
        let url = url.replace("DOMAIN", &shop.domain).replace("PLAIN", &shop.domain);
        let body = json!({"name": "Tea", "fallbackUrl": url});
        let answer = shop.test.signer.post(CAMPAIGNS, body.to_string()).send();
        let message = assert_refused(&answer, 400, "Bad Request", "MERCHANT_DOMAIN_INVALID");
        assert!(sentences(&message)[0].starts_with("fallbackUrl "), "{message}");
    }
}

#[test]
fn another_world_s_or_merchant_s_campaign_is_not_found() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let id = id_of(&create(&shop.test, &json!({"name": "Ours"})));
    for side in [&shop.live, &other.test, &other.live] {
        let path = format!("{CAMPAIGNS}/{id}");
        for (method, tail, body) in [
            ("GET", "", ""),
            ("PATCH", "", r#"{"name":"Theirs"}"#),
            ("POST", "/activate", ""),
            ("POST", "/archive", ""),
        ] {
            let answer = side.signer.call(method, &format!("{path}{tail}"), body).send();
            assert_refused(&answer, 404, "Not Found", "CAMPAIGN_NOT_FOUND");
        }
        let list = side.read(&format!("{CAMPAIGNS}?limit=100"));
        let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(id_of).collect();
        assert!(!ids.contains(&id));
    }
    let junk = shop.test.signer.get(&format!("{CAMPAIGNS}/junk")).send();
    assert_refused(&junk, 404, "Not Found", "CAMPAIGN_NOT_FOUND");
    assert_eq!(shop.test.read(&format!("{CAMPAIGNS}/{id}"))["name"], "Ours");
}

#[test]
fn a_product_that_is_not_the_merchant_s_is_not_found_and_nothing_is_made() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"name": "With a stranger", "products": ["NO-SUCH-SKU"]});
    let answer = shop.test.signer.post(CAMPAIGNS, body.to_string()).send();
    assert_refused(&answer, 404, "Not Found", "PRODUCT_NOT_FOUND");
    let list = shop.test.read(&format!("{CAMPAIGNS}?limit=100")).to_string();
    assert!(!list.contains("With a stranger"));
}

#[test]
fn lists_come_in_pages_and_are_filtered() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let made: Vec<_> =
        (0..5).map(|at| id_of(&create(side, &json!({"name": format!("c{at}")})))).collect();
    let mut seen = Vec::new();
    let mut query = "state=draft&limit=2".to_owned();
    loop {
        let page = side.read(&format!("{CAMPAIGNS}?{query}"));
        seen.extend(page["data"].as_array().unwrap().iter().map(id_of));
        match page["nextCursor"].as_str() {
            Some(cursor) => query = format!("state=draft&limit=2&cursor={cursor}"),
            None => break,
        }
    }
    let newest_first: Vec<_> = made.into_iter().rev().collect();
    assert_eq!(seen, newest_first);
    let faults = assert_invalid(&side.signer.get(&format!("{CAMPAIGNS}?state=odd&x=1")).send());
    assert_eq!(faults.len(), 2, "{faults:?}");
}

#[test]
fn an_order_is_priced_by_the_rule_in_force_and_keeps_it() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let terms = |bps: u32| json!({"kind": "percent", "rateBps": bps});
    let campaign =
        create(side, &json!({"name": "Rising", "state": "active", "commission": terms(1_000)}));
    let id = id_of(&campaign);
    let link = json!({
        "affiliateId": shop.affiliate, "campaignId": id,
        "destination": format!("https://{}/tea", shop.domain),
    });
    let link = side.signer.post("/api/v1/links", link.to_string()).send().expect_status(201);
    world.await_directory();
    let click = world.shopper().click(&link.text_of("code"));
    side.outcome(&side.convert("before", "100.00", &click));
    change(side, &id, &json!({"commission": terms(2_000)})).expect_status(200);
    side.outcome(&side.convert("after", "100.00", &click));
    assert_eq!(side.commission("before")["amount"], "10.00");
    assert_eq!(side.commission("after")["amount"], "20.00");
    assert_eq!(side.commission("after")["rule"]["version"], 2);
}

#[test]
fn a_commission_taken_away_leaves_later_orders_to_the_merchant_s_own() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let id = side.campaign.to_string();
    let click = side.click();
    side.outcome(&side.convert("before", "100.00", &click));
    let bare = change(side, &id, &json!({"commission": null})).expect_status(200).json();
    assert_eq!(bare["commission"], Value::Null);
    side.outcome(&side.convert("after", "100.00", &click));
    let level = |order: &str| side.commission(order)["rule"]["level"].clone();
    assert_eq!((level("before"), level("after")), (json!("campaign"), json!("merchant")));
    let again = json!({"commission": {"kind": "percent", "rateBps": 700}});
    let again = side.signer.call("PATCH", &format!("{CAMPAIGNS}/{id}"), again.to_string()).at(1);
    let again = again.send().expect_status(200).json();
    assert_eq!(again["commission"]["version"], 3);
}

#[test]
fn changes_at_once_are_all_done_one_after_the_other() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let id = id_of(&create(side, &json!({"name": "Busy", "cookieDays": 1})));
    let answers: Vec<_> = std::thread::scope(|scope| {
        let id = id.as_str();
        let calls: Vec<_> = (2..=13)
            .map(|days| scope.spawn(move || change(side, id, &json!({"cookieDays": days}))))
            .collect();
        calls.into_iter().map(|call| call.join().expect("a caller ends")).collect()
    });
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let versions = "campaign_terms where campaign_id = $1::uuid";
    assert_eq!(world.database.count(versions, &[&id]), 13);
}
