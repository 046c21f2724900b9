//! What a refusal looks like, code by code (PRODUCT §2).

use serde_json::{Value, json};

use crate::http::Answer;

/// Asserts a refusal that says its code; answers its message.
pub fn assert_refused(answer: &Answer, status: u16, error: &str, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    let mut body = answer.json();
    let message = body["message"].take();
    let expected = json!({
        "statusCode": status,
        "message": null,
        "error": error,
        "code": code,
        "requestId": answer.header("x-request-id"),
    });
    assert_eq!(body, expected, "message {message}");
    assert_ne!(answer.header("x-request-id"), "");
    message
}

/// Asserts a refusal for the body's content; answers its sentences.
pub fn assert_invalid(answer: &Answer) -> Vec<String> {
    let message = assert_refused(answer, 400, "Bad Request", "VALIDATION_ERROR");
    sentences(&message)
}

/// The sentences of a list of faults.
pub fn sentences(message: &Value) -> Vec<String> {
    let list = message.as_array().unwrap_or_else(|| panic!("no list of faults: {message}"));
    list.iter().map(|entry| entry.as_str().expect("a fault is a sentence").to_owned()).collect()
}

/// Asserts a 401 that tells nothing, as a live key gets it.
pub fn assert_unauthorized(answer: &Answer) {
    let request_id = answer.header("x-request-id");
    let expected = json!({
        "statusCode": 401,
        "message": "Unauthorized",
        "error": "Unauthorized",
        "requestId": request_id,
    });
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert_eq!(answer.json(), expected);
    assert_ne!(request_id, "");
}

/// Asserts a 401 of a test key, whose hint names the mistake.
pub fn assert_hinted(answer: &Answer, part: &str) {
    let mut body = answer.json();
    let hint = body["hint"].take();
    let expected = json!({
        "statusCode": 401,
        "message": "Unauthorized",
        "error": "Unauthorized",
        "requestId": answer.header("x-request-id"),
        "hint": null,
    });
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert_eq!(body, expected);
    assert!(hint.as_str().is_some_and(|hint| hint.contains(part)), "{part:?} not in {hint}");
}
