//! `…/campaigns`: list, show, create, change, activate, pause, archive.

use super::page::{self, Filter, List};
use super::sent::Sent;
use super::{Place, currency_of};
use crate::app::App;
use crate::error::Fault;
use crate::flows::set_state::CampaignChange;
use crate::flows::write_resource::Write;
use crate::store::read_campaign::{self, CampaignFilter, ShownCampaignRow};
use crate::store::rule;
use crate::wire::campaign::{Shown, shown};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use shared::validate;
use std::sync::Arc;
use uuid::Uuid;

const STATES: &[&str] = &["draft", "active", "paused", "archived"];
const FILTERS: &[Filter] = &[("state", STATES), ("listing", &["public", "invite"])];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Shown>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let filter = CampaignFilter {
        state: page.take("state"),
        listing: page.take("listing"),
        after: page.after.as_ref().map(|(at, id)| (*at, id.parse().unwrap_or(Uuid::max()))),
        rows_max: page.rows_max(),
        ..of(&place, None)
    };
    let mut connection = app.pool.acquire().await?;
    let rows = read_campaign::list(&mut connection, &filter).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.campaign_id).collect();
    let environment = place.environment.as_str();
    let rules = rule::of_campaigns(&mut connection, environment, place.merchant.0, &ids).await?;
    let rule_of = |id: Uuid| rules.iter().find(|rule| rule.campaign_id == Some(id));
    let key = |row: &ShownCampaignRow| (row.created_at, row.campaign_id.to_string());
    Ok(Json(page::list(rows, &page, key, |row| shown(&row, rule_of(row.campaign_id)))))
}

pub(super) async fn show(State(app): State<Arc<App>>, place: Place) -> Result<Json<Shown>, Fault> {
    let id = id_of(&place)?;
    let mut connection = app.pool.acquire().await?;
    let row = read_campaign::list(&mut connection, &of(&place, Some(id))).await?.pop();
    let row = row.ok_or(Fault::NotFound("campaign"))?;
    let environment = place.environment.as_str();
    let rules = rule::of_campaigns(&mut connection, environment, place.merchant.0, &[id]).await?;
    Ok(Json(shown(&row, rules.first())))
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let currency = currency_of(&app, &place).await?;
    let new = sent.sound(validate::new_campaign(sent.body(), currency))?;
    sent.once(&app, &place, Write::CreateCampaign(new)).await
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let id = id_of(&place)?;
    let currency = currency_of(&app, &place).await?;
    let change = sent.sound(validate::campaign_change(sent.body(), currency))?;
    sent.once(&app, &place, Write::ChangeCampaign(id, change)).await
}

pub(super) async fn activate(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    step(&app, &place, &sent, CampaignChange::Activate).await
}

pub(super) async fn pause(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    step(&app, &place, &sent, CampaignChange::Pause).await
}

pub(super) async fn archive(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    step(&app, &place, &sent, CampaignChange::Archive).await
}

async fn step(
    app: &App,
    place: &Place,
    sent: &Sent,
    change: CampaignChange,
) -> Result<Response, Fault> {
    sent.sound(sent.without_body())?;
    sent.once(app, place, Write::MoveCampaign(id_of(place)?, change)).await
}

fn id_of(place: &Place) -> Result<Uuid, Fault> {
    Uuid::try_parse(&place.id).map_err(|_| Fault::NotFound("campaign"))
}

fn of(place: &Place, campaign_id: Option<Uuid>) -> CampaignFilter {
    CampaignFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        campaign_id,
        state: None,
        listing: None,
        after: None,
        rows_max: 1,
    }
}
