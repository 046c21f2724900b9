//! The API described from the code: a document for machines and a page for people, each made once.

mod document;
mod guide;
mod header;
#[cfg(test)]
mod markdown;
mod operation;
mod page;
mod refusal;

mod about_itself;
mod batches;
mod campaigns;
mod intake;
mod links;
mod payouts;
mod products;
mod reads;
mod reconcile;
mod request_log;
mod resource;
mod testing;
mod webhook_deliveries;
mod webhook_endpoints;
mod webhook_events;
mod webhooks;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header as name};
use axum::response::Response;
use operation::Operation;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// How long a reader may keep either.
const CACHE_CONTROL: &str = "public, max-age=60";

/// Every operation, in the order of the page.
fn operations() -> Vec<Operation> {
    [
        intake::operations(),
        batches::operations(),
        webhooks::operations(),
        reads::operations(),
        payouts::operations(),
        campaigns::operations(),
        links::operations(),
        products::operations(),
        webhook_endpoints::operations(),
        webhook_deliveries::operations(),
        webhook_events::operations(),
        reconcile::operations(),
        request_log::operations(),
        testing::operations(),
        about_itself::operations(),
    ]
    .concat()
}

/// A text that stays the same as long as this process runs.
struct Text {
    body: String,
    etag: String,
    media_type: &'static str,
    content_security_policy: String,
}

impl Text {
    fn new(body: String, media_type: &'static str, content_security_policy: String) -> Self {
        let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..16]));
        Self { body, etag, media_type, content_security_policy }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let known = headers.get(name::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let is_known = known.is_some_and(|known| known.contains(&self.etag));
        let mut response =
            Response::new(if is_known { Body::empty() } else { Body::from(self.body.clone()) });
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let told = [
            (name::CONTENT_TYPE, self.media_type),
            (name::CACHE_CONTROL, CACHE_CONTROL),
            (name::ETAG, self.etag.as_str()),
            (name::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (name::CONTENT_SECURITY_POLICY, self.content_security_policy.as_str()),
        ];
        for (name, value) in told {
            let value = HeaderValue::from_str(value).expect("these are visible ASCII");
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// `GET /openapi.json`: the document.
pub(super) async fn document(headers: HeaderMap) -> Response {
    static TEXT: OnceLock<Text> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let json = document::document().to_json().expect("a document is plain data");
        Text::new(json, "application/json", "default-src 'none'".to_owned())
    });
    text.answer(&headers)
}

/// `GET /reference`: the page.
pub(super) async fn page(headers: HeaderMap) -> Response {
    static TEXT: OnceLock<Text> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let media_type = "text/html; charset=utf-8";
        Text::new(page::html(), media_type, page::content_security_policy())
    });
    text.answer(&headers)
}

#[cfg(test)]
mod tests {
    use super::operations;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_has_a_name_of_its_own_and_sound_examples() {
        let mut names = BTreeSet::new();
        for operation in operations() {
            assert!(names.insert(operation.id), "{} is there twice", operation.id);
            assert!(!operation.answers.is_empty(), "{} answers nothing", operation.id);
            let sent = operation.body.iter().map(|body| body.example);
            let answered = operation.answers.iter().filter_map(|answer| answer.example);
            for example in sent.chain(answered) {
                let read = serde_json::from_str::<serde_json::Value>(example);
                assert!(read.is_ok(), "{}: {example}", operation.id);
            }
        }
    }
}
