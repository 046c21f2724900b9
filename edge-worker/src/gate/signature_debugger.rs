//! What the signature debugger answers: the text that is signed, its digest, and what is wrong.
//!
//! Everything is computed from the secret in the question, never from a stored one.

use super::hint::{self, Attempt, Diagnosis};
use super::rate::Limits;
use serde::Serialize;
use shared::problem::Code;
use shared::signing::{SignedForm, sign, verify};
use shared::validate::SignatureQuestion;

/// Questions of one key per isolate: 60 in any minute, and as many in any hour as that allows.
pub const LIMITS: Limits = Limits { per_minute_max: 60, per_hour_max: 3_600 };

/// The answer, as JSON. It repeats nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The text that is signed.
    pub canonical: String,
    /// Its HMAC-SHA256 under the secret given, in lowercase hex.
    pub signature: String,
    /// Which of the two forms it is.
    pub form: &'static str,
    /// Whether the asker's own signature is the same; absent when none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<bool>,
    /// What such a call would be refused for, as far as it can be proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Answers a question of a test key.
pub fn answer(question: &SignatureQuestion, key_id: &str, now_seconds: i64) -> Shown {
    let SignatureQuestion { secret, timestamp, method, path, body, signature } = question;
    let form = SignedForm::of_call(method, path, body.as_bytes());
    let (canonical, name) = match form {
        SignedForm::Body => (format!("{timestamp}.{body}"), "body"),
        SignedForm::MethodAndPath { .. } => {
            (format!("{timestamp}.{method} {path}.{body}"), "method-and-path")
        }
    };
    let made = sign(secret.as_bytes(), timestamp, form, body.as_bytes());
    let matches = signature
        .as_deref()
        .map(|sent| verify(secret.as_bytes(), timestamp, form, body.as_bytes(), sent).is_ok());
    let attempt = Attempt {
        timestamp: Some(timestamp),
        signature: signature.as_deref(),
        method,
        path_and_query: path,
        body: body.as_bytes(),
        key_id,
        now_seconds,
    };
    let hint = mistake(&attempt, secret, matches);
    Shown { canonical, signature: hex::encode(made), form: name, matches, hint }
}

/// A wrong signature first, then a timestamp out of the window, then a secret of no test key: each
/// would be refused.
fn mistake(attempt: &Attempt<'_>, secret: &str, matches: Option<bool>) -> Option<String> {
    let named = match matches {
        Some(false) => match hint::diagnose(Code::InvalidSignature, attempt, secret) {
            Diagnosis::Named(said) => Some(said.into_owned()),
            Diagnosis::Unproven => None,
        },
        Some(true) | None => None,
    };
    let secret_of_no_test_key = || {
        (!secret.starts_with("sk_test_")).then(|| {
            "this is no test key's secret: those begin sk_test_, and the whole text is the key of \
             the HMAC"
                .to_owned()
        })
    };
    named
        .or_else(|| hint::of_timestamp(attempt))
        .or_else(secret_of_no_test_key)
        .or_else(|| (matches == Some(false)).then(hint::unproven))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{Hmac, Mac};

    const NOW: i64 = 1_781_430_000;

    fn question() -> SignatureQuestion {
        SignatureQuestion {
            secret: "sk_test_abcdef".into(),
            timestamp: NOW.to_string(),
            method: "POST".into(),
            path: String::new(),
            body: r#"{"a":1}"#.into(),
            signature: None,
        }
    }

    fn shown(question: &SignatureQuestion) -> Shown {
        answer(question, "pk_test_a", NOW)
    }

    #[test]
    fn the_signature_is_that_of_the_text_shown() {
        let get = SignatureQuestion {
            method: "GET".into(),
            path: "/api/v1/conversions?limit=1".into(),
            body: String::new(),
            ..question()
        };
        let put = SignatureQuestion { method: "PUT".into(), path: "/p".into(), ..question() };
        let cases = [
            (question(), "body", r#"1781430000.{"a":1}"#),
            (get, "method-and-path", "1781430000.GET /api/v1/conversions?limit=1."),
            (put, "method-and-path", r#"1781430000.PUT /p.{"a":1}"#),
        ];
        for (question, form, canonical) in cases {
            let answer = shown(&question);
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"sk_test_abcdef").unwrap();
            mac.update(canonical.as_bytes());
            let signature = hex::encode(mac.finalize().into_bytes());
            let expected =
                Shown { canonical: canonical.into(), signature, form, matches: None, hint: None };
            assert_eq!(answer, expected);
            let right = SignatureQuestion { signature: Some(answer.signature), ..question };
            assert_eq!((shown(&right).matches, shown(&right).hint), (Some(true), None));
        }
    }

    #[test]
    fn what_such_a_call_would_be_refused_for_is_said() {
        let right = shown(&question()).signature;
        let with =
            |signature: &str| SignatureQuestion { signature: Some(signature.into()), ..question() };
        let milliseconds =
            SignatureQuestion { timestamp: format!("{NOW}000"), signature: None, ..question() };
        let live = SignatureQuestion { secret: "sk_live_abcdef".into(), ..question() };
        let cases = [
            (with(&right.to_uppercase()), Some(false), "uppercase"),
            (with(&"0".repeat(64)), Some(false), "none of the usual mistakes"),
            (with(""), Some(false), "64 lowercase hex"),
            (milliseconds, None, "milliseconds"),
            (live, None, "begin sk_test_"),
        ];
        for (question, matches, part) in cases {
            let answer = shown(&question);
            assert_eq!(answer.matches, matches, "{part}");
            assert!(answer.hint.as_deref().unwrap_or_default().contains(part), "{answer:?}");
        }
    }
}
