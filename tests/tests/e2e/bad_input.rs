//! Hostile bodies on every event route: one clear refusal each, nothing stored, and life goes on.

use serde_json::json;
use tests::refusal::assert_invalid;
use tests::side::{CLOCK, CONVERSIONS, ORDER_STATUS};
use tests::{Shop, Side, World};

/// Bodies that no route can take, each as bytes.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let deep = |many: usize| format!("{}1{}", "[".repeat(many), "]".repeat(many)).into_bytes();
    vec![
        ("an empty object", text("{}")),
        ("a list", text("[]")),
        ("a number", text("1")),
        ("null", text("null")),
        ("half an object", text(r#"{"externalOrderId":"o""#)),
        ("two objects", text(r#"{"externalOrderId":"o"}{}"#)),
        ("a comma too many", text(r#"{"externalOrderId":"o",}"#)),
        ("single quotes", text("{'externalOrderId':'o'}")),
        ("a comment", text(r#"{/* */"externalOrderId":"o"}"#)),
        ("NaN", text(r#"{"externalOrderId":"o","orderAmount":NaN}"#)),
        ("Infinity", text(r#"{"seconds":-Infinity}"#)),
        ("a number too large", text(r#"{"seconds":1e999}"#)),
        ("a lone surrogate", text(r#"{"externalOrderId":"\ud83d"}"#)),
        ("surrogates the wrong way round", text(r#"{"externalOrderId":"\ude00\ud83d"}"#)),
        ("NUL in a name", text(r#"{"a\u0000":1}"#)),
        ("raw NUL", b"{\"externalOrderId\":\"a\0b\"}".to_vec()),
        ("bytes that are no UTF-8", b"{\"externalOrderId\":\"\xff\xfe\"}".to_vec()),
        ("UTF-16", "{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("a repeated name", text(r#"{"externalOrderId":"a","externalOrderId":"b"}"#)),
        ("a name repeated by escape", text(r#"{"status":"paid","st\u0061tus":"paid"}"#)),
        ("the name of a prototype", text(r#"{"__proto__":{"externalOrderId":"o"}}"#)),
        ("33 levels", deep(33)),
        ("100,000 levels", deep(100_000)),
        ("10,000 names", {
            let names: Vec<String> = (0..10_000).map(|n| format!("\"n{n}\":1")).collect();
            format!("{{{}}}", names.join(",")).into_bytes()
        }),
    ]
}

/// Amounts that look like numbers to somebody, but are no plain decimals.
const AMOUNTS: [&str; 20] = [
    "NaN",
    "Infinity",
    "-0.01",
    "-0",
    "+1",
    "1e3",
    "1E-2",
    "0x10",
    " 1",
    "1 ",
    "1,000",
    "1.000,00",
    ".5",
    "5.",
    "1..0",
    "١٢",
    "１２",
    "1_000",
    "999999999999999999999999999999",
    "10.001",
];

fn stored(side: &Side<'_>) -> i64 {
    let [merchant, environment] = side.binds();
    let filter = "inbox where merchant_id = $1::uuid and environment = $2";
    side.world.database.count(filter, &[&merchant, &environment])
}

#[test]
fn a_hostile_body_is_refused_on_every_route_and_nothing_is_stored() {
    let shop = Shop::usual(World::shared());
    let side = &shop.test;
    // The path is not signed: one body at one second would be a replay on the next route.
    for (path, first_second) in [(CONVERSIONS, 0), (ORDER_STATUS, 80), (CLOCK, 160)] {
        for (at, (title, body)) in (first_second..).zip(hostile()) {
            let answer = side.signer.post(path, body).at(at).send();
            assert_eq!(answer.status, 400, "{title} on {path}: {}", answer.text);
            assert!(!assert_invalid(&answer).is_empty(), "{title} on {path}");
        }
    }
    assert_eq!(side.sell("good", "100.00").code, "APPLIED");
    assert_eq!(stored(side), 1);
}

#[test]
fn only_a_plain_decimal_is_an_amount_wherever_one_stands() {
    let shop = Shop::usual(World::shared());
    let side = &shop.live;
    for (at, amount) in (0..).zip(AMOUNTS) {
        let cases = [
            (CONVERSIONS, json!({"externalOrderId": "o", "orderAmount": amount}), "orderAmount"),
            (
                CONVERSIONS,
                json!({"externalOrderId": "o", "orderAmount": "1",
                       "items": [{"sku": "A", "quantity": 1, "unitPrice": amount}]}),
                "items[0].unitPrice",
            ),
            (
                ORDER_STATUS,
                json!({"externalOrderId": "o", "status": "refunded", "refundedAmount": amount}),
                "refundedAmount",
            ),
        ];
        for (path, body, field) in cases {
            // Order status does not know the currency; settlement counts its decimals.
            if field == "refundedAmount" && amount == "10.001" {
                continue;
            }
            let answer = side.signer.post(path, body.to_string()).at(at).send();
            let faults = assert_invalid(&answer);
            assert!(faults.iter().any(|fault| fault.starts_with(field)), "{amount}: {faults:?}");
        }
    }
    assert_eq!(side.sell("good", "100.00").code, "APPLIED");
    assert_eq!(stored(side), 1);
}
