//! The right secret over the wrong text: every text that people sign by mistake.
//!
//! A text is written as a pattern: `t` timestamp, `M` method, `m` the method in lowercase, `P` path
//! with its query, `p` path without it, `b` body, `n` and `r` line breaks; the rest is itself.

use super::{Attempt, respelled};
use shared::signing::SignedForm;

const TIMESTAMP_LEFT_OUT: &str = "the timestamp is not part of what you signed";
const BODY_LEFT_OUT: &str = "the body is not part of what you signed";
const LEFT_OUT: &str = "this call signs `{timestamp}.{METHOD} {path and query}.{body}`; you left \
                        method and path out";
const LINE_BREAK_SIGNED: &str = "you signed a line break after the body that you did not send";
const LINE_BREAK_SENT: &str = "you sent a line break after the body that you did not sign";

/// Of a `POST` with a body, which signs `t.b`.
const OF_BODY_FORM: [(&str, &str); 7] = [
    ("t.M P.b", "you signed method and path; a POST with a body signs `{timestamp}.{body}` alone"),
    ("tb", "the dot between timestamp and body is missing"),
    ("b", TIMESTAMP_LEFT_OUT),
    ("t", BODY_LEFT_OUT),
    ("t.", BODY_LEFT_OUT),
    ("t.bn", LINE_BREAK_SIGNED),
    ("t.brn", LINE_BREAK_SIGNED),
];
/// Of every other call, which signs `t.M P.b`.
const OF_METHOD_AND_PATH: [(&str, &str); 9] = [
    ("t.b", LEFT_OUT),
    ("tb", LEFT_OUT),
    ("M P.b", TIMESTAMP_LEFT_OUT),
    ("tM P.b", "the dot after the timestamp is missing"),
    ("t.M Pb", "the dot after path and query is missing; it stands there without a body, too"),
    ("t.M p.b", "the query is not part of what you signed; sign the path with its query, as sent"),
    ("t.m P.b", "you signed the method in lowercase; sign it in capitals"),
    ("t.M P.bn", LINE_BREAK_SIGNED),
    ("t.M P.brn", LINE_BREAK_SIGNED),
];
/// Of such a call with a body, besides.
const OF_METHOD_PATH_AND_BODY: [(&str, &str); 3] =
    [("b", TIMESTAMP_LEFT_OUT), ("t.M P.", BODY_LEFT_OUT), ("t.M P", BODY_LEFT_OUT)];

/// The first text that `is_signed` takes, by what is to be said of one who signed it. Every one is
/// tried that could be meant; the right text is not among them.
pub(super) fn find(
    attempt: &Attempt<'_>,
    is_signed: &mut dyn FnMut(&[u8], &'static str) -> bool,
) -> Option<&'static str> {
    let body = attempt.body;
    let form = SignedForm::of_call(attempt.method, attempt.path_and_query, body);
    let (right, patterns, more): (_, &[_], &[_]) = match form {
        SignedForm::Body => ("t.b", &OF_BODY_FORM, &[]),
        SignedForm::MethodAndPath { .. } if body.is_empty() => {
            ("t.M P.b", &OF_METHOD_AND_PATH, &[])
        }
        SignedForm::MethodAndPath { .. } => {
            ("t.M P.b", &OF_METHOD_AND_PATH, &OF_METHOD_PATH_AND_BODY)
        }
    };
    let right_text = written(right, attempt, body);
    let mut tried = |pattern, body: &[u8], said| {
        let text = written(pattern, attempt, body);
        text != right_text && is_signed(&text, said)
    };
    for (pattern, said) in patterns.iter().chain(more) {
        if tried(pattern, body, said) {
            return Some(said);
        }
    }
    if let Some(stripped) = body.strip_suffix(b"\n") {
        let stripped = stripped.strip_suffix(b"\r").unwrap_or(stripped);
        if tried(right, stripped, LINE_BREAK_SENT) {
            return Some(LINE_BREAK_SENT);
        }
    }
    if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return None;
    }
    let text = std::str::from_utf8(body).unwrap_or_default();
    respelled::find(text, &mut |other, said| tried(right, other, said))
}

fn written(pattern: &str, attempt: &Attempt<'_>, body: &[u8]) -> Vec<u8> {
    let path = attempt.path_and_query;
    let mut text = Vec::with_capacity(body.len() + path.len() + 32);
    for sign in pattern.bytes() {
        match sign {
            b't' => text.extend_from_slice(attempt.timestamp.unwrap_or_default().as_bytes()),
            b'M' => text.extend_from_slice(attempt.method.as_bytes()),
            b'm' => text.extend(attempt.method.bytes().map(|byte| byte.to_ascii_lowercase())),
            b'P' => text.extend_from_slice(path.as_bytes()),
            b'p' => text.extend(path.bytes().take_while(|byte| *byte != b'?')),
            b'b' => text.extend_from_slice(body),
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            other => text.push(other),
        }
    }
    text
}
