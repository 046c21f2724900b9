//! Every answer: the request id on it, a fault told to the client by its code and to the log by
//! its cause.

use crate::error::Fault;
use crate::secrets::draw;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use shared::limits::REQUEST_ID_CHARACTERS_MAX;
use shared::relay::CODE_HEADER;
use std::sync::Arc;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl IntoResponse for Fault {
    /// An empty answer that carries the fault; [`with_request_id`] writes it out.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Puts the request id on the answer, writes a fault's body, and logs its cause once.
pub(super) async fn with_request_id(request: Request, next: Next) -> Response {
    let request_id = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|text| is_sane(text))
        .map_or_else(draw::request_id, str::to_owned);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    if let Some(fault) = response.extensions().get::<Arc<Fault>>().cloned() {
        let problem = fault.problem();
        let status = StatusCode::from_u16(problem.status())
            .expect("the table of codes holds valid statuses");
        let (code, id) = (problem.code.log_code(), request_id.as_str());
        if status.is_server_error() {
            tracing::error!(%fault, code, request_id = id, %method, path, "a request failed");
        } else if is_of_the_edge(&fault) {
            tracing::error!(%fault, code, request_id = id, %method, path, "the edge was refused");
        } else {
            tracing::debug!(%fault, code, request_id = id, %method, path, "a request was refused");
        }
        *response.status_mut() = status;
        *response.body_mut() = Body::from(problem.body(&request_id));
        let log_code = HeaderValue::from_static(problem.code.log_code());
        response.headers_mut().insert(HeaderName::from_static(CODE_HEADER), log_code);
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// A refusal that no merchant can cause and that stops a stream: a person must hear of it.
fn is_of_the_edge(fault: &Fault) -> bool {
    matches!(fault, Fault::BatchRefused(_) | Fault::Unsigned(_))
}

fn is_sane(text: &str) -> bool {
    (1..=REQUEST_ID_CHARACTERS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
