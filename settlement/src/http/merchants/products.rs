//! `…/products`: list, show, put one or many, delete.

use super::Place;
use super::page::{self, Filter, List};
use super::sent::Sent;
use crate::app::App;
use crate::error::Fault;
use crate::flows::write_resource::Write;
use crate::store::merchant;
use crate::store::product::{self, CatalogueRow, ProductFilter};
use crate::store::rule::{self, ShownRuleRow};
use crate::wire::product::Product;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use shared::money::Currency;
use shared::validate::resource::{self, Shop};
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
    let rules = rules(&mut connection, &place, &skus).await?;
    let key = |row: &CatalogueRow| (row.created_at, row.sku.clone());
    Ok(Json(page::list(rows, &page, key, |row| Product::of(&row, rules.get(&row.sku)))))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    place: Place,
) -> Result<Json<Product>, Fault> {
    let (environment, owner) = (place.environment.as_str(), place.merchant.0);
    let sku = place.id.as_str();
    let unknown = || Fault::NotFound("product");
    if resource::sku_fault(sku).is_some() {
        return Err(unknown());
    }
    let mut connection = app.pool.acquire().await?;
    let found = product::find_many(&mut connection, environment, owner, &[sku]).await?;
    let row = found.first().ok_or_else(unknown)?;
    let rules = rules(&mut connection, &place, &[sku]).await?;
    Ok(Json(Product::of(row, rules.get(sku))))
}

pub(super) async fn put(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let shop = shop_of(&app, &place).await?;
    let product = sent.sound(resource::product(&place.id, sent.body(), &shop.as_read()))?;
    sent.once(&app, &place, Write::PutProduct(product)).await
}

pub(super) async fn put_many(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    let shop = shop_of(&app, &place).await?;
    let rows = sent.sound(resource::products(sent.body(), &shop.as_read()))?;
    sent.once(&app, &place, Write::PutProducts(rows)).await
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    place: Place,
    sent: Sent,
) -> Result<Response, Fault> {
    sent.sound(sent.without_body())?;
    sent.once(&app, &place, Write::DeleteProduct(place.id.clone())).await
}

/// The rules of products' own, by SKU.
async fn rules(
    connection: &mut PgConnection,
    place: &Place,
    skus: &[&str],
) -> Result<HashMap<String, ShownRuleRow>, Fault> {
    let (environment, owner) = (place.environment.as_str(), place.merchant.0);
    let rows = rule::product::last(connection, environment, owner, skus).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.sku.clone()?, row))).collect())
}

/// What reading products needs to know of the merchant.
struct OwnShop {
    currency: Currency,
    approved_domain: String,
}

impl OwnShop {
    fn as_read(&self) -> Shop<'_> {
        Shop { currency: self.currency, approved_domain: &self.approved_domain }
    }
}

async fn shop_of(app: &App, place: &Place) -> Result<OwnShop, Fault> {
    let found = merchant::find(&mut *app.pool.acquire().await?, place.merchant.0).await?;
    let row = found.ok_or(Fault::NotFound("merchant"))?;
    let currency = Currency::parse(&row.currency)
        .ok_or_else(|| Fault::Corrupt("a merchant's currency is none".to_owned()))?;
    Ok(OwnShop { currency, approved_domain: row.approved_domain })
}
