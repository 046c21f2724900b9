//! `GET …/payouts` and `GET …/payouts/{id}`: a merchant's own lines of them.

use super::Place;
use super::page::{self, Filter, List, Page};
use crate::app::App;
use crate::error::Fault;
use crate::store::read_payout::{self, PayoutFilter, ShownPayoutRow};
use crate::wire::payout::{Payout, PayoutWithLines, STATES, shown, shown_with};
use axum::Json;
use axum::extract::{RawQuery, State};
use shared::money::Currency;
use std::sync::Arc;
use uuid::Uuid;

/// Lines shown of one payout at most.
const LINES_MAX: i64 = 1_000;
const FILTERS: &[Filter] = &[("affiliateId", &[]), ("currency", &[]), ("state", STATES)];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Payout>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let filter = read(&mut page, &place)?;
    let rows = read_payout::list(&mut *app.pool.acquire().await?, &filter).await?;
    let key = |row: &ShownPayoutRow| (row.created_at, row.payout_id.to_string());
    Ok(Json(page::list(rows, &page, key, |row| shown(&row))))
}

fn read(page: &mut Page, place: &Place) -> Result<PayoutFilter, Fault> {
    let mut faults = Vec::new();
    let affiliate_id = page.take("affiliateId").and_then(|text| {
        let id = Uuid::try_parse(&text).ok();
        id.or_else(|| wrong(&mut faults, "affiliateId must be a UUID"))
    });
    let currency = page.take("currency").and_then(|code| {
        let currency = Currency::parse(&code).map(|currency| currency.code().to_owned());
        currency.or_else(|| wrong(&mut faults, "currency must be an ISO 4217 code in capitals"))
    });
    // Ids are in order of time, so the id alone says where the next page begins.
    let after = page.after.as_ref().and_then(|(_, id)| {
        let id = Uuid::try_parse(id).ok();
        id.or_else(|| wrong(&mut faults, "cursor must be a nextCursor of this list"))
    });
    if !faults.is_empty() {
        return Err(Fault::Invalid(faults));
    }
    let state = page.take("state");
    let rows_max = page.rows_max();
    Ok(PayoutFilter { state, affiliate_id, currency, after, rows_max, ..of(place) })
}

fn wrong<T>(faults: &mut Vec<String>, sentence: &str) -> Option<T> {
    faults.push(sentence.to_owned());
    None
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    place: Place,
) -> Result<Json<PayoutWithLines>, Fault> {
    let unknown = || Fault::NotFound("payout");
    let id = Uuid::try_parse(&place.id).map_err(|_| unknown())?;
    let mut connection = app.pool.acquire().await?;
    let filter = PayoutFilter { payout_id: Some(id), ..of(&place) };
    let row = read_payout::list(&mut connection, &filter).await?.pop().ok_or_else(unknown)?;
    let (environment, owner) = (place.environment.as_str(), place.merchant.0);
    let lines = read_payout::lines(&mut connection, environment, owner, id, LINES_MAX).await?;
    Ok(Json(shown_with(&row, lines)))
}

fn of(place: &Place) -> PayoutFilter {
    PayoutFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        payout_id: None,
        state: None,
        affiliate_id: None,
        currency: None,
        after: None,
        rows_max: 1,
    }
}
