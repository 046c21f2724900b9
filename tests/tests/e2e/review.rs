//! Coupons, customers and the review queue through the real edge: what waits, who decides, what
//! the explanation says of it.

use serde_json::{Value, json};
use tests::side::CONVERSIONS;
use tests::{Shop, Side, World};

/// `--merchant … --environment …` of a side, as its commands take them.
fn books(side: &Side<'_>) -> Vec<String> {
    let [merchant, environment] = side.binds();
    ["--merchant".to_owned(), merchant, "--environment".to_owned(), environment].into()
}

fn operate(world: &World, command: &[&str], side: &Side<'_>) -> String {
    let books = books(side);
    let all: Vec<&str> = command.iter().copied().chain(books.iter().map(String::as_str)).collect();
    world.operate(&all)
}

fn assign_coupon(world: &World, shop: &Shop<'_>, code: &str) {
    let (affiliate, campaign) = (shop.affiliate.to_string(), shop.live.campaign.to_string());
    let earner = ["--affiliate", affiliate.as_str(), "--campaign", campaign.as_str()];
    operate(world, &[&["coupon", "assign", code][..], &earner].concat(), &shop.live);
}

/// Reports an order without a click; answers the code of its outcome.
fn order(side: &Side<'_>, id: &str, more: &Value) -> String {
    let mut body = json!({"externalOrderId": id, "orderAmount": "2999.00"});
    for (name, value) in more.as_object().expect("more fields are an object") {
        body[name] = value.clone();
    }
    side.outcome(&side.report(CONVERSIONS, &body)).code
}

#[test]
fn a_coupon_waits_for_a_person_and_earns_once_it_is_confirmed() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    assign_coupon(world, &shop, "SAVE10");
    let coupon = json!({"couponCode": "save10"});
    assert_eq!(order(side, "c", &coupon), "IN_REVIEW");
    let conversion = side.conversion("c");
    assert_eq!(
        (&conversion["state"], &conversion["confidence"]),
        (&json!("attributed"), &json!("MEDIUM"))
    );
    assert_eq!(conversion["affiliateId"], shop.affiliate.to_string());
    assert_eq!(side.find_commission("c"), None);
    let waits = side.explain("c")["next"]["sentence"].as_str().unwrap().to_owned();
    assert!(waits.contains("until a person confirms"), "{waits}");
    assert_eq!(order(&shop.test, "c", &coupon), "IN_REVIEW");
    assert_eq!(shop.test.conversion("c")["confidence"], "LOW", "a live coupon is none in test");
    let id = side.conversion_id("c");
    let books = books(side);
    let books: Vec<&str> = books.iter().map(String::as_str).collect();
    let list = world.try_command(&[&["review", "list"], books.as_slice()].concat());
    let listed = list.unwrap();
    assert!(listed.contains(&id) && listed.contains("MEDIUM"), "{listed}");
    operate(world, &["review", "confirm", &id], side);
    assert_eq!(side.commission("c")["amount"], "299.90");
    let explained = side.explain("c");
    assert_eq!(explained["decision"]["decision"], "confirm");
    let reasons = explained["reasons"].as_array().unwrap();
    let told: Vec<_> = reasons.iter().map(|told| told["kind"].as_str().unwrap()).collect();
    assert_eq!(told, ["click", "coupon", "customer"]);
    let command = [&["review", "reject", &id], books.as_slice(), &["--as", &world.operator]];
    let command = command.concat();
    let refused = world.try_command(&command).unwrap_err();
    assert!(refused.contains("decided before"), "{refused}");
}

#[test]
fn a_customer_is_known_again_and_what_a_person_rejects_earns_nothing_at_all() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let customer = json!({"customerId": "ann"});
    assert_eq!(order(side, "1", &json!({"customerId": "ann", "clickId": side.click()})), "APPLIED");
    assert_eq!(order(side, "2", &customer), "IN_REVIEW");
    assert_eq!(side.conversion("2")["confidence"], "MEDIUM");
    operate(world, &["review", "reject", &side.conversion_id("2")], side);
    assert_eq!(side.conversion("2")["state"], "unattributed");
    let why = side.explain("2")["next"]["sentence"].as_str().unwrap().to_owned();
    assert!(why.starts_with("Nobody earns this order: a person decided so"), "{why}");
    assert_eq!(side.find_commission("2"), None);
}

#[test]
fn a_merchant_may_let_coupons_earn_by_themselves_and_see_what_a_rule_would_change() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    assign_coupon(world, &shop, "SAVE10");
    let merchant = shop.merchant.to_string();
    let setting = ["--order", "coupon,click", "--automatic", "coupon"];
    let command = ["merchant", "attribution", &merchant, "--environment", "live"];
    world.operate(&[&command[..], &setting].concat());
    assert_eq!(order(side, "c", &json!({"couponCode": "SAVE10"})), "APPLIED");
    assert_eq!(side.commission("c")["amount"], "299.90");
    let campaign = side.campaign.to_string();
    let proposed = ["rule", "preview", "--campaign", &campaign, "--bps", "2000"];
    let printed = operate(world, &proposed, side);
    for part in ["299.90", "599.80", "nothing was written"] {
        assert!(printed.contains(part), "{printed}");
    }
}
