//! A row per mistake the diagnosis names, and the cases where it must stay silent.

use super::*;
use shared::signing::{SignedForm, sign};

const SECRET: &str = "sk_test_abcdef";
const BODY: &str = r#"{"a": 1, "b": "x"}"#;
const NOW: i64 = 1_781_430_000;

fn attempt<'a>(signature: Option<&'a str>, timestamp: Option<&'a str>) -> Attempt<'a> {
    Attempt {
        timestamp,
        signature,
        method: "POST",
        path_and_query: "/api/v1/conversions",
        body: BODY.as_bytes(),
        key_id: "pk_test_a",
        now_seconds: NOW,
    }
}

fn hinted(signature: &str) -> String {
    let attempt = attempt(Some(signature), Some("1781430000"));
    diagnose(Code::InvalidSignature, &attempt, Some(SECRET))
}

fn mac(key: &str, text: &str) -> [u8; 32] {
    use hmac::{Hmac, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

#[test]
fn a_proven_mistake_is_named() {
    let signed = |text: &str| hex::encode(mac(SECRET, text));
    let right = format!("1781430000.{BODY}");
    let cases = [
        (signed(&right).to_uppercase(), "uppercase"),
        (format!("sha256={}", signed(&right)), "sha256="),
        (signed(&format!("1781430000{BODY}")), "dot"),
        (signed(BODY), "timestamp is not part"),
        (signed("1781430000"), "body is not part"),
        (signed("1781430000."), "body is not part"),
        (signed(&format!("{right}\n")), "line break after the body"),
        (signed(r#"1781430000.{"a":1,"b":"x"}"#), "without blanks"),
        (signed(&format!("1781430000.POST /api/v1/conversions.{BODY}")), "signed method and path"),
        (hex::encode(mac("abcdef", &right)), "prefix"),
        (hex::encode(mac("pk_test_a", &right)), "public id"),
        (hex::encode(mac("sk_test_abcdef\n", &right)), "line break at its end"),
        ("zz".into(), "64 lowercase hex"),
    ];
    for (signature, expected) in cases {
        let hint = hinted(&signature);
        assert!(hint.contains(expected), "{expected}: {hint}");
    }
}

#[test]
fn base64_is_told_from_hex() {
    // printf '%s' '1781430000.{"a": 1, "b": "x"}' | openssl dgst -sha256 -hmac sk_test_abcdef \
    //   -binary | base64
    let bytes = mac(SECRET, &format!("1781430000.{BODY}"));
    let text = standard_base64(&bytes);
    assert!(hinted(&text).contains("base64"), "{}", hinted(&text));
    assert!(hinted(text.trim_end_matches('=')).contains("base64"));
}

/// Written apart from the code under test: bit by bit.
fn standard_base64(bytes: &[u8]) -> String {
    let alphabet: Vec<char> =
        ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let bits: Vec<String> = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let mut text: String = bits
        .concat()
        .as_bytes()
        .chunks(6)
        .map(|six| {
            let padded = format!("{:0<6}", std::str::from_utf8(six).unwrap());
            alphabet[usize::from_str_radix(&padded, 2).unwrap()]
        })
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[test]
fn an_unproven_mistake_is_not_guessed() {
    let hint = hinted(&hex::encode(mac("sk_test_other", &format!("1781430000.{BODY}"))));
    assert!(hint.contains("none of the usual mistakes"), "{hint}");
}

#[test]
fn a_read_that_left_out_method_and_path_is_told() {
    let signature = hex::encode(sign(SECRET.as_bytes(), "1781430000", SignedForm::Body, b""));
    let read =
        Attempt { method: "GET", body: b"", ..attempt(Some(&signature), Some("1781430000")) };
    let hint = diagnose(Code::InvalidSignature, &read, Some(SECRET));
    assert!(hint.contains("left method and path out"), "{hint}");
}

#[test]
fn timestamps_are_explained() {
    let cases = [
        (None, "missing"),
        (Some("1781430000123"), "milliseconds"),
        (Some("1781429000"), "1000 s behind"),
        (Some("1781431000"), "1000 s ahead"),
        (Some("2026-06-14"), "plain digits"),
    ];
    for (timestamp, expected) in cases {
        let hint = diagnose(Code::ExpiredTimestamp, &attempt(None, timestamp), None);
        assert!(hint.contains(expected), "{hint}");
    }
}
