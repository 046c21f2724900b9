//! The same order or the same status again: taken with a smile, without effect.

use serde_json::json;
use tests::side::{CONVERSIONS, ORDER_STATUS, extended};
use tests::{Shop, World};

#[test]
fn a_new_order_and_a_known_one_have_their_documented_answers() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({"externalOrderId": "ORD-1001", "orderAmount": "2999.00"}).to_string();
    let first = shop.live.signer.post(CONVERSIONS, body.as_bytes()).send().expect_status(202);
    let event_id = first.text_of("eventId");
    let id = shared::id::EventId::parse(&event_id).unwrap();
    assert_eq!(id.kind, shared::id::EventKind::Conversion);
    let received = json!({"eventId": event_id, "status": "RECEIVED", "duplicate": false});
    assert_eq!(first.json(), received);
    let changed = json!({"externalOrderId": "ORD-1001", "orderAmount": "1.00"}).to_string();
    for (at, body) in [(1, body), (2, changed)] {
        let again = shop.live.signer.post(CONVERSIONS, body).at(at).send().expect_status(202);
        let expected = json!({
            "status": "DUPLICATE",
            "conversionId": shop.live.conversion_id("ORD-1001"),
            "duplicate": true,
        });
        assert_eq!(again.json(), expected);
    }
    shop.live.outcome(&event_id);
    let stored = shop.live.conversion("ORD-1001");
    assert_eq!(stored["orderAmount"], "2999.00");
    assert_eq!(stored["id"], shop.live.conversion_id("ORD-1001"));
}

#[test]
fn order_ids_are_compared_byte_for_byte() {
    let world = World::shared();
    let shop = Shop::usual(world);
    // The last two look alike: composed and decomposed.
    let ids = ["A-1", "a-1", "A-01", "A\u{a0}1", "caf\u{e9}", "cafe\u{301}"];
    for id in ids {
        let body = json!({"externalOrderId": id, "orderAmount": "1.00"}).to_string();
        let answer = shop.live.post(CONVERSIONS, body).expect_status(202);
        assert_eq!(answer.json()["status"], "RECEIVED", "{id:?}");
    }
}

#[test]
fn a_status_is_the_same_by_order_status_instant_and_refund() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "100.00");
    let report = |extra: serde_json::Value| {
        let body = extended(json!({"externalOrderId": "o", "status": "refunded"}), &extra);
        shop.live.post(ORDER_STATUS, body.to_string()).expect_status(202).json()
    };
    let same = [
        (json!({"refundedAmount": "10.00"}), json!({"refundedAmount": "10.0", "reason": "again"})),
        (
            json!({"refundedAmount": "20.00", "statusUpdatedAt": "2026-06-14T09:30:00Z"}),
            json!({"refundedAmount": "20", "statusUpdatedAt": "2026-06-14T15:15:00.000+05:45"}),
        ),
    ];
    for (first, again) in same {
        let (first, again) = (report(first), report(again));
        assert_eq!(first["status"], "RECEIVED");
        let expected =
            json!({"eventId": first["eventId"], "status": "DUPLICATE", "duplicate": true});
        assert_eq!(again, expected);
    }
    let others = [
        json!({"refundedAmount": "30.00"}),
        json!({"refundedAmount": "30.00", "statusUpdatedAt": "2026-06-14T09:30:00Z"}),
        json!({"refundedAmount": "30.00", "statusUpdatedAt": "2026-06-14T09:30:01Z"}),
    ];
    for other in others {
        assert_eq!(report(other.clone())["status"], "RECEIVED", "{other}");
    }
}

#[test]
fn returned_items_are_the_same_in_any_order() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let body = json!({
        "externalOrderId": "o",
        "orderAmount": "30.00",
        "clickId": shop.live.click(),
        "items": [
            {"sku": "A", "quantity": 2, "unitPrice": "10.00"},
            {"sku": "B", "quantity": 1, "unitPrice": "10.00"},
        ],
    });
    let event_id = shop.live.report(CONVERSIONS, &body);
    assert_eq!(shop.live.outcome(&event_id).code, "APPLIED");
    let report = |items: serde_json::Value| {
        let body = json!({"externalOrderId": "o", "status": "returned", "items": items});
        shop.live.post(ORDER_STATUS, body.to_string()).expect_status(202).json()
    };
    let (a, b) = (json!({"sku": "A", "quantity": 1}), json!({"sku": "B", "quantity": 1}));
    let first = report(json!([a, b]));
    assert_eq!(report(json!([b, a]))["eventId"], first["eventId"]);
    assert_eq!(report(json!([a]))["status"], "RECEIVED");
}
