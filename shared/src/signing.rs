//! What is signed, and how: the one HMAC form of merchants' calls and of calls between the two
//! services. Rules: EDGE §1 and §6.

use crate::keys::InternalKeys;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Hex digits of a signature.
pub const SIGNATURE_CHARACTERS: usize = 64;
/// How far an internal call's second may be from the receiver's clock, either way.
pub const INTERNAL_SKEW_SECONDS_MAX: i64 = 60;
/// Header with the Unix second of an internal call.
pub const INTERNAL_TIMESTAMP_HEADER: &str = "x-khata-timestamp";
/// Header with the signature of an internal call.
pub const INTERNAL_SIGNATURE_HEADER: &str = "x-khata-signature";

/// Which of the two texts a call signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedForm<'a> {
    /// `{ts}.{raw body}`: a `POST` with a body.
    Body,
    /// `{ts}.{METHOD} {path and query}.{raw body}`: everything else.
    MethodAndPath {
        /// The method in capitals.
        method: &'a str,
        /// Path and query exactly as sent.
        path_and_query: &'a str,
    },
}

impl<'a> SignedForm<'a> {
    /// The form a merchant's call must use.
    pub fn of_call(method: &'a str, path_and_query: &'a str, body: &[u8]) -> Self {
        if method == "POST" && !body.is_empty() {
            Self::Body
        } else {
            Self::MethodAndPath { method, path_and_query }
        }
    }
}

/// A signature that was proven, or is about to be sent: 32 bytes.
pub type Signature = [u8; 32];

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// Not 64 lowercase hex digits.
    #[error("malformed")]
    Malformed,
    /// Well-formed, but not of this text under this key.
    #[error("mismatch")]
    Mismatch,
}

fn mac_of(key: &[u8], timestamp: &str, form: SignedForm<'_>, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    if let SignedForm::MethodAndPath { method, path_and_query } = form {
        mac.update(method.as_bytes());
        mac.update(b" ");
        mac.update(path_and_query.as_bytes());
        mac.update(b".");
    }
    mac.update(body);
    mac
}

/// Signs; the HMAC key is the whole secret text, prefix included.
pub fn sign(key: &[u8], timestamp: &str, form: SignedForm<'_>, body: &[u8]) -> Signature {
    mac_of(key, timestamp, form, body).finalize().into_bytes().into()
}

/// Reads 64 lowercase hex digits.
pub fn parse_signature(text: &str) -> Result<Signature, SignatureFault> {
    let lowercase = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if text.len() != SIGNATURE_CHARACTERS || !lowercase {
        return Err(SignatureFault::Malformed);
    }
    let bytes = hex::decode(text).map_err(|_| SignatureFault::Malformed)?;
    bytes.try_into().map_err(|_| SignatureFault::Malformed)
}

/// Proves a signature in constant time and returns it.
pub fn verify(
    key: &[u8],
    timestamp: &str,
    form: SignedForm<'_>,
    body: &[u8],
    signature: &str,
) -> Result<Signature, SignatureFault> {
    let signature = parse_signature(signature)?;
    mac_of(key, timestamp, form, body)
        .verify_slice(&signature)
        .map_err(|_| SignatureFault::Mismatch)?;
    Ok(signature)
}

/// Signs a call between the two services; answers the timestamp and signature headers' values.
pub fn sign_internal(
    keys: &InternalKeys,
    now_seconds: i64,
    method: &str,
    path_and_query: &str,
    body: &[u8],
) -> (String, String) {
    let timestamp = now_seconds.to_string();
    let form = SignedForm::MethodAndPath { method, path_and_query };
    let signature = hex::encode(sign(keys.current(), &timestamp, form, body));
    (timestamp, signature)
}

/// Why an internal call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InternalFault {
    /// The timestamp is missing, not a number, or too far off.
    #[error("internal timestamp outside the window")]
    Stale,
    /// No known key made this signature.
    #[error("internal signature does not hold")]
    Signature,
}

/// One internal call as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct InternalCall<'a> {
    /// The timestamp header, empty when missing.
    pub timestamp: &'a str,
    /// The signature header, empty when missing.
    pub signature: &'a str,
    /// The method in capitals.
    pub method: &'a str,
    /// Path and query exactly as sent.
    pub path_and_query: &'a str,
    /// The raw body.
    pub body: &'a [u8],
}

/// What can be said of an internal call by its headers alone: whether its second is near, and
/// whether its signature could be one. A call refused here costs nothing more.
pub fn precheck_internal(
    now_seconds: i64,
    timestamp: &str,
    signature: &str,
) -> Result<(), InternalFault> {
    let sent: i64 = timestamp.parse().map_err(|_| InternalFault::Stale)?;
    if now_seconds.abs_diff(sent) > INTERNAL_SKEW_SECONDS_MAX.unsigned_abs() {
        return Err(InternalFault::Stale);
    }
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if signature.len() != 64 || !signature.bytes().all(is_digit) {
        return Err(InternalFault::Signature);
    }
    Ok(())
}

