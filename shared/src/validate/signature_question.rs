//! `POST /api/v1/test/signature`: body to a question of the signature debugger. Rules: EDGE §1.

use super::fields::{Fields, Need};
use crate::fault::Faults;
use std::fmt;

/// Unicode scalars of a secret, a timestamp or a signature at most.
pub const SIGNATURE_PART_CHARACTERS_MAX: usize = 200;
/// Unicode scalars of a path with its query at most.
pub const SIGNED_PATH_CHARACTERS_MAX: usize = 2_048;
/// Unicode scalars of a body to be signed at most; the question's own limit is lower in bytes.
const SIGNED_BODY_CHARACTERS_MAX: usize = 16 * 1024;
const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

/// A call whose signature somebody wants to see.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureQuestion {
    /// The whole `sk_…` text, as the asker has it. Used for this answer and not kept.
    pub secret: String,
    /// As it would stand in `X-Timestamp`; what is wrong with it is told, not refused.
    pub timestamp: String,
    /// In capitals; unless given, `POST` with a body and `GET` without one.
    pub method: String,
    /// Path and query; empty only where the form does not sign them.
    pub path: String,
    /// The body, empty for none.
    pub body: String,
    /// The asker's own signature, to be compared.
    pub signature: Option<String>,
}

impl fmt::Debug for SignatureQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureQuestion")
            .field("timestamp", &self.timestamp)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Reads a question, or every fault of the body.
pub fn signature_question(body: &[u8]) -> Result<SignatureQuestion, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let short = SIGNATURE_PART_CHARACTERS_MAX;
    let secret = fields.text("secret", short, Need::Required);
    let timestamp = fields.text("timestamp", short, Need::Required);
    let method = fields.text("method", short, Need::Optional);
    let path = fields.text("path", SIGNED_PATH_CHARACTERS_MAX, Need::Optional);
    let body = fields.text("body", SIGNED_BODY_CHARACTERS_MAX, Need::Optional).unwrap_or_default();
    let signature = fields.text("signature", short, Need::Optional);
    if secret.as_deref() == Some("") {
        fields.faults.push("secret must not be empty");
    }
    let method = method.unwrap_or_else(|| if body.is_empty() { "GET" } else { "POST" }.to_owned());
    if !METHODS.contains(&method.as_str()) {
        fields.faults.push(format!("method must be one of {}", METHODS.join(", ")));
    }
    let signs_path = method != "POST" || body.is_empty();
    match &path {
        Some(path) if !path.starts_with('/') => {
            fields.faults.push("path must begin with /, such as /api/v1/conversions?limit=1");
        }
        None if signs_path => fields
            .faults
            .push("path is required: every call but a POST with a body signs its method and path"),
        Some(_) | None => {}
    }
    fields.refuse_unknown(&[("key", "secret"), ("signingSecret", "secret"), ("url", "path")]);
    match (secret, timestamp, fields.faults.is_empty()) {
        (Some(secret), Some(timestamp), true) => {
            let path = path.unwrap_or_default();
            Ok(SignatureQuestion { secret, timestamp, method, path, body, signature })
        }
        _ => Err(fields.faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &str) -> Vec<String> {
        signature_question(body.as_bytes()).expect_err(body).into_messages()
    }

    #[test]
    fn the_method_follows_the_body_unless_it_is_given() {
        let cases = [
            (r#"{"secret":"s","timestamp":"1","body":"{}"}"#, "POST", ""),
            (r#"{"secret":"s","timestamp":"1","path":"/a?b=1"}"#, "GET", "/a?b=1"),
            (r#"{"secret":"s","timestamp":"1","path":"/a","body":""}"#, "GET", "/a"),
            (r#"{"secret":"s","timestamp":"","method":"PUT","path":"/a","body":"x"}"#, "PUT", "/a"),
            (r#"{"secret":"s","timestamp":"1","method":"POST","path":"/a"}"#, "POST", "/a"),
        ];
        for (body, method, path) in cases {
            let read = signature_question(body.as_bytes()).expect(body);
            assert_eq!((read.method.as_str(), read.path.as_str()), (method, path), "{body}");
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let cases = [
            ("{}", vec!["secret is required", "timestamp is required", "path is required"]),
            (
                r#"{"secret":"","timestamp":1,"method":"get","path":"api","x":1}"#,
                vec![
                    "timestamp must be a string",
                    "secret must not be empty",
                    "method must be one of DELETE, GET, HEAD, PATCH, POST, PUT",
                    "path must begin with /",
                    "x is not a property here",
                ],
            ),
            (
                r#"{"secret":"s","timestamp":"1","path":null}"#,
                vec!["path must not be null", "path is required"],
            ),
            (
                r#"{"secret":"s","timestamp":"1","method":"POST","body":""}"#,
                vec!["path is required"],
            ),
            (
                r#"{"secret":"s","timestamp":"1","body":"x","body":"x"}"#,
                vec!["body must not be repeated"],
            ),
            ("[]", vec!["body must be a JSON object"]),
        ];
        for (body, expected) in cases {
            let found = faults(body);
            assert_eq!(found.len(), expected.len(), "{body}: {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{body}: {found}");
            }
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let body = r#"{"secret":"sk_test_swordfish","timestamp":"1","body":"swordfish"}"#;
        let read = signature_question(body.as_bytes()).expect(body);
        let shown = format!("{read:?}");
        assert!(shown.contains("timestamp") && !shown.contains("swordfish"), "{shown}");
    }
}
