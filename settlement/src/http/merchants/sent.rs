//! A merchant's write as the edge hands it over: proven there, unwrapped here.

use super::Place;
use crate::app::App;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::flows::write_resource::{self, Answered, Reply, Write};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use shared::fault::Faults;
use shared::relay::Relayed;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What the edge handed over.
pub(super) struct Sent(Relayed);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let body = Bytes::from_request(request, state).await.map_err(|_| Fault::TooLarge)?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|_| Fault::BatchRefused("a relayed write is unreadable".to_owned()))
    }
}

impl Sent {
    /// The merchant's body as sent.
    pub(super) fn body(&self) -> &[u8] {
        self.0.body.as_bytes()
    }

    /// Refuses a body where none belongs.
    pub(super) fn without_body(&self) -> Result<(), Faults> {
        let mut faults = Faults::default();
        if !self.0.body.is_empty() {
            faults.push("this call takes no body");
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// What was read of the body, or its faults together with those of the headers.
    pub(super) fn sound<T>(&self, read: Result<T, Faults>) -> Result<T, Fault> {
        let (read, mut faults) = match read {
            Ok(read) => (Some(read), Faults::default()),
            Err(faults) => (None, faults),
        };
        if let Some(fault) = &self.0.header_fault {
            faults.push(fault.as_str());
        }
        read.filter(|_| faults.is_empty()).ok_or(Fault::Body(faults))
    }

    /// Does a write once, and answers.
    pub(super) async fn once(
        &self,
        app: &App,
        place: &Place,
        write: Write,
    ) -> Result<Response, Fault> {
        let scope = Scope { environment: place.environment, merchant: place.merchant };
        let now = Timestamp::now();
        let answered =
            write_resource::run(&app.pool, &app.vault, scope, &self.0, write, now).await?;
        if matches!(answered, Answered::First(_)) {
            app.wakes.push.notify_one();
            app.wakes.webhook.notify_one();
            app.wakes.delivery.notify_one();
        }
        Ok(respond(answered))
    }
}

fn respond(answered: Answered) -> Response {
    let (Reply { status, body }, repeated) = match answered {
        Answered::First(reply) => (reply, false),
        Answered::Repeated(reply) => (reply, true),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if repeated {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
