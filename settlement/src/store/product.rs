//! Products.

use super::instant;
use jiff::Timestamp;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// One product, as its row has it.
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
                              created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint product_pk do update
         set name = excluded.name, price = excluded.price, currency = excluded.currency,
             url = excluded.url",
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
