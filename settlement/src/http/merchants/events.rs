//! `GET …/events/{id}`: the outcome of an event.

use super::{Place, at};
use crate::app::App;
use crate::error::Fault;
use crate::store::read_event::{self, EventRow};
use crate::wire::event::Event;
use axum::Json;
use axum::extract::State;
use shared::id::EventId;
use std::sync::Arc;

pub(super) async fn show(State(app): State<Arc<App>>, place: Place) -> Result<Json<Event>, Fault> {
    let unknown = || Fault::NotFound("event");
    let id = EventId::parse(&place.id).ok_or_else(unknown)?.to_string();
    let mut connection = app.pool.acquire().await?;
    let environment = place.environment.as_str();
    let row = read_event::find(&mut connection, place.merchant.0, environment, &id).await?;
    row.map(|row| Json(shown(row))).ok_or_else(unknown)
}

fn shown(row: EventRow) -> Event {
    Event {
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
