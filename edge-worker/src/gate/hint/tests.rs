//! A row per mistake the diagnosis names, in its exact words, and proof that no other one is.

use super::*;
use hmac::{Hmac, Mac};
use proptest::prelude::*;
use shared::signing::{SignedForm, sign};

const SECRET: &str = "sk_test_abcdef";
/// As Python writes it, with a slash and a letter beyond ASCII.
const BODY: &str = r#"{"a": 1, "b": "x/\u00e9"}"#;
const NOW: i64 = 1_781_430_000;
const TS: &str = "1781430000";
const PATH: &str = "/api/v1/conversions?limit=1&state=x";

fn post<'a>(signature: Option<&'a str>, timestamp: Option<&'a str>) -> Attempt<'a> {
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

fn get(signature: &str) -> Attempt<'_> {
    let timestamp = Some(TS);
    let signature = Some(signature);
    Attempt { method: "GET", path_and_query: PATH, body: b"", ..post(signature, timestamp) }
}

fn put(signature: &str) -> Attempt<'_> {
    Attempt { method: "PUT", body: BODY.as_bytes(), ..get(signature) }
}

fn mac(key: &str, text: &str) -> [u8; 32] {
    mac_of(key, text.as_bytes())
}

fn mac_of(key: &str, text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn signed(text: &str) -> String {
    hex::encode(mac(SECRET, text))
}

/// What the diagnosis says; panics when it names nothing.
fn said(attempt: &Attempt<'_>) -> String {
    match diagnose(Code::InvalidSignature, attempt, SECRET) {
        Diagnosis::Named(said) => said.into_owned(),
        Diagnosis::Unproven => panic!("nothing was named"),
    }
}

/// Every mistake that the signature proves, not the first alone.
fn all_proven(attempt: &Attempt<'_>) -> Vec<&'static str> {
    let sent = hex::decode(attempt.signature.unwrap()).unwrap().try_into().unwrap();
    let (mut all, mut texts) = (Vec::new(), std::collections::HashSet::new());
    let mut noted = |text: &[u8], said| {
        // One text may be had in two ways, which say the same.
        if mac_of(SECRET, text) == sent && texts.insert((text.to_vec(), said)) {
            all.push(said);
        }
        false
    };
    signed_text::find(attempt, &mut noted);
    all.extend(signature::secret_mistake(attempt, SECRET, &sent));
    all
}

const BLANKS: &str = "you signed the JSON written with other blanks and line breaks than you sent \
                      it with; sign the very bytes you send";
const ESCAPES: &str = "you signed the JSON with characters escaped otherwise (such as `\\/` or \
                       `\\u00e9`) than you sent them; sign the very bytes you send";
const NO_TIMESTAMP: &str = "the timestamp is not part of what you signed";
const NO_BODY: &str = "the body is not part of what you signed";
const BREAK_SIGNED: &str = "you signed a line break after the body that you did not send";
const BREAK_AT_END: &str = "your secret has a line break at its end";

#[test]
fn a_post_s_mistake_is_named_in_its_words_and_no_other_is() {
    let right = format!("{TS}.{BODY}");
    let with_secret = |secret: &str| hex::encode(mac(secret, &right));
    let other = |body: &str| signed(&format!("{TS}.{body}"));
    let cases = [
        (
            signed(&format!("{TS}.POST /api/v1/conversions.{BODY}")),
            "you signed method and path; a POST with a body signs `{timestamp}.{body}` alone",
        ),
        (signed(&format!("{TS}{BODY}")), "the dot between timestamp and body is missing"),
        (signed(BODY), NO_TIMESTAMP),
        (signed(TS), NO_BODY),
        (signed(&format!("{TS}.")), NO_BODY),
        (other(&format!("{BODY}\n")), BREAK_SIGNED),
        (other(&format!("{BODY}\r\n")), BREAK_SIGNED),
        (other(r#"{"a":1,"b":"x/\u00e9"}"#), BLANKS),
        (other("{\n  \"a\": 1,\n  \"b\": \"x/\\u00e9\"\n}"), BLANKS),
        (other("{\n    \"a\": 1,\n    \"b\": \"x/\\u00e9\"\n}"), BLANKS),
        (other(r#"{"a":1,"b":"x/é"}"#), ESCAPES),
        (other(r#"{"a":1,"b":"x\/\u00e9"}"#), ESCAPES),
        (other(r#"{"a": 1, "b": "x/é"}"#), ESCAPES),
        (
            with_secret("abcdef"),
            "the key of the HMAC is the whole secret, its sk_test_ prefix included",
        ),
        (
            with_secret("sk_live_abcdef"),
            "you signed with this key's secret, but with sk_live_ before it in place of sk_test_",
        ),
        (with_secret("pk_test_a"), "you signed with the key's public id; sign with its secret"),
        (with_secret("sk_test_abcdef\n"), BREAK_AT_END),
        (with_secret("sk_test_abcdef\r\n"), BREAK_AT_END),
        (with_secret("sk_test_abcdef "), "your secret has a blank at its end"),
        (with_secret("\"sk_test_abcdef\""), "your secret has quotation marks around it"),
    ];
    for (signature, expected) in cases {
        let attempt = post(Some(&signature), Some(TS));
        assert_eq!(said(&attempt), expected);
        assert_eq!(all_proven(&attempt), [expected]);
    }
}

#[test]
fn a_right_signature_in_a_wrong_spelling_is_told_from_every_other() {
    let right = mac(SECRET, &format!("{TS}.{BODY}"));
    let hex = hex::encode(right);
    let base64 = standard_base64(&right);
    let in_base64 = "the signature is right but in base64; send lowercase hex";
    let cases = [
        (hex.to_uppercase(), "the signature is right but in uppercase hex; send lowercase"),
        (format!("sha256={hex}"), "the signature is right; send it without `sha256=` before it"),
        (base64.clone(), in_base64),
        (base64.trim_end_matches('=').to_owned(), in_base64),
        (base64.replace('+', "-").replace('/', "_"), in_base64),
        (
            standard_base64(hex.as_bytes()),
            "the signature is right but in base64 of its hex; send the hex itself",
        ),
        (hex[1..].to_owned(), "X-Signature must be 64 lowercase hex digits"),
        (format!("{hex}0"), "X-Signature must be 64 lowercase hex digits"),
        (standard_base64(&mac(SECRET, BODY)), "X-Signature must be 64 lowercase hex digits"),
        (String::new(), "X-Signature must be 64 lowercase hex digits"),
        ("zz".to_owned(), "X-Signature must be 64 lowercase hex digits"),
    ];
    for (signature, expected) in cases {
        assert_eq!(said(&post(Some(&signature), Some(TS))), expected, "{signature}");
    }
    assert_eq!(said(&post(None, Some(TS))), "X-Signature is missing");
}

#[test]
fn a_call_that_signs_method_and_path_has_mistakes_of_its_own() {
    const LEFT_OUT: &str = "this call signs `{timestamp}.{METHOD} {path and query}.{body}`; you \
                            left method and path out";
    let method = |method: &str| signed(&format!("{TS}.{method} {PATH}."));
    let cases = [
        (signed(&format!("{TS}.")), LEFT_OUT),
        (signed(TS), LEFT_OUT),
        (signed(&format!("GET {PATH}.")), NO_TIMESTAMP),
        (signed(&format!("{TS}GET {PATH}.")), "the dot after the timestamp is missing"),
        (
            signed(&format!("{TS}.GET {PATH}")),
            "the dot after path and query is missing; it stands there without a body, too",
        ),
        (
            signed(&format!("{TS}.GET /api/v1/conversions.")),
            "the query is not part of what you signed; sign the path with its query, as sent",
        ),
        (method("get"), "you signed the method in lowercase; sign it in capitals"),
        (signed(&format!("{TS}.GET {PATH}.\n")), BREAK_SIGNED),
        (hex::encode(mac("sk_test_abcdef\n", &format!("{TS}.GET {PATH}."))), BREAK_AT_END),
    ];
    for (signature, expected) in cases {
        assert_eq!(said(&get(&signature)), expected);
        assert_eq!(all_proven(&get(&signature)), [expected]);
    }
    let head = format!("{TS}.PUT {PATH}");
    let cases = [
        (signed(&format!("{TS}.{BODY}")), LEFT_OUT),
        (signed(BODY), NO_TIMESTAMP),
        (signed(&format!("{head}.")), NO_BODY),
        (signed(&head), NO_BODY),
        (signed(&format!("{head}.{BODY}\n")), BREAK_SIGNED),
        (signed(&format!(r#"{head}.{{"a":1,"b":"x/\u00e9"}}"#)), BLANKS),
    ];
    for (signature, expected) in cases {
        assert_eq!(said(&put(&signature)), expected);
        assert_eq!(all_proven(&put(&signature)), [expected]);
    }
}

#[test]
fn a_line_break_sent_and_not_signed_is_told() {
    for body in ["{}\n", "{}\r\n"] {
        let signature = signed(&format!("{TS}.{{}}"));
        let attempt = Attempt { body: body.as_bytes(), ..post(Some(&signature), Some(TS)) };
        let expected = "you sent a line break after the body that you did not sign";
        assert_eq!(said(&attempt), expected);
    }
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
fn another_key_s_secret_is_proven_and_named_with_its_key() {
    let right = format!("{TS}.{BODY}");
    let signature = hex::encode(mac("sk_live_other", &right));
    let attempt = post(Some(&signature), Some(TS));
    assert_eq!(diagnose(Code::InvalidSignature, &attempt, SECRET), Diagnosis::Unproven);
    assert!(is_signed_with(&attempt, "sk_live_other"));
    assert!(!is_signed_with(&attempt, "sk_live_another"));
    assert_eq!(
        other_secret("pk_test_a", "pk_live_b"),
        "you signed with the secret of pk_live_b, a live key; sign with that of pk_test_a"
    );
    assert_eq!(
        other_secret("pk_test_a", "pk_test_c"),
        "you signed with the secret of pk_test_c, another test key; sign with that of pk_test_a"
    );
    // The right secret of the other key over another text proves nothing.
    let wrong = hex::encode(mac("sk_live_other", BODY));
    assert!(!is_signed_with(&post(Some(&wrong), Some(TS)), "sk_live_other"));
}

#[test]
fn timestamps_are_explained_in_their_words() {
    let plain = "X-Timestamp must be Unix seconds in plain digits";
    let cases = [
        (None, "X-Timestamp is missing"),
        (Some("1781430000123"), "X-Timestamp is in milliseconds; send Unix seconds"),
        (Some("1781429000"), "X-Timestamp is 1000 s behind our clock; at most 300 s pass"),
        (Some("1781431000"), "X-Timestamp is 1000 s ahead of our clock; at most 300 s pass"),
        // Milliseconds of another day: that they are milliseconds is not proven.
        (Some("1681430000123"), plain),
        (Some("2026-06-14"), plain),
        (Some("1781430000.5"), plain),
        (Some(""), plain),
    ];
    for (timestamp, expected) in cases {
        let attempt = post(None, timestamp);
        let named = Diagnosis::Named(expected.into());
        assert_eq!(diagnose(Code::ExpiredTimestamp, &attempt, SECRET), named);
        assert_eq!(of_timestamp(&attempt).as_deref(), Some(expected));
    }
    assert_eq!(of_timestamp(&post(None, Some(TS))), None);
}

proptest! {
    /// Whatever was signed that is no usual mistake, and whatever was not signed at all.
    #[test]
    fn a_signature_of_nothing_known_is_never_explained(
        signature in proptest::array::uniform32(any::<u8>()),
        secret in "sk_(test|live)_[a-z0-9]{8,40}",
        body in r#"(\{"[a-z]{1,4}": ?[0-9]{1,3}\}|[ -~]{0,40})"#,
        is_post in any::<bool>(),
    ) {
        let strange = hex::encode(signature);
        let foreign = hex::encode(sign(secret.as_bytes(), TS, SignedForm::Body, body.as_bytes()));
        prop_assume!(secret != SECRET && !secret.ends_with("_abcdef"));
        for signature in [&strange, &foreign] {
            let call = if is_post { post(Some(signature), Some(TS)) } else { put(signature) };
            let attempt = Attempt { body: body.as_bytes(), ..call };
            let found = diagnose(Code::InvalidSignature, &attempt, SECRET);
            prop_assert_eq!(found, Diagnosis::Unproven);
        }
    }

    /// A mistake of any body is the one that is named.
    #[test]
    fn a_mistake_is_named_whatever_the_body(
        a in "[a-z/é😀\"\\\\ ]{1,12}",
        n in any::<i32>(),
    ) {
        let value = serde_json::json!({"n": n, "text": a, "list": [a, {}, []]});
        let sent = value.to_string();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        for (body, signed_body) in [(&sent, &pretty), (&pretty, &sent)] {
            let signature = signed(&format!("{TS}.{signed_body}"));
            let attempt = Attempt { body: body.as_bytes(), ..post(Some(&signature), Some(TS)) };
            prop_assert_eq!(all_proven(&attempt), [BLANKS]);
        }
    }
}