/// Proves that an internal call comes from the other service.
pub fn verify_internal(
    keys: &InternalKeys,
    now_seconds: i64,
    call: &InternalCall<'_>,
) -> Result<(), InternalFault> {
    precheck_internal(now_seconds, call.timestamp, call.signature)?;
    let form =
        SignedForm::MethodAndPath { method: call.method, path_and_query: call.path_and_query };
    let proven =
        keys.all().any(|key| verify(key, call.timestamp, form, call.body, call.signature).is_ok());
    if proven { Ok(()) } else { Err(InternalFault::Signature) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `printf '%s.%s' 1700000000 '{"a":1}' | openssl dgst -sha256 -hmac sk_test_abc`.
    const KNOWN: &str = "310baeffe8cbb02ad28ec675150844e833567ad548fce145bc64d9bc5181eb22";

    #[test]
    fn the_known_answer_holds() {
        let made = sign(b"sk_test_abc", "1700000000", SignedForm::Body, br#"{"a":1}"#);
        assert_eq!(hex::encode(made), KNOWN);
    }

    #[test]
    fn wrong_case_length_form_and_key_are_refused() {
        let verify = |key: &[u8], form, signature: &str| {
            verify(key, "1700000000", form, br#"{"a":1}"#, signature)
        };
        let path = SignedForm::MethodAndPath { method: "POST", path_and_query: "/x" };
        assert!(verify(b"sk_test_abc", SignedForm::Body, KNOWN).is_ok());
        let cases: [(&[u8], _, String, _); 5] = [
            (b"sk_test_abc", SignedForm::Body, KNOWN.to_uppercase(), SignatureFault::Malformed),
            (b"sk_test_abc", SignedForm::Body, KNOWN[1..].to_owned(), SignatureFault::Malformed),
            (b"sk_test_abc", SignedForm::Body, format!("{KNOWN}\n"), SignatureFault::Malformed),
            (b"sk_test_abc", path, KNOWN.to_owned(), SignatureFault::Mismatch),
            (b"sk_test_abd", SignedForm::Body, KNOWN.to_owned(), SignatureFault::Mismatch),
        ];
        for (key, form, signature, fault) in cases {
            assert_eq!(verify(key, form, &signature), Err(fault), "{signature}");
        }
    }

    #[test]
    fn an_internal_call_holds_for_a_minute_and_under_either_key() {
        let old = InternalKeys::parse(&format!("a:{}", "0a".repeat(32))).expect("well-formed");
        let both = format!("b:{},a:{}", "0b".repeat(32), "0a".repeat(32));
        let both = InternalKeys::parse(&both).expect("well-formed");
        let (timestamp, signature) = sign_internal(&old, 1000, "POST", "/internal/x?y=1", b"{}");
        let call = InternalCall {
            timestamp: &timestamp,
            signature: &signature,
            method: "POST",
            path_and_query: "/internal/x?y=1",
            body: b"{}",
        };
        assert_eq!(verify_internal(&both, 1060, &call), Ok(()));
        assert_eq!(verify_internal(&both, 1061, &call), Err(InternalFault::Stale));
        assert_eq!(verify_internal(&both, 939, &call), Err(InternalFault::Stale));
        assert_eq!(verify_internal(&both, 940, &call), Ok(()));
        let cases = ["short", &signature[1..], &signature.replace('0', "g"), &"A".repeat(64)];
        for bad in cases {
            assert_eq!(
                precheck_internal(1000, "1000", bad),
                Err(InternalFault::Signature),
                "{bad}"
            );
        }
        assert_eq!(precheck_internal(1000, "", &signature), Err(InternalFault::Stale));
        let other = InternalCall { path_and_query: "/internal/x?y=2", ..call };
        assert_eq!(verify_internal(&both, 1000, &other), Err(InternalFault::Signature));
    }

    #[test]
    fn only_a_post_with_a_body_signs_its_body_alone() {
        let path = |method| SignedForm::MethodAndPath { method, path_and_query: "/x" };
        let cases: [(&str, &[u8], _); 4] = [
            ("POST", b"{}", SignedForm::Body),
            ("POST", b"", path("POST")),
            ("PUT", b"{}", path("PUT")),
            ("GET", b"", path("GET")),
        ];
        for (method, body, form) in cases {
            assert_eq!(SignedForm::of_call(method, "/x", body), form, "{method}");
        }
    }
}
