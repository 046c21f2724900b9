//! `GET …/products` and `GET …/products/{sku}`.

use super::Place;
use super::page::{self, Filter, List};
use crate::app::App;
use crate::error::Fault;
use crate::store::product::{self, CatalogueRow, ProductFilter};
use crate::store::rule;
use crate::wire::product::Product;
use axum::Json;
use axum::extract::{RawQuery, State};
use shared::validate::CommissionTerms;
use sqlx::PgConnection;
use std::collections::HashMap;
use std::sync::Arc;

const STOCKS: &[&str] = &["in_stock", "out_of_stock"];
const FILTERS: &[Filter] = &[("sku", &[]), ("stock", STOCKS), ("category", &[])];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    place: Place,
    RawQuery(query): RawQuery,
) -> Result<Json<List<Product>>, Fault> {
    let mut page = page::read(query.as_deref(), FILTERS)?;
    let filter = ProductFilter {
        environment: place.environment.as_str(),
        merchant_id: place.merchant.0,
        sku: page.take("sku"),
        stock: page.take("stock"),
        category: page.take("category"),
        after: page.after.clone(),
        rows_max: page.rows_max(),
    };
    let mut connection = app.pool.acquire().await?;
    let rows = product::list(&mut connection, &filter).await?;
    let skus: Vec<&str> = rows.iter().map(|row| row.sku.as_str()).collect();
    let terms = commissions(&mut connection, &place, &skus).await?;
    let key = |row: &CatalogueRow| (row.created_at, row.sku.clone());
    Ok(Json(page::list(rows, &page, key, |row| Product::of(&row, terms.get(&row.sku)))))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    place: Place,
) -> Result<Json<Product>, Fault> {
    let (environment, owner) = (place.environment.as_str(), place.merchant.0);
    let sku = place.id.as_str();
    let unknown = || Fault::NotFound("product");
    if shared::validate::resource::sku_fault(sku).is_some() {
        return Err(unknown());
    }
    let mut connection = app.pool.acquire().await?;
    let found = product::find_many(&mut connection, environment, owner, &[sku]).await?;
    let row = found.first().ok_or_else(unknown)?;
    let terms = commissions(&mut connection, &place, &[sku]).await?;
    Ok(Json(Product::of(row, terms.get(sku))))
}

/// The commissions of products' own, by SKU.
async fn commissions(
    connection: &mut PgConnection,
    place: &Place,
    skus: &[&str],
) -> Result<HashMap<String, CommissionTerms>, Fault> {
    let (environment, owner) = (place.environment.as_str(), place.merchant.0);
    let mut commissions = HashMap::new();
    for row in rule::last_of_products(connection, environment, owner, skus).await? {
        if let Some(terms) = row.terms()? {
            commissions.insert(row.sku, terms);
        }
    }
    Ok(commissions)
}
