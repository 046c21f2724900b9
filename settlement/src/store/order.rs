//! Conversions with what is known of their orders: loaded with their commission, written in bulk.

use super::commission::CommissionRow;
use super::instant;
use super::terms::unknown;
use crate::domain::book::Fact;
use crate::domain::order::{Order, Scope};
use rust_decimal::Decimal;
use shared::event::ReturnedItem;
use shared::id::{AffiliateId, CampaignId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use shared::order_status::OrderStatus;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
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
}

impl Keys {
    /// Adds a conversion.
    pub fn push(&mut self, scope: Scope, id: ConversionId) {
        self.environments.push(scope.environment.as_str());
        self.merchants.push(scope.merchant.0);
        self.ids.push(id.to_string());
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
    metadata: Option<String>,
    attribution: serde_json::Value,
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
             returned_items::text as returned_items, metadata::text as metadata, attribution,
             created_at, updated_at
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
        scope: Scope {
            environment,
            merchant: MerchantId(row.merchant_id),
        },
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
        returned: returned
            .into_iter()
            .map(|item| (item.sku, item.quantity))
            .collect(),
        metadata: row.metadata.clone(),
        attribution: row.attribution.clone(),
        commission: commission.map(|row| row.read(id)).transpose()?,
        created_at: instant::from_row(row.created_at),
        updated_at: instant::from_row(row.updated_at),
    })
}

fn returned_text(order: &Order) -> String {
    let items: Vec<_> = order
        .returned
        .iter()
        .map(|(sku, quantity)| ReturnedItem {
            sku: sku.clone(),
            quantity: *quantity,
        })
        .collect();
    serde_json::to_string(&items).expect("units per SKU are plain data")
}

