//! `…/links`: list, show, create, change of state.

use super::Place;
use super::page::{self, Filter, List};
use super::sent::Sent;
use crate::app::App;
use crate::error::Fault;
use crate::flows::write_resource::Write;
use crate::store::read_link::{self, LinkFilter, ShownLinkRow};
use crate::wire::link::{Shown, shown};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use shared::validate;
use std::sync::Arc;
use uuid::Uuid;

const STATES: &[&str] = &["live", "paused", "archived"];
const FILTERS: &[Filter] =
    &[("affiliateId", &[]), ("campaignId", &[]), ("code", &[]), ("state", STATES)];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Shown>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let mut faults = Vec::new();
    let mut id = |name: &str| {
        let text = page.take(name)?;
        let id = Uuid::try_parse(&text).ok();
        if id.is_none() {
            faults.push(format!("{name} must be a UUID"));
        }
        id
    };
    let (affiliate_id, campaign_id) = (id("affiliateId"), id("campaignId"));
    if !faults.is_empty() {
        return Err(Fault::Invalid(faults));
    }
    let filter = LinkFilter {
        affiliate_id,
        campaign_id,
        state: page.take("state"),
        after: page.after.clone(),
        rows_max: page.rows_max(),
        ..of(&place, page.take("code"))
    };
    let rows = read_link::list(&mut *app.pool.acquire().await?, &filter).await?;
    let key = |row: &ShownLinkRow| (row.created_at, row.code.clone());
    Ok(Json(page::list(rows, &page, key, |row| shown(&row))))
}

pub(super) async fn show(State(app): State<Arc<App>>, place: Place) -> Result<Json<Shown>, Fault> {
    let filter = of(&place, Some(place.id.clone()));
    let row = read_link::list(&mut *app.pool.acquire().await?, &filter).await?.pop();
    row.map(|row| Json(shown(&row))).ok_or(Fault::NotFound("link"))
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let new = sent.sound(validate::new_link(sent.body()))?;
    sent.once(&app, &place, Write::CreateLink(new)).await
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let state = sent.sound(validate::link_change(sent.body()))?;
    sent.once(&app, &place, Write::MoveLink(place.id.clone(), state)).await
}

fn of(place: &Place, code: Option<String>) -> LinkFilter {
    LinkFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        code,
        affiliate_id: None,
        campaign_id: None,
        state: None,
        after: None,
        rows_max: 1,
    }
}
