//! `GET /healthz`: whether this node can work.

use crate::app::App;
use crate::error::Fault;
use crate::store::migrations;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn answer(State(app): State<Arc<App>>) -> Result<Json<Value>, Fault> {
    migrations::ping(&mut *app.pool.acquire().await?).await?;
    Ok(Json(json!({"status": "ok"})))
}
