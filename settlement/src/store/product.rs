//! Products.

use super::instant;
use jiff::Timestamp;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// What of a product the demo network and its seeding know.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ProductRow {
    /// live or test.
    pub environment: String,
    /// Whose.
    pub merchant_id: Uuid,
    /// The merchant's SKU.
    pub sku: String,
    /// Shown to affiliates.
    pub name: String,
    /// Price of one unit.
    pub price: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// Its page.
    pub url: String,
}

/// Inserts a product, or brings the one with its SKU up to date.
pub async fn upsert(
    connection: &mut PgConnection,
    row: &ProductRow,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- upsert_product
         insert into product (environment, merchant_id, sku, name, price, currency, url,
                              created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         on conflict on constraint product_pk do update
         set name = excluded.name, price = excluded.price, currency = excluded.currency,
             url = excluded.url, updated_at = excluded.updated_at",
    )
    .bind(&row.environment)
    .bind(row.merchant_id)
    .bind(&row.sku)
    .bind(&row.name)
    .bind(row.price)
    .bind(&row.currency)
    .bind(&row.url)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// A product, whole, within its merchant and environment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CatalogueRow {
    /// The merchant's SKU.
    pub sku: String,
    /// Shown to affiliates.
    pub name: String,
    /// Price of one unit.
    pub price: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// Its page.
    pub url: String,
    /// Its picture.
    pub image_url: Option<String>,
    /// The merchant's own word for what it is.
    pub category: Option<String>,
    /// `in_stock` or `out_of_stock`.
    pub stock: String,
    /// When it was first seen.
    pub created_at: OffsetDateTime,
    /// When something of it last changed.
    pub updated_at: OffsetDateTime,
}

/// Finds products by SKU; one that is not there is not listed.
pub async fn find_many(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    skus: &[&str],
) -> Result<Vec<CatalogueRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_products
         select sku, name, price, currency, url, image_url, category, stock, created_at, updated_at
         from product
         where environment = $1 and merchant_id = $2 and sku = any($3)",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(skus)
    .fetch_all(connection)
    .await
}

/// Inserts products, or brings those with their SKUs up to date; answers how many. Each SKU once.
pub async fn upsert_many(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    rows: &[CatalogueRow],
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- upsert_products
         insert into product (environment, merchant_id, sku, name, price, currency, url, image_url,
                              category, stock, created_at, updated_at)
         select $1, $2, new.*
         from unnest($3::text[], $4::text[], $5::numeric[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[])
             as new (sku, name, price, currency, url, image_url, category, stock, created_at,
                     updated_at)
         on conflict on constraint product_pk do update
         set name = excluded.name, price = excluded.price, currency = excluded.currency,
             url = excluded.url, image_url = excluded.image_url, category = excluded.category,
             stock = excluded.stock, updated_at = excluded.updated_at",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(rows.iter().map(|row| row.sku.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.price).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.currency.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.url.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.image_url.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.category.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.stock.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.updated_at).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes a product; answers the rows touched.
pub async fn delete(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    sku: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- delete_product
         delete from product where environment = $1 and merchant_id = $2 and sku = $3",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(sku)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Which products of one merchant, newest first.
#[derive(Debug, Clone)]
pub struct ProductFilter {
    /// live or test.
    pub environment: &'static str,
    /// Whose.
    pub merchant_id: Uuid,
    /// One by its SKU.
    pub sku: Option<String>,
    /// `in_stock` or `out_of_stock`.
    pub stock: Option<String>,
    /// Of one category.
    pub category: Option<String>,
    /// Those after this place in the order.
    pub after: Option<(OffsetDateTime, String)>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists products, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &ProductFilter,
) -> Result<Vec<CatalogueRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_products
         select sku, name, price, currency, url, image_url, category, stock, created_at, updated_at
         from product
         where environment = $1 and merchant_id = $2
           and ($3::text is null or sku = $3)
           and ($4::text is null or stock = $4)
           and ($5::text is null or category = $5)
           and ($6::timestamptz is null or created_at < $6 or (created_at = $6 and sku > $7))
         order by created_at desc, sku
         limit $8",
    )
    .bind(filter.environment)
    .bind(filter.merchant_id)
    .bind(&filter.sku)
    .bind(&filter.stock)
    .bind(&filter.category)
    .bind(filter.after.as_ref().map(|(at, _)| *at))
    .bind(filter.after.as_ref().map(|(_, sku)| sku))
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}
