//! Writes of products and days to reconcile, and the answers they give.

use super::super::reconcile::{self, LISTED_MAX};
use super::super::{delete_product, put_products};
use super::change::{At, Reply};
use crate::domain::catalogue::Written;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::store::{product, rule};
use crate::wire::product::{Product as Shown, ProductResult, ProductResults};
use crate::wire::reconcile::shown as shown_day;
use shared::validate::resource::{Day, Product, RowFault};
use sqlx::PgConnection;

pub(super) async fn put(
    connection: &mut PgConnection,
    at: At<'_>,
    product: &Product,
) -> Result<Reply, Fault> {
    let written = put_products::one(connection, at.actor, at.scope, product, at.now).await?;
    let status = match written {
        Written::Created => 201,
        Written::Updated | Written::Unchanged => 200,
    };
    Reply::of(status, &shown(connection, at.scope, &product.sku).await?)
}

pub(super) async fn put_many(
    connection: &mut PgConnection,
    at: At<'_>,
    rows: Vec<Result<Product, RowFault>>,
) -> Result<Reply, Fault> {
    let rows = put_products::many(connection, at.actor, at.scope, rows, at.now).await?;
    let results = rows.into_iter().map(ProductResult::of).collect();
    Reply::of(200, &ProductResults { results })
}

pub(super) async fn delete(
    connection: &mut PgConnection,
    at: At<'_>,
    sku: &str,
) -> Result<Reply, Fault> {
    delete_product::within(connection, at.actor, at.scope, sku, at.now).await?;
    Ok(Reply::empty())
}

pub(super) async fn reconcile(
    connection: &mut PgConnection,
    at: At<'_>,
    day: &Day,
) -> Result<Reply, Fault> {
    let done = reconcile::within(connection, at.actor, at.scope, day).await?;
    let extra = (done.extra.as_slice(), done.extra_total);
    let (zone, comparison) = (done.time_zone.as_str(), &done.comparison);
    Reply::of(200, &shown_day(day.date, zone, done.span, comparison, extra, LISTED_MAX))
}

async fn shown(connection: &mut PgConnection, scope: Scope, sku: &str) -> Result<Shown, Fault> {
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    let found = product::find_many(connection, environment, owner, &[sku]).await?;
    let row = found.first().ok_or(Fault::NotFound("product"))?;
    let rules = rule::product::last(connection, environment, owner, &[sku]).await?;
    Ok(Shown::of(row, rules.first()))
}
