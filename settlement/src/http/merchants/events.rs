//! `GET …/events` and `GET …/events/{id}`: outcomes. `Prefer: wait=N` waits for one.

use super::page::{self, Filter, List};
use super::{Place, at, prefer};
use crate::app::App;
use crate::error::Fault;
use crate::store::read_event::{self, EventFilter, EventRow};
use crate::wire::event::Event;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use shared::id::EventId;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How soon a waiting read looks again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(40);
const STATES: &[&str] = &["received", "applied", "skipped", "parked", "failed"];
const TYPES: &[&str] = &["conversion", "order_status", "clock_advance"];
const FILTERS: &[Filter] = &[("state", STATES), ("type", TYPES), ("code", &[])];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Event>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let filter = EventFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        state: page.take("state"),
        kind: page.take("type"),
        code: page.take("code"),
        after: page.after.clone(),
        rows_max: page.rows_max(),
    };
    let rows = read_event::list(&mut *app.pool.acquire().await?, &filter).await?;
    let key = |row: &EventRow| (row.received_at, row.event_id.clone());
    Ok(Json(page::list(rows, &page, key, shown)))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    place: Place,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let unknown = || Fault::NotFound("event");
    let id = EventId::parse(&place.id).ok_or_else(unknown)?.to_string();
    let wait = prefer::wait_seconds(&headers);
    let until = Instant::now() + Duration::from_secs(wait.unwrap_or(0));
    let row = loop {
        let row = find(&app, &place, &id).await?;
        let has_outcome = row.as_ref().is_some_and(|row| row.state != "received");
        if has_outcome || Instant::now() >= until {
            break row;
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    };
    let mut response = Json(shown(row.ok_or_else(unknown)?)).into_response();
    prefer::applied(&mut response, wait);
    Ok(response)
}

/// One of the merchant's events. A caller that looks again holds no connection meanwhile.
pub(super) async fn find(app: &App, place: &Place, id: &str) -> Result<Option<EventRow>, Fault> {
    let mut connection = app.pool.acquire().await?;
    let environment = place.environment.as_str();
    Ok(read_event::find(&mut connection, place.merchant.0, environment, id).await?)
}

pub(super) fn shown(row: EventRow) -> Event {
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
