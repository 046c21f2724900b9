//! The routes. A handler parses, calls one flow or one read, and answers.

mod answer;
mod gate;
mod health;
mod ingest;
mod merchants;
mod reference;

use crate::app::App;
use crate::error::Fault;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use shared::internal::{BATCH_BYTES_MAX, CLICKS_PATH, EVENTS_PATH, SNAPSHOT_WANTED_PATH};
use std::sync::Arc;

/// Bytes of a request body at most: a full batch and its head.
pub const BODY_BYTES_MAX: usize = BATCH_BYTES_MAX + 64 * 1024;

/// Every route of settlement.
pub fn router(app: Arc<App>) -> Router {
    let internal = Router::new()
        .route(EVENTS_PATH, post(ingest::events))
        .route(CLICKS_PATH, post(ingest::clicks))
        .route(SNAPSHOT_WANTED_PATH, post(ingest::snapshot_wanted))
        .merge(merchants::routes())
        .route_layer(from_fn_with_state(Arc::clone(&app), gate::only_the_edge));
    Router::new()
        .route("/healthz", get(health::answer))
        .route("/openapi.json", get(reference::document))
        .route("/reference", get(reference::page))
        .merge(internal)
        .fallback(async || Fault::NotFound("route"))
        .method_not_allowed_fallback(async || Fault::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(answer::with_request_id))
        .with_state(app)
}
