//! Who earns an order, and the reason when nobody does.

use serde_json::json;
use shared::click_id::{Click, ClickClass};
use tests::side::{CONVERSIONS, Side, find};
use tests::{Plan, Shop, World};

const DAY_SECONDS: i64 = 86_400;

fn now() -> i64 {
    tests::eventually::now_seconds()
}

/// Asserts that an order with this click id is LOW for this reason.
fn assert_low(side: &Side<'_>, order: &str, click_id: Option<&str>, reason: &str) {
    let mut body = json!({"externalOrderId": order, "orderAmount": "100.00"});
    if let Some(click_id) = click_id {
        body["clickId"] = json!(click_id);
    }
    assert_low_body(side, order, &body, reason);
}

fn assert_low_body(side: &Side<'_>, order: &str, body: &serde_json::Value, reason: &str) {
    let outcome = side.outcome(&side.report(CONVERSIONS, body));
    assert_eq!(
        (outcome.state.as_str(), outcome.code.as_str()),
        ("applied", "IN_REVIEW"),
        "{order}"
    );
    let conversion = side.conversion(order);
    assert_eq!(conversion["confidence"], "LOW", "{order}");
    assert_eq!(conversion["affiliateId"], json!(null), "{order}");
    assert_eq!(side.find_commission(order), None, "{order}");
    let explained = side.explain(order);
    let candidates = find(&explained, "candidates").expect("a receipt names its candidates");
    assert_eq!(candidates[0]["result"], "lost", "{order}");
    assert_eq!(candidates[0]["reason"], reason, "{order}: {candidates}");
}

/// The id with one character of its seal changed.
fn forged(id: &str) -> String {
    let last = if id.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &id[..id.len() - 1])
}

#[test]
fn a_click_id_that_is_none_of_ours_earns_nothing_and_says_why() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    assert_low(side, "absent", None, "absent");
    assert_low(side, "foreign", Some("CLK_example123"), "mangled");
    assert_low(side, "cut", Some(&side.click()[..43]), "mangled");
    assert_low(side, "odd", Some(&side.click().replacen('_', "-", 1)), "mangled");
    let forged = forged(&side.click());
    assert_low(side, "forged", Some(&forged), "forged");
    let explained = side.explain("forged");
    assert!(find(&explained, "riskReasons").unwrap().to_string().contains("forged"));
}

#[test]
fn a_click_of_another_merchant_or_the_other_environment_earns_nothing() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    assert_low(&shop.live, "merchant", Some(&other.live.click()), "other_merchant");
    assert_low(&shop.live, "environment", Some(&shop.test.click()), "other_environment");
    assert_low(&shop.test, "environment", Some(&shop.live.click()), "other_environment");
    let explained = shop.live.explain("merchant").to_string();
    assert!(!explained.contains(&other.affiliate.to_string()), "{explained}");
}

#[test]
fn only_the_cookie_window_earns() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { cookie_days: 30, ..Plan::default() });
    let side = &shop.live;
    let number = side.link.link_number;
    let inside = side.seal(number, now() - 30 * DAY_SECONDS + 120);
    assert_eq!(side.outcome(&side.convert("inside", "10.00", &inside)).code, "APPLIED");
    let passed = side.seal(number, now() - 30 * DAY_SECONDS - 5);
    assert_low(side, "passed", Some(&passed), "window_passed");
    // An order placed inside the window and reported late earns.
    let ordered_at = jiff::Timestamp::from_second(now() - 3_600).unwrap().to_string();
    let body = json!({
        "externalOrderId": "reported late",
        "orderAmount": "10.00",
        "clickId": passed,
        "orderedAt": ordered_at,
    });
    assert_eq!(side.outcome(&side.report(CONVERSIONS, &body)).code, "APPLIED");
}

#[test]
fn an_order_before_its_click_earns_nothing_but_for_five_minutes() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let body = |order: &str, seconds: i64| {
        let ordered_at = jiff::Timestamp::from_second(now() - seconds).unwrap().to_string();
        json!({
            "externalOrderId": order,
            "orderAmount": "10.00",
            "clickId": side.click(),
            "orderedAt": ordered_at,
        })
    };
    let near = body("near", 240);
    assert_eq!(side.outcome(&side.report(CONVERSIONS, &near)).code, "APPLIED");
    assert_low_body(side, "far", &body("far", 400), "click_after_order");
}

#[test]
fn case_and_look_alikes_of_a_click_id_are_forgiven() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let id = side.click();
    let (prefix, rest) = id.split_at(4);
    let spellings = [
        format!("{prefix}{}", rest.to_lowercase()),
        format!("{prefix}{}", rest.to_uppercase()),
        format!("{prefix}{}", rest.replace('0', "O").replace('1', "l")),
        format!("{}{rest}", prefix.to_uppercase()),
    ];
    for (at, spelling) in spellings.iter().enumerate() {
        let order = format!("spelled-{at}");
        let outcome = side.outcome(&side.convert(&order, "10.00", spelling));
        assert_eq!(outcome.code, "APPLIED", "{spelling}");
    }
}

#[test]
fn one_click_may_earn_on_several_orders() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let id = shop.live.click();
    for order in ["a", "b", "c"] {
        let outcome = shop.live.outcome(&shop.live.convert(order, "10.00", &id));
        assert_eq!(outcome.code, "APPLIED");
    }
}

#[test]
fn a_click_that_is_not_a_persons_earns_with_its_class_as_a_risk_reason() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let visit = world.shopper().visit(&format!("/c/{}", side.link.code));
    let answer = visit.header("Purpose", "prefetch").send();
    let id = tests::shopper::click_id(&answer).unwrap();
    assert_eq!(Click::open(&id, &world.click_keys()).unwrap().class, ClickClass::Prefetch);
    assert_eq!(side.outcome(&side.convert("o", "10.00", &id)).code, "APPLIED");
    let explained = side.explain("o");
    assert_eq!(find(&explained, "riskReasons"), Some(&json!(["click_class_prefetch"])));
}

#[test]
fn a_lost_click_record_never_loses_an_attribution() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let unseen = side.seal(side.link.link_number, now() - 60);
    assert_eq!(side.outcome(&side.convert("o", "10.00", &unseen)).code, "APPLIED");
    let explained = side.explain("o");
    let candidates = find(&explained, "candidates").unwrap();
    assert_eq!(candidates[0]["notes"], json!(["click_record_missing"]));
    assert_eq!(side.conversion("o")["confidence"], "HIGH");
}
