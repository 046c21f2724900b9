//! `GET …/conversions` and `GET …/conversions/{id}`.

use super::page::{self, Filter, List};
use super::{Place, amount, at};
use crate::app::App;
use crate::error::Fault;
use crate::store::read_conversion::{self, ConversionFilter, ConversionRow};
use crate::wire::conversion::{Conversion, STATES};
use axum::Json;
use axum::extract::{RawQuery, State};
use shared::id::ConversionId;
use std::sync::Arc;

const FILTERS: &[Filter] = &[("conversionId", &[]), ("externalOrderId", &[]), ("state", STATES)];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Conversion>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let filter = ConversionFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        external_order_id: page.take("externalOrderId"),
        state: page.take("state"),
        conversion_id: page.take("conversionId"),
        after: page.after.clone(),
        rows_max: page.rows_max(),
    };
    let rows = read_conversion::list(&mut *app.pool.acquire().await?, &filter).await?;
    let key = |row: &ConversionRow| (row.received_at, row.conversion_id.clone());
    Ok(Json(page::list(rows, &page, key, |row| shown(&row))))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    place: Place,
) -> Result<Json<Conversion>, Fault> {
    let row = find(&mut *app.pool.acquire().await?, &place).await?;
    Ok(Json(shown(&row)))
}

/// One conversion of the merchant, by the id in the path.
pub(super) async fn find(
    connection: &mut sqlx::PgConnection,
    place: &Place,
) -> Result<ConversionRow, Fault> {
    let unknown = || Fault::NotFound("conversion");
    let id = ConversionId::parse(&place.id).ok_or_else(unknown)?;
    let filter = ConversionFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        external_order_id: None,
        state: None,
        conversion_id: Some(id.to_string()),
        after: None,
        rows_max: 1,
    };
    read_conversion::list(connection, &filter).await?.pop().ok_or_else(unknown)
}

pub(super) fn shown(row: &ConversionRow) -> Conversion {
    Conversion {
        id: row.conversion_id.clone(),
        external_order_id: row.external_order_id.clone(),
        state: row.state.clone(),
        confidence: row.confidence.clone(),
        affiliate_id: row.affiliate_id,
        campaign_id: row.campaign_id,
        click_id: row.click_id.clone(),
        order_amount: amount(row.order_amount, &row.currency),
        refunded_amount: amount(row.refunded_amount, &row.currency),
        currency: row.currency.clone(),
        order_status: row.order_status.clone(),
        ordered_at: at(row.ordered_at),
        received_at: at(row.received_at),
        commission_id: row.commission_id.clone(),
    }
}
