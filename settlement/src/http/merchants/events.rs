//! `GET …/events/{id}`: the outcome of an event.

use super::{Place, at};
use crate::app::App;
use crate::error::Fault;
use crate::store::read_event::{self, EventRow};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::id::EventId;
use std::sync::Arc;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    event_id: String,
    #[serde(rename = "type")]
    kind: String,
    state: String,
    code: Option<String>,
    detail: Option<String>,
    conversion_id: Option<String>,
    commission_id: Option<String>,
    received_at: String,
    settled_at: Option<String>,
}

pub(super) async fn show(State(app): State<Arc<App>>, place: Place) -> Result<Json<Shown>, Fault> {
    let unknown = || Fault::NotFound("event");
    let id = EventId::parse(&place.id).ok_or_else(unknown)?.to_string();
    let mut connection = app.pool.acquire().await?;
    let environment = place.environment.as_str();
    let row = read_event::find(&mut connection, place.merchant.0, environment, &id).await?;
    row.map(|row| Json(shown(row))).ok_or_else(unknown)
}

fn shown(row: EventRow) -> Shown {
    Shown {
        event_id: row.event_id,
        kind: row.kind,
        state: row.state,
        code: row.code,
        detail: row.detail,
        conversion_id: row.conversion_id,
        commission_id: row.commission_id,
        received_at: at(row.received_at),
        settled_at: row.settled_at.map(at),
    }
}
