//! Payable items: whatever is payable and no commission. Written once, never changed.

use super::instant;
use jiff::Timestamp;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

/// One item to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// live or test.
    pub environment: &'static str,
    /// In whose books.
    pub merchant_id: Uuid,
    /// Its id.
    pub item_id: Uuid,
    /// correction, `bank_return`, fx, `write_off`.
    pub kind: &'static str,
    /// What it stems from.
    pub source: String,
    /// Whose.
    pub affiliate_id: Uuid,
    /// ISO 4217.
    pub currency: String,
    /// Plus favours the affiliate; in currency.
    pub amount: Decimal,
    /// Of a correction.
    pub commission_id: Option<String>,
    /// From when.
    pub effective_at: Timestamp,
}

/// Writes items.
pub async fn insert(
    connection: &mut PgConnection,
    items: &[NewItem],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_payable_items
         insert into payable_item (created_at, environment, merchant_id, item_id, kind, source,
             affiliate_id, currency, amount, commission_id, effective_at)
         select $1, i.*
         from unnest($2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::uuid[],
                     $8::text[], $9::numeric[], $10::text[], $11::timestamptz[]) as i",
    )
    .bind(instant::to_row(now))
    .bind(items.iter().map(|item| item.environment).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.merchant_id).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.item_id).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.kind).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.source.as_str()).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.affiliate_id).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.currency.as_str()).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.amount).collect::<Vec<_>>())
    .bind(items.iter().map(|item| item.commission_id.as_deref()).collect::<Vec<_>>())
    .bind(items.iter().map(|item| instant::to_row(item.effective_at)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}