/// Writes new conversions. A taken order id is an error: the batch has looked before it decided.
pub async fn insert(
    connection: &mut PgConnection,
    orders: &[&Order],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    if orders.is_empty() {
        return Ok(());
    }
    let state = |order: &Order| {
        if order.affiliate.is_some() {
            "attributed"
        } else {
            "unattributed"
        }
    };
    let items = |order: &Order| {
        serde_json::to_string(&order.items).expect("an order's lines are plain data")
    };
    let at = |of: fn(&Order) -> jiff::Timestamp| {
        orders
            .iter()
            .map(|order| instant::to_row(of(order)))
            .collect::<Vec<_>>()
    };
    sqlx::query(
        "-- insert_conversions
         insert into conversion (environment, merchant_id, conversion_id, event_id,
             external_order_id, state, confidence, affiliate_id, campaign_id, click_id,
             order_amount, currency, order_status, order_status_at, refunded_amount, reversed_by,
             ordered_at, received_at, external_product_id, coupon_code, customer_hash, items,
             returned_items, metadata, attribution, created_at, updated_at)
         select c.environment, c.merchant_id, c.conversion_id, c.event_id,
             c.external_order_id, c.state, c.confidence, c.affiliate_id, c.campaign_id, c.click_id,
             c.order_amount, c.currency, c.order_status, c.order_status_at, c.refunded_amount,
             c.reversed_by, c.ordered_at, c.received_at, c.external_product_id, c.coupon_code,
             c.customer_hash, c.items::jsonb, c.returned_items::jsonb, c.metadata::jsonb,
             c.attribution, $26, $26
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::uuid[], $9::uuid[], $10::text[], $11::numeric[], $12::text[],
                     $13::text[], $14::timestamptz[], $15::numeric[], $16::text[],
                     $17::timestamptz[], $18::timestamptz[], $19::text[], $20::text[],
                     $21::text[], $22::text[], $23::text[], $24::text[], $25::jsonb[])
             as c (environment, merchant_id, conversion_id, event_id, external_order_id, state,
                   confidence, affiliate_id, campaign_id, click_id, order_amount, currency,
                   order_status, order_status_at, refunded_amount, reversed_by, ordered_at,
                   received_at, external_product_id, coupon_code, customer_hash, items,
                   returned_items, metadata, attribution)",
    )
    .bind(
        orders
            .iter()
            .map(|o| o.scope.environment.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        orders
            .iter()
            .map(|o| o.scope.merchant.0)
            .collect::<Vec<_>>(),
    )
    .bind(orders.iter().map(|o| o.id.to_string()).collect::<Vec<_>>())
    .bind(
        orders
            .iter()
            .map(|o| o.event_id.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        orders
            .iter()
            .map(|o| o.external_order_id.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(orders.iter().map(|o| state(o)).collect::<Vec<_>>())
    .bind(
        orders
            .iter()
            .map(|o| o.confidence.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        orders
            .iter()
            .map(|o| o.affiliate.map(|a| a.0))
            .collect::<Vec<Option<Uuid>>>(),
    )
    .bind(
        orders
            .iter()
            .map(|o| o.campaign.map(|c| c.0))
            .collect::<Vec<Option<Uuid>>>(),
    )
    .bind(
        orders
            .iter()
            .map(|o| o.click_id.as_deref())
            .collect::<Vec<_>>(),
    )
    .bind(orders.iter().map(|o| o.amount).collect::<Vec<Decimal>>())
    .bind(orders.iter().map(|o| o.currency.code()).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.status.as_str()).collect::<Vec<_>>())
    .bind(at(|order| order.status_at))
    .bind(orders.iter().map(|o| o.refunded).collect::<Vec<Decimal>>())
    .bind(
        orders
            .iter()
            .map(|o| o.reversed_by.map(OrderStatus::as_str))
            .collect::<Vec<_>>(),
    )
    .bind(at(|order| order.ordered_at))
    .bind(at(|order| order.received_at))
    .bind(
        orders
            .iter()
            .map(|o| o.product.as_deref())
            .collect::<Vec<_>>(),
    )
    .bind(
        orders
            .iter()
            .map(|o| o.coupon_code.as_deref())
            .collect::<Vec<_>>(),
    )
    .bind(
        orders
            .iter()
            .map(|o| o.customer_hash.as_deref())
            .collect::<Vec<_>>(),
    )
    .bind(orders.iter().map(|o| items(o)).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| returned_text(o)).collect::<Vec<_>>())
    .bind(
        orders
            .iter()
            .map(|o| o.metadata.as_deref())
            .collect::<Vec<_>>(),
    )
    .bind(
        orders
            .iter()
            .map(|o| o.attribution.clone())
            .collect::<Vec<_>>(),
    )
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes what reports changed on conversions that were there; they are locked by this transaction.
pub async fn update(
    connection: &mut PgConnection,
    orders: &[&Order],
    now: OffsetDateTime,
) -> Result<u64, sqlx::Error> {
    if orders.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query(
        "-- update_conversions
         update conversion set order_status = c.order_status, order_status_at = c.order_status_at,
             refunded_amount = c.refunded_amount, reversed_by = c.reversed_by,
             returned_items = c.returned_items::jsonb, updated_at = $9
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[],
                     $6::numeric[], $7::text[], $8::text[])
             as c (environment, merchant_id, conversion_id, order_status, order_status_at,
                   refunded_amount, reversed_by, returned_items)
         where conversion.environment = c.environment and conversion.merchant_id = c.merchant_id
           and conversion.conversion_id = c.conversion_id",
    )
    .bind(
        orders
            .iter()
            .map(|o| o.scope.environment.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        orders
            .iter()
            .map(|o| o.scope.merchant.0)
            .collect::<Vec<_>>(),
    )
    .bind(orders.iter().map(|o| o.id.to_string()).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.status.as_str()).collect::<Vec<_>>())
    .bind(
        orders
            .iter()
            .map(|o| instant::to_row(o.status_at))
            .collect::<Vec<_>>(),
    )
    .bind(orders.iter().map(|o| o.refunded).collect::<Vec<Decimal>>())
    .bind(
        orders
            .iter()
            .map(|o| o.reversed_by.map(OrderStatus::as_str))
            .collect::<Vec<_>>(),
    )
    .bind(orders.iter().map(|o| returned_text(o)).collect::<Vec<_>>())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Which of these content keys are recorded already.
pub async fn known_content_keys(
    connection: &mut PgConnection,
    keys: &[(Scope, String)],
) -> Result<Vec<(String, Uuid, String)>, sqlx::Error> {
    sqlx::query_as(
        "-- known_content_keys
         select fact.environment, fact.merchant_id, fact.content_key
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, content_key)
         join order_fact fact using (environment, merchant_id, content_key)",
    )
    .bind(keys.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await
}

/// Keeps facts of orders.
pub async fn insert_facts(
    connection: &mut PgConnection,
    facts: &[(Scope, &Fact)],
) -> Result<(), sqlx::Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let items = |fact: &Fact| {
        serde_json::to_string(&fact.report.items).expect("units per SKU are plain data")
    };
    sqlx::query(
        "-- insert_order_facts
         insert into order_fact (environment, merchant_id, conversion_id, event_id, content_key,
             status, status_updated_at, received_at, refunded_amount, items, reason)
         select f.environment, f.merchant_id, f.conversion_id, f.event_id, f.content_key, f.status,
             f.status_updated_at, f.received_at, f.refunded_amount, f.items::jsonb, f.reason
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::timestamptz[], $8::timestamptz[], $9::numeric[], $10::text[], $11::text[])
             as f (environment, merchant_id, conversion_id, event_id, content_key, status,
                   status_updated_at, received_at, refunded_amount, items, reason)",
    )
    .bind(
        facts
            .iter()
            .map(|(scope, _)| scope.environment.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        facts
            .iter()
            .map(|(scope, _)| scope.merchant.0)
            .collect::<Vec<_>>(),
    )
    .bind(
        facts
            .iter()
            .map(|(_, f)| f.conversion.to_string())
            .collect::<Vec<_>>(),
    )
    .bind(
        facts
            .iter()
            .map(|(_, f)| f.event_id.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        facts
            .iter()
            .map(|(_, f)| f.content_key.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        facts
            .iter()
            .map(|(_, f)| f.report.status.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        facts
            .iter()
            .map(|(_, f)| instant::to_row(f.happened_at))
            .collect::<Vec<_>>(),
    )
    .bind(
        facts
            .iter()
            .map(|(_, f)| instant::to_row(f.received_at))
            .collect::<Vec<_>>(),
    )
    .bind(
        facts
            .iter()
            .map(|(_, f)| f.report.refunded_amount)
            .collect::<Vec<Option<Decimal>>>(),
    )
    .bind(facts.iter().map(|(_, f)| items(f)).collect::<Vec<_>>())
    .bind(
        facts
            .iter()
            .map(|(_, f)| f.report.reason.as_deref())
            .collect::<Vec<_>>(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
