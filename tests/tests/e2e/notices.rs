//! Notices are written with each step, one per step, in order (MONEY §7).

use serde_json::{Value, json};
use tests::side::{CONVERSIONS, Side};
use tests::{Shop, World};

fn notices(side: &Side<'_>) -> Vec<Value> {
    let [merchant, environment] = side.binds();
    let query = "select type, conversion_id, commission_id, affiliate_id, event_id, data \
                 from webhook_event where merchant_id = $1::uuid and environment = $2 \
                 order by position";
    side.world.database.rows(query, &[&merchant, &environment])
}

fn types(side: &Side<'_>) -> Vec<String> {
    let notices = notices(side);
    notices
        .iter()
        .map(|notice| notice["type"].as_str().expect("a notice has a type").to_owned())
        .collect()
}

#[test]
fn the_whole_story_is_told_in_order() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    side.sell("o", "2999.00");
    side.tell("o", "confirmed");
    side.tell("o", "delivered");
    let body = json!({"externalOrderId": "o", "status": "refunded", "refundedAmount": "1000.00"});
    side.tell_more(&body);
    side.advance(15 * 86_400);
    side.commission_in("o", "payable");
    side.tell("o", "returned");
    let expected = [
        "conversion.received",
        "conversion.attributed",
        "commission.created",
        "event.processed",
        "commission.held",
        "event.processed",
        "commission.held",
        "event.processed",
        "commission.adjusted",
        "event.processed",
        "event.processed",
        "commission.approved",
        "commission.payable",
        "commission.rejected",
        "event.processed",
    ];
    assert_eq!(types(side), expected);
    let notices = notices(side);
    let step = |at: usize| {
        let data = &notices[at]["data"];
        (data["from"].clone(), data["to"].clone(), data["netAmount"].clone(), data["delta"].clone())
    };
    let text = |a: &str, b: &str, c: &str, d: &str| (json!(a), json!(b), json!(c), json!(d));
    assert_eq!(step(2), (json!(null), json!("pending"), json!("299.90"), json!("0.00")));
    assert_eq!(step(4), text("pending", "hold", "299.90", "0.00"));
    assert_eq!(notices[4]["data"]["holdUntil"], json!(null));
    assert!(notices[6]["data"]["holdUntil"].is_string());
    assert_eq!(step(8), text("hold", "hold", "199.90", "-100.00"));
    assert_eq!(step(11), text("hold", "approved", "199.90", "0.00"));
    assert_eq!(step(12), text("approved", "payable", "199.90", "0.00"));
    assert_eq!((step(13).0, step(13).1), (json!("payable"), json!("rejected")));
    assert_eq!(notices[13]["data"]["reason"], "returned");
    for notice in &notices[2..3] {
        assert_eq!(notice["affiliate_id"], shop.affiliate.to_string());
        assert_eq!(notice["conversion_id"], side.conversion_id("o"));
    }
}

#[test]
fn an_order_nobody_earns_is_told_as_such() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "o", "orderAmount": "10.00"});
    let event_id = shop.live.report(CONVERSIONS, &body);
    shop.live.outcome(&event_id);
    let expected = ["conversion.received", "conversion.unattributed", "event.processed"];
    assert_eq!(types(&shop.live), expected);
    let notices = notices(&shop.live);
    let last = &notices[2];
    assert_eq!((&last["event_id"], &last["data"]["code"]), (&json!(event_id), &json!("IN_REVIEW")));
    assert!(types(&shop.test).is_empty());
}

#[test]
fn a_parked_event_is_told_once_when_it_is_final() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "o", "status": "delivered"});
    let event_id = shop.live.report("/api/v1/order-status", &body);
    assert_eq!(shop.live.outcome(&event_id).state, "parked");
    assert!(types(&shop.live).is_empty());
    shop.live.sell("o", "10.00");
    shop.live.outcome_with(&event_id, "APPLIED");
    let told = notices(&shop.live);
    let of_event = told.iter().filter(|notice| notice["event_id"] == json!(event_id));
    assert_eq!(of_event.count(), 1);
    assert_eq!(told.last().unwrap()["event_id"], json!(event_id));
}
