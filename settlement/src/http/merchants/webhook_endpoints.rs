//! `…/webhook-endpoints`: list, show, create, change, delete, and another secret.

use super::Place;
use super::page::{self, Filter, List};
use super::sent::Sent;
use crate::app::App;
use crate::error::Fault;
use crate::flows::write_resource::Write;
use crate::store::webhook_endpoint::{self, EndpointFilter, EndpointRow};
use crate::wire::webhook_endpoint::{Shown, shown};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use shared::validate::resource;
use std::sync::Arc;
use uuid::Uuid;

const STATES: &[&str] = &["active", "paused"];
const FILTERS: &[Filter] = &[("state", STATES)];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Shown>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let filter = EndpointFilter {
        state: page.take("state"),
        after: page.after.clone(),
        rows_max: page.rows_max(),
        ..of(&place, None)
    };
    let rows = webhook_endpoint::list(&mut *app.pool.acquire().await?, &filter).await?;
    let key = |row: &EndpointRow| (row.created_at, row.endpoint_id.to_string());
    Ok(Json(page::list(rows, &page, key, |row| shown(&row))))
}

pub(super) async fn show(State(app): State<Arc<App>>, place: Place) -> Result<Json<Shown>, Fault> {
    let filter = of(&place, Some(id_of(&place)?));
    let row = webhook_endpoint::list(&mut *app.pool.acquire().await?, &filter).await?.pop();
    row.map(|row| Json(shown(&row))).ok_or_else(unknown)
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let new = sent.sound(resource::new_endpoint(sent.body(), app.webhook_reach))?;
    sent.once(&app, &place, Write::CreateEndpoint(new)).await
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let id = id_of(&place)?;
    let change = sent.sound(resource::endpoint_change(sent.body(), app.webhook_reach))?;
    sent.once(&app, &place, Write::ChangeEndpoint(id, change)).await
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    sent.sound(sent.without_body())?;
    sent.once(&app, &place, Write::DeleteEndpoint(id_of(&place)?)).await
}

pub(super) async fn rotate_secret(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let hours = sent.sound(resource::rotation(sent.body()))?;
    sent.once(&app, &place, Write::RotateEndpointSecret(id_of(&place)?, hours)).await
}

pub(super) fn unknown() -> Fault {
    Fault::NotFound("webhook endpoint")
}

pub(super) fn id_of(place: &Place) -> Result<Uuid, Fault> {
    Uuid::try_parse(&place.id).map_err(|_| unknown())
}

pub(super) fn of(place: &Place, endpoint_id: Option<Uuid>) -> EndpointFilter {
    EndpointFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        endpoint_id,
        state: None,
        after: None,
        rows_max: 1,
    }
}
