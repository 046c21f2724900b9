//! What is recorded of a click: it arrives in Postgres, with sub ids and class, without address.

use serde_json::{Value, json};
use tests::shopper::click_id;
use tests::world::ADDRESS_HEADER;
use tests::{BOUND, Shop, World, eventually};

fn recorded(world: &World, id: &str) -> Value {
    eventually(BOUND, &format!("the record of {id}"), || {
        let query = "select environment, merchant_id, affiliate_id, campaign_id, class, reason, \
                     private, sub_ids, shopper_hash from click where click_id = $1";
        world.database.rows(query, &[id]).pop().ok_or_else(|| "no row".to_owned())
    })
}

#[test]
fn a_click_arrives_with_the_affiliates_own_tags() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let long = "é".repeat(80);
    let path = format!(
        "/c/{}?sub1=news%20letter&sub2=&sub3=%F0%9F%8E%81&sub5={long}&sub6=never",
        shop.live.link.code
    );
    let path = path.replace('é', "%C3%A9");
    let answer = world.shopper().visit(&path).send().expect_status(302);
    assert!(!answer.header("location").contains("sub1"), "{}", answer.header("location"));
    let row = recorded(world, &click_id(&answer).unwrap());
    assert_eq!(row["sub_ids"], json!(["news letter", "", "🎁", "", "é".repeat(64)]));
    assert_eq!(row["merchant_id"], shop.merchant.to_string());
    assert_eq!(row["affiliate_id"], shop.affiliate.to_string());
    assert_eq!(row["campaign_id"], shop.live.campaign.to_string());
    assert_eq!((&row["environment"], &row["class"]), (&json!("live"), &json!("human")));
    assert_eq!(row["private"], false);
}

#[test]
fn other_classes_are_recorded_with_their_reason() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let visit = || world.shopper().visit(&format!("/c/{}", shop.test.link.code));
    let cases = [
        (visit().method("HEAD"), "head"),
        (visit().header("Purpose", "prefetch"), "prefetch"),
        (visit().header("Sec-Fetch-Dest", "image"), "bot"),
        (visit().user_agent("WhatsApp/2.23.20.0"), "preview"),
    ];
    for (visit, class) in cases {
        let row = recorded(world, &click_id(&visit.send()).unwrap());
        assert_eq!((&row["environment"], &row["class"]), (&json!("test"), &json!(class)));
        assert!(!row["reason"].as_str().unwrap().is_empty(), "{row}");
    }
    let embedded = visit().header("Sec-Fetch-Dest", "image").send();
    assert_eq!(recorded(world, &click_id(&embedded).unwrap())["reason"], "embedded");
}

#[test]
fn an_address_leaves_a_hash_of_the_day_and_the_merchant_alone() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    let hash = |shop: &Shop<'_>, address: Option<&str>| {
        let mut visit = world.shopper().visit(&format!("/c/{}", shop.live.link.code));
        if let Some(address) = address {
            visit = visit.header(ADDRESS_HEADER, address);
        }
        let row = recorded(world, &click_id(&visit.send()).unwrap());
        assert!(!row.to_string().contains("203.0.113"), "{row}");
        row["shopper_hash"].clone()
    };
    let one = hash(&shop, Some("203.0.113.7"));
    assert!(one.is_string(), "{one}");
    assert_eq!(one, hash(&shop, Some("203.0.113.7")));
    assert_ne!(one, hash(&shop, Some("203.0.113.8")));
    assert_ne!(one, hash(&other, Some("203.0.113.7")));
    assert_eq!(hash(&shop, Some("2001:db8:1:2::3")), hash(&shop, Some("2001:db8:1:2:9::9")));
    assert_eq!(hash(&shop, None), Value::Null);
}

#[test]
fn a_click_without_a_redirect_is_minted_as_json_and_earns() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let path = format!("/c/{}/click", side.link.code);
    let answer = world.shopper().visit(&path).method("POST").send().expect_status(201);
    let id = answer.text_of("clickId");
    let destination = format!("https://{}/welcome?click_id={id}", shop.domain);
    assert_eq!(answer.json(), json!({"clickId": id, "destination": destination}));
    assert_ne!(answer.header("x-request-id"), "");
    let outcome = side.outcome(&side.convert("app-order", "100.00", &id));
    assert_eq!(outcome.code, "APPLIED");
    assert_eq!(side.conversion("app-order")["confidence"], "HIGH");
    let unknown = world.shopper().visit("/c/no-such-link/click").method("POST").send();
    assert_eq!(unknown.status, 404);
}

#[test]
fn a_burst_of_clicks_is_recorded_to_the_last() {
    const BURST: usize = 200;
    let world = World::shared();
    let shop = Shop::usual(world);
    let code = shop.live.link.code.as_str();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..BURST / 4).for_each(|_| drop(world.shopper().click(code))));
        }
    });
    let rows = "click where merchant_id = $1::uuid";
    eventually(BOUND, "every click of the burst is recorded", || {
        let many = world.database.count(rows, &[&shop.merchant.to_string()]);
        if many == i64::try_from(BURST).unwrap() { Ok(()) } else { Err(many.to_string()) }
    });
}
