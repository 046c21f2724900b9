//! What the edge sends: events, clicks, and the wish for a snapshot.

use crate::app::App;
use crate::error::Fault;
use crate::flows::{accept_events, record_clicks};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use shared::internal::{Acknowledgement, ClickBatch, EventBatch, SnapshotWanted};
use std::sync::Arc;

pub(super) async fn events(
    State(app): State<Arc<App>>,
    body: Bytes,
) -> Result<Json<Acknowledgement>, Fault> {
    let batch: EventBatch = read(&body)?;
    let answer = accept_events::run(&app.pool, &app.intake, &batch, Timestamp::now()).await?;
    app.wakes.settle.notify_one();
    Ok(Json(answer))
}

pub(super) async fn clicks(
    State(app): State<Arc<App>>,
    body: Bytes,
) -> Result<Json<Acknowledgement>, Fault> {
    let batch: ClickBatch = read(&body)?;
    let answer = record_clicks::run(&app.pool, &app.intake, &batch, Timestamp::now()).await?;
    Ok(Json(answer))
}

pub(super) async fn snapshot_wanted(
    State(app): State<Arc<App>>,
    body: Bytes,
) -> Result<StatusCode, Fault> {
    let wanted: SnapshotWanted = read(&body)?;
    app.wakes.want_snapshot(wanted.shard);
    Ok(StatusCode::ACCEPTED)
}

/// The text of serde's error may quote the body, so only its place is told.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|cause| {
        let (line, column) = (cause.line(), cause.column());
        Fault::BatchRefused(format!("the body is unreadable at line {line}, column {column}"))
    })
}
