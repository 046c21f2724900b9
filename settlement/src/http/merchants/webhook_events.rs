//! `GET …/webhook-events`: the log of webhook events, pulled. `Prefer: wait=N` waits for news.

use super::Place;
use super::page::{self, Filter};
use super::prefer;
use crate::app::App;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::flows::webhook::feed::{self, Start, Wish};
use crate::wire::webhook_event::{Event, Read};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use shared::time::parse_instant;
use shared::validate::resource::EventType;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How soon a waiting read looks again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);
const FILTERS: &[Filter] = &[("after", &[]), ("since", &[]), ("types", &[])];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let wish = wish(query.as_deref())?;
    let wait = prefer::wait_seconds(&headers);
    let until = Instant::now() + Duration::from_secs(wait.unwrap_or(0));
    let scope = Scope { environment: place.environment, merchant: place.merchant };
    let read = loop {
        let read = feed::read(&app.pool, scope, &wish, Timestamp::now()).await?;
        if !read.notices.is_empty() || read.more || Instant::now() >= until {
            break read;
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    };
    let mut response = Json(shown(&read)?).into_response();
    prefer::applied(&mut response, wait);
    Ok(response)
}

fn shown(read: &feed::Read) -> Result<Read, Fault> {
    let events: Option<Vec<Event>> = read.notices.iter().map(Event::of).collect();
    let events =
        events.ok_or_else(|| Fault::Corrupt("a notice's body is unreadable".to_owned()))?;
    Ok(Read::new(events, read.next.as_ref().map(feed::Place::cursor), read.more))
}

/// Reads the query; all its faults at once.
fn wish(query: Option<&str>) -> Result<Wish, Fault> {
    let mut page = page::read(query, FILTERS)?;
    let mut faults = Vec::new();
    let after = page.take("after").map(|text| feed::Place::parse(&text));
    if after == Some(None) {
        faults.push("after must be the next of an earlier read".to_owned());
    }
    let since = page.take("since").map(|text| parse_instant(&text));
    if since == Some(None) {
        faults.push("since must be an ISO 8601 date and time with an offset".to_owned());
    }
    if after.is_some() && since.is_some() {
        faults.push("since must not be given with after".to_owned());
    }
    if page.after.is_some() {
        faults.push("cursor is not a parameter of this list; did you mean after?".to_owned());
    }
    let kinds = page.take("types").map(|text| kinds(&text)).transpose();
    let kinds = kinds.map_err(|fault| faults.push(fault)).unwrap_or_default().unwrap_or_default();
    if !faults.is_empty() {
        return Err(Fault::Invalid(faults));
    }
    let start = match (after.flatten(), since.flatten()) {
        (Some(place), _) => Start::After(place),
        (None, Some(since)) => Start::Since(since),
        (None, None) => Start::Oldest,
    };
    Ok(Wish { start, kinds, limit: usize::try_from(page.limit).unwrap_or(1) })
}

fn kinds(text: &str) -> Result<Vec<EventType>, String> {
    let read = text.split(',').map(EventType::parse).collect::<Option<Vec<_>>>();
    read.ok_or_else(|| format!("types must be some of {}", EventType::WORDS.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_or_all_its_faults_are_told() {
        let read = wish(Some("types=ping,commission.paid&limit=7")).unwrap();
        assert_eq!(read.kinds, [EventType::Ping, EventType::CommissionPaid]);
        assert_eq!((read.start, read.limit), (Start::Oldest, 7));
        let place = feed::Place { position: 512, tag: "0a1b2c3d".to_owned() };
        let read = wish(Some(&format!("after={}", place.cursor()))).unwrap();
        assert_eq!((read.start, read.kinds), (Start::After(place), Vec::new()));
        let Err(Fault::Invalid(faults)) = wish(Some("after=zz&since=today&types=*")) else {
            panic!("all of it is wrong");
        };
        let names: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
        assert_eq!(names, ["after", "since", "since", "types"], "{faults:#?}");
        assert!(wish(Some("cursor=313a61")).is_err());
    }
}
