//! Every field of a conversion, good and bad, through the edge.

use std::fmt::Write;

use serde_json::json;
use tests::refusal::assert_invalid;
use tests::side::{CONVERSIONS, extended};
use tests::{Shop, World};

/// A body with these properties beside the required ones.
fn with(order: &str, properties: &str) -> String {
    format!(r#"{{"externalOrderId":"{order}","orderAmount":"10.00"{properties}}}"#)
}

fn bad_orders_and_amounts() -> Vec<(String, &'static str)> {
    let long = "x".repeat(161);
    vec![
        (r#"{"orderAmount":"10.00"}"#.into(), "externalOrderId"),
        (r#"{"externalOrderId":"o"}"#.into(), "orderAmount"),
        (r#"{"externalOrderId":7,"orderAmount":"1"}"#.into(), "externalOrderId"),
        (r#"{"externalOrderId":null,"orderAmount":"1"}"#.into(), "externalOrderId"),
        (r#"{"externalOrderId":"","orderAmount":"1"}"#.into(), "externalOrderId"),
        (r#"{"externalOrderId":" o","orderAmount":"1"}"#.into(), "externalOrderId"),
        (r#"{"externalOrderId":"o\n","orderAmount":"1"}"#.into(), "externalOrderId"),
        (r#"{"externalOrderId":"a\u0000b","orderAmount":"1"}"#.into(), "externalOrderId"),
        (r#"{"externalOrderId":"a\ud800b","orderAmount":"1"}"#.into(), "externalOrderId"),
        (format!(r#"{{"externalOrderId":"{long}","orderAmount":"1"}}"#), "externalOrderId"),
        (r#"{"externalOrderId":"o","orderAmount":10}"#.into(), "orderAmount"),
        (r#"{"externalOrderId":"o","orderAmount":"-1"}"#.into(), "orderAmount"),
        (r#"{"externalOrderId":"o","orderAmount":"1,5"}"#.into(), "orderAmount"),
        (r#"{"externalOrderId":"o","orderAmount":"1e3"}"#.into(), "orderAmount"),
        (r#"{"externalOrderId":"o","orderAmount":""}"#.into(), "orderAmount"),
        (r#"{"externalOrderId":"o","orderAmount":"10.001"}"#.into(), "orderAmount"),
        (r#"{"externalOrderId":"o","orderAmount":"1234567890123456"}"#.into(), "orderAmount"),
    ]
}

fn bad_options() -> Vec<(String, &'static str)> {
    let deep = format!(r#","metadata":{{"a":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
    let wide = format!(r#","metadata":{{"a":"{}"}}"#, "x".repeat(16 * 1024));
    vec![
        (with("o", r#","clickId":5"#), "clickId"),
        (with("o", &format!(r#","clickId":"{}""#, "c".repeat(201))), "clickId"),
        (with("o", r#","externalProductId":"""#), "externalProductId"),
        (with("o", r#","currency":"npr""#), "currency"),
        (with("o", r#","currency":"XXY""#), "currency"),
        (with("o", r#","currency":null"#), "currency"),
        (with("o", r#","currency":"JPY""#).replace("10.00", "10.50"), "orderAmount"),
        (with("o", r#","orderStatus":"paid""#), "orderStatus"),
        (with("o", r#","orderedAt":"2026-06-14 09:30:00""#), "orderedAt"),
        (with("o", r#","orderedAt":"2026-06-14T09:30:00""#), "orderedAt"),
        (with("o", r#","orderedAt":"2026-02-30T09:30:00Z""#), "orderedAt"),
        (with("o", r#","orderedAt":1781430000"#), "orderedAt"),
        (with("o", r#","orderedAt":"2999-01-01T00:00:00Z""#), "orderedAt"),
        (with("o", &format!(r#","couponCode":"{}""#, "c".repeat(81))), "couponCode"),
        (with("o", r#","customerId":"""#), "customerId"),
        (with("o", r#","metadata":"text""#), "metadata"),
        (with("o", &wide), "metadata"),
        (with("o", &deep), "metadata"),
        (with("o", r#","metadata":{"a":1,"a":2}"#), "metadata"),
        (with("o", r#","metadata":{"a":{"b":"\u0000"}}"#), "metadata"),
        (with("o", r#","metadata":{"a":["\udfff"]}"#), "metadata"),
    ]
}

fn bad_items_and_names() -> Vec<(String, &'static str)> {
    let item = r#"{"sku":"A","quantity":1,"unitPrice":"1.00"}"#;
    let many = format!(r#","items":[{}]"#, vec![item; 501].join(","));
    vec![
        (with("o", r#","items":[]"#), "items"),
        (with("o", &many), "items"),
        (with("o", r#","items":[{"sku":"A","quantity":0,"unitPrice":"1"}]"#), "items[0].quantity"),
        (
            with("o", r#","items":[{"sku":"A","quantity":1.5,"unitPrice":"1"}]"#),
            "items[0].quantity",
        ),
        (
            with("o", r#","items":[{"sku":"A","quantity":1000001,"unitPrice":"1"}]"#),
            "items[0].quantity",
        ),
        (with("o", r#","items":[{"sku":"A","quantity":1,"unitPrice":1}]"#), "items[0].unitPrice"),
        (with("o", r#","items":[{"quantity":1,"unitPrice":"1"}]"#), "items[0].sku"),
        (with("o", r#","items":[7]"#), "items[0]"),
        (with("o", r#","items":[{"sku":"A","sku":"A","quantity":1,"unitPrice":"1"}]"#), "items"),
        (with("o", r#","items":[{"sku":null,"quantity":1,"unitPrice":"1"}]"#), "items[0].sku"),
        (with("o", r#","orderAmount":"11.00""#), "orderAmount"),
        (with("o", r#","color":"red""#), "color"),
        (with("o", r#","status":"delivered""#), "orderStatus"),
        (with("o", r#","amount":"10.00""#), "orderAmount"),
        (with("o", r#","click_id":"x""#), "clickId"),
    ]
}

#[test]
fn a_bad_field_is_named() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let cases = [bad_orders_and_amounts(), bad_options(), bad_items_and_names()].concat();
    for (at, (body, part)) in cases.iter().enumerate() {
        // Two equal bodies in one second would be a replay.
        let seconds = i64::try_from(at).unwrap();
        let answer = shop.live.signer.post(CONVERSIONS, body.as_bytes()).at(seconds).send();
        let sentences = assert_invalid(&answer);
        let named = sentences.iter().any(|sentence| sentence.contains(part));
        assert!(named, "{part} in {sentences:?} for {body}");
        assert_eq!(sentences.len(), 1, "{sentences:?} for {body}");
    }
    let events = "inbox where merchant_id = $1::uuid";
    assert_eq!(world.database.count(events, &[&shop.merchant.to_string()]), 0);
}

#[test]
fn what_is_no_json_object_is_refused_in_one_sentence() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let mut bodies: Vec<Vec<u8>> =
        ["{", "[]", "\"text\"", "7", "null", "{}{}", "{'a':1}", "\u{feff}{}"]
            .map(|text| text.as_bytes().to_vec())
            .to_vec();
    bodies.push(b"{\"externalOrderId\":\"\xff\xfe\",\"orderAmount\":\"1\"}".to_vec());
    bodies.push(vec![0; 64]);
    bodies.push("[".repeat(100_000).into_bytes());
    bodies.push("{\"a\":".repeat(20_000).into_bytes());
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let sentences = assert_invalid(&shop.live.post(CONVERSIONS, body));
        assert_eq!(sentences.len(), 1, "{shown}: {sentences:?}");
    }
}

#[test]
fn a_book_of_faults_is_cut_and_still_answered() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let mut body = String::from(r#"{"externalOrderId":"o","orderAmount":"1.00""#);
    for number in 0..2_000 {
        write!(body, r#","p{number}":1"#).unwrap();
    }
    body.push('}');
    let sentences = assert_invalid(&shop.live.post(CONVERSIONS, body));
    assert!((10..=100).contains(&sentences.len()), "{}", sentences.len());
}

#[test]
fn good_fields_are_taken_and_kept_as_sent() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let cases = [
        ("least", json!({})),
        ("free", json!({"orderAmount": "0"})),
        ("yen", json!({"orderAmount": "1500", "currency": "JPY"})),
        ("dinar", json!({"orderAmount": "1.234", "currency": "KWD"})),
        ("foreign click", json!({"clickId": "CLK_example123"})),
        ("no coupon", json!({"couponCode": ""})),
        ("long ago", json!({"orderedAt": "1999-12-31T23:59:59+05:45"})),
        ("nearly ahead", json!({"orderedAt": in_hours(23)})),
        ("नेपाल-१ 🛍", json!({"customerId": "c-१", "metadata": {"é": [1, {"a": null}]}})),
    ];
    for (order, more) in cases {
        let body = extended(json!({"externalOrderId": order, "orderAmount": "10.00"}), &more);
        let event_id = side.report(CONVERSIONS, &body);
        let outcome = side.outcome(&event_id);
        assert_eq!(outcome.code, "IN_REVIEW", "{order}: {outcome:?}");
        let shown = side.conversion(order);
        assert_eq!(shown["externalOrderId"], order);
        assert_eq!(shown["currency"], *more.get("currency").unwrap_or(&json!("NPR")), "{order}");
    }
    let longest = "ü".repeat(160);
    let body = json!({"externalOrderId": longest, "orderAmount": "1.00"}).to_string();
    side.post(CONVERSIONS, body).expect_status(202);
    let kept = "select customer_hash from conversion where external_order_id = $1";
    let row = world.database.row(kept, &["नेपाल-१ 🛍"]);
    assert_eq!(row["customer_hash"].as_str().map(str::len), Some(32), "{row}");
}

fn in_hours(hours: i64) -> String {
    let second = tests::eventually::now_seconds() + hours * 3_600;
    jiff::Timestamp::from_second(second).expect("a second of this age").to_string()
}
