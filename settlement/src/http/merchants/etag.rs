//! Reads carry an `ETag`, and one who has the same already gets 304 without a body.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

/// Bytes of an answer to a read at most: a full page is far below.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of the digest that go into the tag.
const TAG_BYTES: usize = 16;

pub(super) async fn on_reads(request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let sent = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    if !is_read || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, ANSWER_BYTES_MAX).await else {
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        return Response::from_parts(parts, Body::empty());
    };
    let digest = Sha256::digest(&body);
    let tag = format!("\"{}\"", hex::encode(&digest[..TAG_BYTES]));
    let known = sent.as_ref().and_then(|value| value.to_str().ok());
    let body = if known.is_some_and(|known| names(known, &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_LENGTH);
        Body::empty()
    } else {
        Body::from(body)
    };
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    Response::from_parts(parts, body)
}

/// Whether an `If-None-Match` names a tag; weak ones count, as for every read (RFC 9110, 13.1.2).
fn names(sent: &str, tag: &str) -> bool {
    sent.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tags_is_searched() {
        let cases = [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ];
        for (sent, expected) in cases {
            assert_eq!(names(sent, "\"a\""), expected, "{sent}");
        }
    }
}
