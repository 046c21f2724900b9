//! The main line: click → order → commission → delivered → hold → moved clock → payable.

use serde_json::json;
use tests::side::{CONVERSIONS, find};
use tests::{Plan, Shop, World};

const DAY_SECONDS: u64 = 86_400;

#[test]
fn a_click_becomes_a_payable_commission() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let click_id = side.click();
    let event_id = side.convert("ORD-1", "2999.00", &click_id);
    let outcome = side.outcome(&event_id);
    assert_eq!((outcome.state.as_str(), outcome.code.as_str()), ("applied", "APPLIED"));

    let event = side.read(&format!("/api/v1/events/{event_id}"));
    let conversion_id = side.conversion_id("ORD-1");
    assert_eq!(event["eventId"], event_id);
    assert_eq!((&event["type"], &event["state"]), (&json!("conversion"), &json!("applied")));
    assert_eq!(event["conversionId"], conversion_id);

    let conversion = side.conversion("ORD-1");
    assert_eq!(conversion["id"], conversion_id);
    assert_eq!(conversion["confidence"], "HIGH");
    assert_eq!(conversion["affiliateId"], shop.affiliate.to_string());
    assert_eq!(conversion["campaignId"], side.campaign.to_string());
    assert_eq!(conversion["clickId"], click_id);
    assert_eq!(conversion["orderAmount"], "2999.00");

    let commission = side.commission("ORD-1");
    assert_eq!(event["commissionId"], commission["id"]);
    assert_eq!(conversion["commissionId"], commission["id"]);
    assert_eq!(
        (&commission["amount"], &commission["state"]),
        (&json!("299.90"), &json!("pending"))
    );
    assert_eq!(commission["netAmount"], "299.90");
    assert_eq!(commission["rule"]["level"], "campaign");
    assert_eq!(commission["rule"]["rateBps"], 1_000);

    assert_eq!(side.tell("ORD-1", "confirmed").code, "APPLIED");
    let held = side.commission("ORD-1");
    assert_eq!((&held["state"], &held["holdUntil"]), (&json!("hold"), &json!(null)));
    assert_eq!(side.tell("ORD-1", "delivered").code, "APPLIED");
    assert!(side.commission("ORD-1")["holdUntil"].is_string());
    assert_eq!(side.conversion("ORD-1")["orderStatus"], "delivered");

    side.advance(14 * DAY_SECONDS - 3_600);
    assert_eq!(side.commission("ORD-1")["state"], "hold");
    side.advance(2 * 3_600);
    let payable = side.commission_in("ORD-1", "payable");
    assert_eq!(payable["netAmount"], "299.90");
}

#[test]
fn a_full_refund_rejects_the_commission_even_when_it_is_payable() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { hold_days: 0, ..Plan::default() });
    let side = &shop.test;
    for (order, status) in [("a", "refunded"), ("b", "cancelled"), ("c", "returned")] {
        side.sell(order, "1200.00");
        assert_eq!(side.tell(order, "delivered").code, "APPLIED");
        side.commission_in(order, "payable");
        assert_eq!(side.tell(order, status).code, "APPLIED");
        let commission = side.commission(order);
        assert_eq!(commission["state"], "rejected", "{order}");
        assert_eq!(side.conversion(order)["orderStatus"], status);
        let late = side.tell(order, "paid");
        assert_eq!(late.code, "ORDER_STATUS_TRANSITION_DENIED", "{late:?}");
        assert_eq!(late.state, "skipped");
    }
}

#[test]
fn a_status_inside_a_conversion_counts_from_its_acceptance() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let body = json!({
        "externalOrderId": "o",
        "orderAmount": "100.00",
        "clickId": side.click(),
        "orderStatus": "delivered",
    });
    let outcome = side.outcome(&side.report(CONVERSIONS, &body));
    assert_eq!(outcome.code, "APPLIED");
    let commission = side.commission("o");
    assert_eq!(commission["state"], "hold");
    let hold_until: jiff::Timestamp = commission["holdUntil"].as_str().unwrap().parse().unwrap();
    let conversion = side.conversion("o");
    let received: jiff::Timestamp = conversion["receivedAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(hold_until.as_second() - received.as_second(), 14 * 86_400);
}

#[test]
fn the_explanation_names_the_candidate_that_won_and_the_terms() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let click_id = side.click();
    side.outcome(&side.convert("o", "2999.00", &click_id));
    let explained = side.explain("o");
    let candidates = find(&explained, "candidates").unwrap();
    let results: Vec<_> =
        candidates.as_array().unwrap().iter().map(|candidate| &candidate["result"]).collect();
    assert_eq!(results, ["won", "not_reached", "not_reached"]);
    let candidate = &candidates[0];
    assert_eq!((&candidate["kind"], &candidate["result"]), (&json!("click"), &json!("won")));
    assert_eq!(candidate["clickId"], click_id);
    assert_eq!(candidate["affiliateId"], shop.affiliate.to_string());
    assert_eq!(candidate["class"], "human");
    assert!(candidate["windowUntil"].is_string(), "{candidate}");
    assert_eq!(find(&explained, "rounding"), Some(&json!("half_even")));
    let tried = find(&explained, "tried").unwrap().as_array().unwrap();
    let results: Vec<_> = tried.iter().map(|level| (&level["level"], &level["result"])).collect();
    assert_eq!(results.last(), Some(&(&json!("campaign"), &json!("matched"))), "{tried:?}");
}
