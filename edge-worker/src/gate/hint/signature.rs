//! Tries the usual mistakes one by one until one of them gives the signature that was sent.

use super::Attempt;
use super::respelled::{compact, spaced};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use shared::signing::{Signature, SignedForm, sign};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Said when no mistake could be proven: true whatever the cause.
const UNPROVEN: &str = "the signature does not match, and none of the usual mistakes explains it; \
    check that the secret is this key's, with its sk_test_ prefix, and that you sign exactly the \
    bytes you send";

/// Names the mistake that gives the signature sent, if one does.
pub(super) fn mistake(attempt: &Attempt<'_>, secret: &str) -> String {
    let Some(sent) = attempt.signature else {
        return "X-Signature is missing".into();
    };
    let timestamp = attempt.timestamp.unwrap_or_default();
    let form = SignedForm::of_call(attempt.method, attempt.path_and_query, attempt.body);
    let right = sign(secret.as_bytes(), timestamp, form, attempt.body);
    if let Some(said) = spelling_mistake(sent, &right) {
        return said.into();
    }
    let Some(sent) = hex_bytes(sent) else {
        return "X-Signature must be 64 lowercase hex digits".into();
    };
    text_mistake(attempt, timestamp, secret.as_bytes(), &sent)
        .or_else(|| secret_mistake(attempt, timestamp, form, secret, &sent))
        .unwrap_or(UNPROVEN)
        .into()
}

/// The right signature in the wrong spelling.
fn spelling_mistake(sent: &str, right: &Signature) -> Option<&'static str> {
    let hex = hex::encode(right);
    if sent.eq_ignore_ascii_case(&hex) {
        return Some("the signature is right but in uppercase hex; send lowercase");
    }
    if sent.strip_prefix("sha256=").is_some_and(|rest| rest.eq_ignore_ascii_case(&hex)) {
        return Some("the signature is right; send it without `sha256=` before it");
    }
    let plain = sent.trim_end_matches('=').replace('-', "+").replace('_', "/");
    (plain == base64(right)).then_some("the signature is right but in base64; send lowercase hex")
}

/// The right secret over the wrong text.
fn text_mistake(
    attempt: &Attempt<'_>,
    timestamp: &str,
    secret: &[u8],
    sent: &Signature,
) -> Option<&'static str> {
    let body = attempt.body;
    let path = SignedForm::MethodAndPath {
        method: attempt.method,
        path_and_query: attempt.path_and_query,
    };
    let ts = timestamp.as_bytes();
    let without_newline = body.strip_suffix(b"\n").unwrap_or(body);
    let of = |form, body: &[u8]| sign(secret, timestamp, form, body);
    let raw = |parts: &[&[u8]]| raw_mac(secret, parts);
    let body_form = SignedForm::Body;
    let text = std::str::from_utf8(body).unwrap_or_default();
    let candidates: [(&dyn Fn() -> Signature, &'static str); 10] = [
        (
            &|| of(path, body),
            "you signed method and path; a POST with a body signs `{timestamp}.{body}` alone",
        ),
        (
            &|| of(body_form, body),
            "this call signs `{timestamp}.{METHOD} {path and query}.{body}`; you left method and \
             path out",
        ),
        (&|| raw(&[ts, body]), "the dot between timestamp and body is missing"),
        (&|| raw(&[body]), "the timestamp is not part of what you signed"),
        (&|| raw(&[ts]), "the body is not part of what you signed"),
        (&|| of(body_form, b""), "the body is not part of what you signed"),
        (
            &|| raw(&[ts, b".", body, b"\n"]),
            "you signed a line break after the body that you did not send",
        ),
        (
            &|| of(body_form, without_newline),
            "you sent a line break after the body that you did not sign",
        ),
        (
            &|| of(body_form, compact(text).as_bytes()),
            "you signed the JSON written without blanks and sent it written another way",
        ),
        (
            &|| of(body_form, spaced(text).as_bytes()),
            "you signed the JSON written with a blank after each colon and comma and sent it \
             written another way",
        ),
    ];
    let right_form = SignedForm::of_call(attempt.method, attempt.path_and_query, body);
    let right = of(right_form, body);
    candidates.into_iter().find_map(|(candidate, said)| {
        let made = candidate();
        (made != right && made == *sent).then_some(said)
    })
}

/// The right text under a text that is not the secret.
fn secret_mistake(
    attempt: &Attempt<'_>,
    timestamp: &str,
    form: SignedForm<'_>,
    secret: &str,
    sent: &Signature,
) -> Option<&'static str> {
    let bare = secret.strip_prefix("sk_test_").unwrap_or(secret);
    let broken = format!("{secret}\n");
    let candidates = [
        (bare, "the key of the HMAC is the whole secret, its sk_test_ prefix included"),
        (attempt.key_id, "you signed with the key's public id; sign with its secret"),
        (&broken, "your secret has a line break at its end"),
    ];
    candidates.into_iter().find_map(|(key, said)| {
        (sign(key.as_bytes(), timestamp, form, attempt.body) == *sent).then_some(said)
    })
}

fn raw_mac(key: &[u8], parts: &[&[u8]]) -> Signature {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn hex_bytes(text: &str) -> Option<Signature> {
    hex::decode(text).ok()?.try_into().ok()
}

/// Base64 without padding.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = (0..3).fold(0usize, |number, at| {
            number << 8 | usize::from(chunk.get(at).copied().unwrap_or(0))
        });
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[number >> (18 - 6 * place) & 63]));
        }
    }
    text
}
