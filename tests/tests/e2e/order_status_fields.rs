//! Every field of an order-status report, good and bad, through the edge.

use serde_json::json;
use tests::refusal::assert_invalid;
use tests::side::ORDER_STATUS;
use tests::{Shop, World};

fn with(status: &str, properties: &str) -> String {
    format!(r#"{{"externalOrderId":"o","status":"{status}"{properties}}}"#)
}

#[test]
fn a_bad_field_is_named() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let reason = format!(r#","reason":"{}""#, "r".repeat(501));
    let deep = format!(r#","metadata":{{"a":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
    let cases: Vec<(String, &str)> = vec![
        (r#"{"status":"paid"}"#.into(), "externalOrderId"),
        (r#"{"externalOrderId":"o"}"#.into(), "status"),
        (r#"{"externalOrderId":"o","status":"paid","status":"paid"}"#.into(), "status"),
        (r#"{"externalOrderId":["o"],"status":"paid"}"#.into(), "externalOrderId"),
        (with("paid", r#","clickId":true"#), "clickId"),
        (with("paid", r#","statusUpdatedAt":"14.06.2026""#), "statusUpdatedAt"),
        (with("paid", r#","statusUpdatedAt":null"#), "statusUpdatedAt"),
        (with("paid", r#","statusUpdatedAt":"2999-01-01T00:00:00Z""#), "statusUpdatedAt"),
        (with("paid", &reason), "reason"),
        (with("paid", r#","reason":7"#), "reason"),
        (with("paid", r#","metadata":[1]"#), "metadata"),
        (with("paid", &deep), ""),
        (with("refunded", r#","refundedAmount":10"#), "refundedAmount"),
        (with("refunded", r#","refundedAmount":"0.00""#), "refundedAmount"),
        (with("refunded", r#","refundedAmount":"-5""#), "refundedAmount"),
        (with("delivered", r#","refundedAmount":"5.00""#), "refundedAmount"),
        (with("confirmed", r#","items":[{"sku":"A","quantity":1}]"#), "items"),
        (
            with("returned", r#","refundedAmount":"5.00","items":[{"sku":"A","quantity":1}]"#),
            "refundedAmount",
        ),
        (with("returned", r#","items":[]"#), "items"),
        (with("returned", r#","items":[{"sku":"A"}]"#), "items[0].quantity"),
        (with("returned", r#","items":[{"sku":"","quantity":1}]"#), "items[0].sku"),
        (
            with("returned", r#","items":[{"sku":"A","quantity":1},{"sku":"A","quantity":2}]"#),
            "items[1].sku",
        ),
        (
            with("returned", r#","items":[{"sku":"A","quantity":1,"unitPrice":"1"}]"#),
            "items[0].unitPrice",
        ),
        (with("paid", r#","orderStatus":"paid""#), "status"),
        (with("paid", r#","order_id":"o""#), "externalOrderId"),
        (with("paid", r#","a\u0000":1"#), ""),
    ];
    for (at, (body, part)) in cases.iter().enumerate() {
        let seconds = i64::try_from(at).unwrap();
        let answer = shop.live.signer.post(ORDER_STATUS, body.as_bytes()).at(seconds).send();
        let sentences = assert_invalid(&answer);
        let named = sentences.iter().any(|sentence| sentence.contains(part));
        assert!(named, "{part} in {sentences:?} for {body}");
        assert_eq!(sentences.len(), 1, "{sentences:?} for {body}");
    }
}

#[test]
fn a_full_report_is_taken() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "100.00");
    let body = json!({
        "externalOrderId": "o",
        "status": "delivered",
        "clickId": "clk_of_somebody_else",
        "statusUpdatedAt": "2026-06-14T12:00:00Z",
        "reason": "Carrier confirmed delivery",
        "metadata": {"carrier": "X"},
    });
    let outcome = shop.live.tell_more(&body);
    assert_eq!(outcome.code, "APPLIED");
    assert!(outcome.detail.contains("click id differs"), "{outcome:?}");
}

#[test]
fn test_keys_may_name_instants_far_ahead_and_are_told_by_the_outcome() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.test.sell("o", "100.00");
    let body = json!({
        "externalOrderId": "o",
        "status": "delivered",
        "statusUpdatedAt": "2999-01-01T00:00:00Z",
    });
    let outcome = shop.test.tell_more(&body);
    assert_eq!((outcome.state.as_str(), outcome.code.as_str()), ("skipped", "TIME_AHEAD"));
}
