//! `…/webhook-endpoints/{id}/…`: its deliveries and their attempts; a ping, a delivery again, all
//! that did not arrive.

use super::Place;
use super::page::{self, Filter, List, Page};
use super::sent::Sent;
use super::webhook_endpoints::{id_of, of, unknown};
use crate::app::App;
use crate::domain::webhook::endpoint::EndpointKey;
use crate::error::Fault;
use crate::flows::webhook::{self, kept_since};
use crate::flows::write_resource::Write;
use crate::store::webhook_endpoint;
use crate::store::webhook_read::{self, AttemptFilter, AttemptRow, DeliveryFilter, DeliveryRow};
use crate::wire::webhook_delivery::{Attempt, Delivery, DeliveryInFull, STATES};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use shared::time::parse_instant;
use shared::validate::resource;
use shared::validate::resource::EventType;
use sqlx::PgConnection;
use std::sync::Arc;

const TYPES: &[&str] = &EventType::WORDS;
const FILTERS: &[Filter] = &[("state", &STATES), ("type", TYPES), ("since", &[]), ("until", &[])];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Delivery>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let (since, until) = (instant(&mut page, "since")?, instant(&mut page, "until")?);
    let mut connection = app.pool.acquire().await?;
    let kept = kept_since(Timestamp::now());
    let filter = DeliveryFilter {
        key: found(&mut connection, &place).await?,
        sequence: None,
        state: page.take("state"),
        kind: page.take("type"),
        since: since.unwrap_or(kept).max(kept),
        until,
        below: page.after.as_ref().map(|(_, id)| id.parse()).transpose().map_err(bad_cursor)?,
        rows_max: page.rows_max(),
    };
    let rows = webhook_read::deliveries(&mut connection, &filter).await?;
    let key = |row: &DeliveryRow| (row.created_at, row.sequence.to_string());
    Ok(Json(page::list(rows, &page, key, Delivery::of)))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    place: Place,
) -> Result<Json<DeliveryInFull>, Fault> {
    let row = delivery(&mut *app.pool.acquire().await?, &place).await?;
    Ok(Json(DeliveryInFull::of(row)))
}

pub(super) async fn attempts_of_one(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Attempt>>, Fault> {
    let page = page::read(query.as_deref(), &[])?;
    let mut connection = app.pool.acquire().await?;
    let sequence = delivery(&mut connection, &place).await?.sequence;
    listed(&mut connection, &place, page, Some(sequence)).await
}

pub(super) async fn attempts(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Attempt>>, Fault> {
    let page = page::read(query.as_deref(), &[])?;
    listed(&mut *app.pool.acquire().await?, &place, page, None).await
}

pub(super) async fn test(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    sent.sound(sent.without_body())?;
    sent.once(&app, &place, Write::TestEndpoint(id_of(&place)?)).await
}

pub(super) async fn resend(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    sent.sound(sent.without_body())?;
    let write = Write::Resend(id_of(&place)?, sequence_of(&place)?);
    sent.once(&app, &place, write).await
}

pub(super) async fn recover(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let wish = sent.sound(resource::recovery(sent.body(), Timestamp::now()))?;
    sent.once(&app, &place, Write::Recover(id_of(&place)?, wish)).await
}

async fn listed(
    connection: &mut PgConnection,
    place: &Place,
    page: Page,
    sequence: Option<i64>,
) -> Result<Json<List<Attempt>>, Fault> {
    let after = page.after.as_ref().map(|(at, id)| {
        let (sequence, attempt) = id.split_once('-').ok_or(())?;
        Ok((*at, sequence.parse().map_err(|_| ())?, attempt.parse().map_err(|_| ())?))
    });
    let filter = AttemptFilter {
        key: found(connection, place).await?,
        sequence,
        since: kept_since(Timestamp::now()),
        after: after.transpose().map_err(|()| bad_cursor(()))?,
        rows_max: page.rows_max(),
    };
    let rows = webhook_read::attempts(connection, &filter).await?;
    let key = |row: &AttemptRow| (row.started_at, format!("{}-{}", row.sequence, row.attempt));
    Ok(Json(page::list(rows, &page, key, Attempt::of)))
}

/// The endpoint that a path names, if it is there.
async fn found(connection: &mut PgConnection, place: &Place) -> Result<EndpointKey, Fault> {
    let endpoint = id_of(place)?;
    let row = webhook_endpoint::list(connection, &of(place, Some(endpoint))).await?.pop();
    row.ok_or_else(unknown)?;
    Ok(EndpointKey { environment: place.environment, merchant: place.merchant, endpoint })
}

/// The delivery that a path names, if it is there.
async fn delivery(connection: &mut PgConnection, place: &Place) -> Result<DeliveryRow, Fault> {
    let (key, sequence) = (found(connection, place).await?, sequence_of(place)?);
    webhook::delivery(connection, &key, sequence, Timestamp::now()).await
}

fn sequence_of(place: &Place) -> Result<i64, Fault> {
    let digits = !place.sequence.is_empty() && place.sequence.bytes().all(|b| b.is_ascii_digit());
    let number = place.sequence.parse().ok().filter(|_| digits);
    number.ok_or(Fault::NotFound("webhook delivery"))
}

fn instant(page: &mut Page, name: &str) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = page.take(name) else { return Ok(None) };
    parse_instant(&text).map(Some).ok_or_else(|| {
        Fault::invalid(format!("{name} must be an ISO 8601 date and time with an offset"))
    })
}

fn bad_cursor<C>(_: C) -> Fault {
    Fault::invalid("cursor must be a nextCursor of this list")
}
