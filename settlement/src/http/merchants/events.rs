//! `GET …/events` and `GET …/events/{id}`: outcomes. `Prefer: wait=N` waits for one.

use super::page::{self, Filter, List};
use super::{Place, at};
use crate::app::App;
use crate::error::Fault;
use crate::store::read_event::{self, EventFilter, EventRow};
use crate::wire::event::Event;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use shared::id::EventId;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Seconds one may wait for an outcome.
pub(in crate::http) const WAIT_SECONDS_MAX: u64 = 5;
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
    let wait = headers.get("prefer").and_then(|value| value.to_str().ok()).and_then(wait_seconds);
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
    if let Some(seconds) = wait
        && let Ok(value) = HeaderValue::from_str(&format!("wait={seconds}"))
    {
        response.headers_mut().insert(HeaderName::from_static("preference-applied"), value);
    }
    Ok(response)
}

/// One of the merchant's events. A caller that looks again holds no connection meanwhile.
pub(super) async fn find(app: &App, place: &Place, id: &str) -> Result<Option<EventRow>, Fault> {
    let mut connection = app.pool.acquire().await?;
    let environment = place.environment.as_str();
    Ok(read_event::find(&mut connection, place.merchant.0, environment, id).await?)
}

/// The seconds of a `Prefer: wait=N` (RFC 7240), at most those one may wait; what cannot be read
/// is no preference.
fn wait_seconds(prefer: &str) -> Option<u64> {
    let mut wishes = prefer.split(',').flat_map(|part| part.split(';')).map(str::trim);
    let seconds = wishes.find_map(|wish| {
        let (name, value) = wish.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"'))
    })?;
    let digits = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| seconds.parse().unwrap_or(u64::MAX).min(WAIT_SECONDS_MAX))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_wait_is_read_and_bounded() {
        let cases = [
            ("wait=3", Some(3)),
            ("respond-async, Wait = \"2\"", Some(2)),
            ("wait=60", Some(5)),
            ("wait=99999999999999999999", Some(5)),
            ("wait=0", Some(0)),
            ("wait=-1", None),
            ("wait=", None),
            ("wait", None),
            ("return=minimal", None),
        ];
        for (prefer, expected) in cases {
            assert_eq!(wait_seconds(prefer), expected, "{prefer}");
        }
    }
}
