//! Events that come too early wait for their other half, and are applied when it comes.

use serde_json::json;
use tests::side::{CONVERSIONS, unknown_link_number};
use tests::{Shop, World};

#[test]
fn a_status_before_its_conversion_waits_and_is_applied_after_it() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let body = |status: &str| json!({"externalOrderId": "early", "status": status});
    let delivered = side.report("/api/v1/order-status", &body("delivered"));
    let confirmed = side.report("/api/v1/order-status", &body("confirmed"));
    for event_id in [&delivered, &confirmed] {
        let parked = side.outcome(event_id);
        assert_eq!(
            (parked.state.as_str(), parked.code.as_str()),
            ("parked", "AWAITING_CONVERSION")
        );
        let shown = side.read(&format!("/api/v1/events/{event_id}"));
        assert_eq!(
            (&shown["state"], &shown["code"]),
            (&json!("parked"), &json!("AWAITING_CONVERSION"))
        );
    }
    side.sell("early", "100.00");
    assert_eq!(side.outcome_with(&delivered, "APPLIED").state, "applied");
    assert_eq!(side.outcome_with(&confirmed, "NO_CHANGE").state, "applied");
    assert_eq!(side.commission("early")["state"], "hold");
    let left = "parked_event where merchant_id = $1::uuid";
    assert_eq!(world.database.count(left, &[&shop.merchant.to_string()]), 0);
}

#[test]
fn a_reversal_before_its_conversion_leaves_nothing_to_earn() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let body = json!({"externalOrderId": "gone", "status": "cancelled"});
    let cancelled = side.report("/api/v1/order-status", &body);
    assert_eq!(side.outcome(&cancelled).state, "parked");
    side.sell("gone", "100.00");
    assert_eq!(side.outcome_with(&cancelled, "APPLIED").state, "applied");
    assert_eq!(side.commission("gone")["state"], "rejected");
}

#[test]
fn a_genuine_click_of_an_unknown_link_waits_until_the_link_is_known() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let number = unknown_link_number();
    let click_id = side.seal(number, tests::eventually::now_seconds());
    let event_id = side.convert("unknown", "100.00", &click_id);
    let parked = side.outcome(&event_id);
    assert_eq!((parked.state.as_str(), parked.code.as_str()), ("parked", "AWAITING_LINK"));
    let status = json!({"externalOrderId": "unknown", "status": "confirmed"});
    let status = side.report("/api/v1/order-status", &status);
    assert_eq!(side.outcome(&status).code, "AWAITING_CONVERSION");
    let again = json!({"externalOrderId": "unknown", "orderAmount": "1.00"}).to_string();
    assert_eq!(side.post(CONVERSIONS, again).json()["status"], "DUPLICATE");

    let inserted = world.database.execute(
        "insert into link (environment, merchant_id, link_number, code, affiliate_id, campaign_id, \
                           destination, state, created_at) \
         select environment, merchant_id, $1::bigint, 'restored-' || $1, affiliate_id, campaign_id, \
                destination, state, created_at \
         from link where code = $2",
        &[&number.to_string(), &side.link.code],
    );
    assert_eq!(inserted, 1);
    assert_eq!(side.outcome_with(&event_id, "APPLIED").state, "applied");
    assert_eq!(side.conversion("unknown")["confidence"], "HIGH");
    assert_eq!(side.outcome_with(&status, "APPLIED").state, "applied");
    let commission = side.commission("unknown");
    assert_eq!((&commission["amount"], &commission["state"]), (&json!("10.00"), &json!("hold")));
}

#[test]
fn after_a_day_it_goes_on_without_the_link() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let number = unknown_link_number();
    let click_id = side.seal(number, tests::eventually::now_seconds());
    let event_id = side.convert("unknown", "100.00", &click_id);
    assert_eq!(side.outcome(&event_id).code, "AWAITING_LINK");
    side.advance(24 * 3_600 + 60);
    assert_eq!(side.outcome_with(&event_id, "IN_REVIEW").state, "applied");
    assert_eq!(side.conversion("unknown")["confidence"], "LOW");
    assert!(side.explain("unknown").to_string().contains("link_unknown"));
}

#[test]
fn a_status_whose_conversion_never_comes_ends_after_ninety_days() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let body = json!({"externalOrderId": "never", "status": "paid"});
    let event_id = side.report("/api/v1/order-status", &body);
    assert_eq!(side.outcome(&event_id).code, "AWAITING_CONVERSION");
    side.advance(90 * 86_400 + 60);
    assert_eq!(side.outcome_with(&event_id, "CONVERSION_NOT_FOUND").state, "skipped");
}
