//! Lets only the edge through to internal routes: the signature over the raw call must hold.

use crate::app::App;
use crate::error::Fault;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use shared::signing::{
    INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, InternalCall, verify_internal,
};
use std::sync::Arc;

/// Reads the body once, proves the call, and hands the same bytes on.
pub(super) async fn only_the_edge(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let limited = Request::from_parts(parts.clone(), body);
    let body =
        Bytes::from_request(limited, &()).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Fault::TooLarge,
            _ => Fault::invalid("the body could not be read"),
        })?;
    let call = InternalCall {
        timestamp: text(&parts.headers, INTERNAL_TIMESTAMP_HEADER),
        signature: text(&parts.headers, INTERNAL_SIGNATURE_HEADER),
        method: parts.method.as_str(),
        path_and_query: parts.uri.path_and_query().map_or("/", |path| path.as_str()),
        body: &body,
    };
    verify_internal(&app.internal_keys, Timestamp::now().as_second(), &call)?;
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
