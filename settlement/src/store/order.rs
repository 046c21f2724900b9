//! Conversions with what is known of their orders, loaded with their commission.

mod fact;
mod write;

pub use fact::{facts_of, facts_of_all, insert_facts, known_content_keys};
pub use write::{insert, update, update_attribution};

use super::commission::CommissionRow;
use super::instant;
use super::terms::unknown;
use crate::domain::order::{Order, Review, Scope};
use rust_decimal::Decimal;
use shared::event::ReturnedItem;
use shared::id::{AffiliateId, CampaignId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use shared::order_status::OrderStatus;
use sqlx::PgConnection;
use sqlx::types::Json;
use sqlx::types::time::OffsetDateTime;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Primary keys of conversions, column by column as a query binds them.
#[derive(Debug, Default)]
pub struct Keys {
    /// live or test.
    pub environments: Vec<&'static str>,
    /// Whose.
    pub merchants: Vec<Uuid>,
    /// cnv_….
    pub ids: Vec<String>,
    /// com_… of the commission each can have.
    pub commissions: Vec<String>,
}

impl Keys {
    /// Adds a conversion.
    pub fn push(&mut self, scope: Scope, id: ConversionId) {
        self.environments.push(scope.environment.as_str());
        self.merchants.push(scope.merchant.0);
        self.ids.push(id.to_string());
        self.commissions.push(id.commission_id());
    }
}

#[derive(sqlx::FromRow)]
struct ConversionRow {
    environment: String,
    merchant_id: Uuid,
    conversion_id: String,
    event_id: String,
    external_order_id: String,
    confidence: String,
    affiliate_id: Option<Uuid>,
    campaign_id: Option<Uuid>,
    click_id: Option<String>,
    order_amount: Decimal,
    currency: String,
    order_status: String,
    order_status_at: OffsetDateTime,
    refunded_amount: Decimal,
    reversed_by: Option<String>,
    ordered_at: OffsetDateTime,
    received_at: OffsetDateTime,
    external_product_id: Option<String>,
    coupon_code: Option<String>,
    customer_hash: Option<String>,
    items: String,
    returned_items: String,
    refund_parts: Json<BTreeMap<String, Decimal>>,
    metadata: Option<String>,
    attribution: serde_json::Value,
    review: Option<String>,
    signals: serde_json::Value,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

/// Loads orders with their commissions and locks both, in the order of their ids.
pub async fn lock(connection: &mut PgConnection, keys: &Keys) -> Result<Vec<Order>, sqlx::Error> {
    let rows: Vec<ConversionRow> = sqlx::query_as(
        "-- lock_conversions
         select conversion.environment, conversion.merchant_id, conversion.conversion_id, event_id,
             external_order_id, confidence, affiliate_id, campaign_id, click_id, order_amount,
             currency, order_status, order_status_at, refunded_amount, reversed_by, ordered_at,
             received_at, external_product_id, coupon_code, customer_hash, items::text as items,
             returned_items::text as returned_items, refund_parts, metadata::text as metadata, attribution,
             review, signals, created_at, updated_at
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, conversion_id)
         join conversion using (environment, merchant_id, conversion_id)
         order by conversion.conversion_id
         for update of conversion",
    )
    .bind(&keys.environments)
    .bind(&keys.merchants)
    .bind(&keys.ids)
    .fetch_all(&mut *connection)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let commissions = super::commission::lock(connection, keys).await?;
    rows.iter()
        .map(|row| {
            let commission = commissions.get(&row.conversion_id);
            order(row, commission)
        })
        .collect()
}

/// Reads orders with their commissions as they are, without a lock.
pub async fn read(connection: &mut PgConnection, keys: &Keys) -> Result<Vec<Order>, sqlx::Error> {
    let rows: Vec<ConversionRow> = sqlx::query_as(
        "-- read_conversions
         select conversion.environment, conversion.merchant_id, conversion.conversion_id, event_id,
             external_order_id, confidence, affiliate_id, campaign_id, click_id, order_amount,
             currency, order_status, order_status_at, refunded_amount, reversed_by, ordered_at,
             received_at, external_product_id, coupon_code, customer_hash, items::text as items,
             returned_items::text as returned_items, refund_parts, metadata::text as metadata, attribution,
             review, signals, created_at, updated_at
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, conversion_id)
         join conversion using (environment, merchant_id, conversion_id)",
    )
    .bind(&keys.environments)
    .bind(&keys.merchants)
    .bind(&keys.ids)
    .fetch_all(&mut *connection)
    .await?;
    let commissions = super::commission::read(connection, keys).await?;
    rows.iter().map(|row| order(row, commissions.get(&row.conversion_id))).collect()
}

fn order(row: &ConversionRow, commission: Option<&CommissionRow>) -> Result<Order, sqlx::Error> {
    let wrong = |what: &str| unknown("conversion", what);
    let id = ConversionId::parse(&row.conversion_id).ok_or_else(|| wrong(&row.conversion_id))?;
    let environment =
        Environment::parse(&row.environment).ok_or_else(|| wrong(&row.environment))?;
    let currency = Currency::parse(&row.currency).ok_or_else(|| wrong(&row.currency))?;
    let status = |text: &str| OrderStatus::parse(text).ok_or_else(|| wrong(text));
    let json = |cause: serde_json::Error| sqlx::Error::Decode(Box::new(cause));
    let returned: Vec<ReturnedItem> = serde_json::from_str(&row.returned_items).map_err(json)?;
    Ok(Order {
        scope: Scope { environment, merchant: MerchantId(row.merchant_id) },
        id,
        event_id: row.event_id.clone(),
        external_order_id: row.external_order_id.clone(),
        confidence: row.confidence.clone(),
        affiliate: row.affiliate_id.map(AffiliateId),
        campaign: row.campaign_id.map(CampaignId),
        click_id: row.click_id.clone(),
        amount: row.order_amount,
        currency,
        status: status(&row.order_status)?,
        status_at: instant::from_row(row.order_status_at),
        refunded: row.refunded_amount,
        reversed_by: row.reversed_by.as_deref().map(status).transpose()?,
        ordered_at: instant::from_row(row.ordered_at),
        received_at: instant::from_row(row.received_at),
        product: row.external_product_id.clone(),
        coupon_code: row.coupon_code.clone(),
        customer_hash: row.customer_hash.clone(),
        items: serde_json::from_str(&row.items).map_err(json)?,
        returned: returned.into_iter().map(|item| (item.sku, item.quantity)).collect(),
        refund_parts: row.refund_parts.0.clone(),
        metadata: row.metadata.clone(),
        attribution: row.attribution.clone(),
        review: row
            .review
            .as_deref()
            .map(|word| Review::parse(word).ok_or_else(|| wrong(word)))
            .transpose()?,
        signals: super::risk_facts::signals_of(row.signals.clone(), row.ordered_at)?,
        commission: commission.map(|row| row.read(id)).transpose()?,
        created_at: instant::from_row(row.created_at),
        updated_at: instant::from_row(row.updated_at),
    })
}
