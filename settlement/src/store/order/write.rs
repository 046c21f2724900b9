//! Conversions written in bulk: one statement for the new ones, one for the changed.

use crate::domain::order::{Order, Review};
use crate::store::instant;
use rust_decimal::Decimal;
use shared::event::ReturnedItem;
use shared::order_status::OrderStatus;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::types::time::OffsetDateTime;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

fn returned_text(order: &Order) -> String {
    let items: Vec<_> = order
        .returned
        .iter()
        .map(|(sku, quantity)| ReturnedItem { sku: sku.clone(), quantity: *quantity })
        .collect();
    serde_json::to_string(&items).expect("units per SKU are plain data")
}

fn parts_text(order: &Order) -> String {
    serde_json::to_string(&order.refund_parts).expect("amounts by id are plain data")
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
    let query = sqlx::query(
        "-- insert_conversions
         insert into conversion (environment, merchant_id, conversion_id, event_id,
             external_order_id, state, confidence, affiliate_id, campaign_id, click_id,
             order_amount, currency, order_status, order_status_at, refunded_amount, reversed_by,
             ordered_at, received_at, external_product_id, coupon_code, customer_hash, items,
             returned_items, metadata, attribution, review, created_at, updated_at, signals,
             sale_key, awaits_click, refund_parts)
         select c.environment, c.merchant_id, c.conversion_id, c.event_id,
             c.external_order_id, c.state, c.confidence, c.affiliate_id, c.campaign_id, c.click_id,
             c.order_amount, c.currency, c.order_status, c.order_status_at, c.refunded_amount,
             c.reversed_by, c.ordered_at, c.received_at, c.external_product_id, c.coupon_code,
             c.customer_hash, c.items::json, c.returned_items::json, c.metadata::json,
             c.attribution::json, c.review, $27, $27, c.signals::jsonb, c.sale_key, c.awaits_click,
             c.refund_parts::jsonb
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::uuid[], $9::uuid[], $10::text[], $11::numeric[], $12::text[],
                     $13::text[], $14::timestamptz[], $15::numeric[], $16::text[],
                     $17::timestamptz[], $18::timestamptz[], $19::text[], $20::text[],
                     $21::text[], $22::text[], $23::text[], $24::text[], $25::text[],
                     $26::text[], $28::text[], $29::bigint[], $30::text[], $31::text[])
             as c (environment, merchant_id, conversion_id, event_id, external_order_id, state,
                   confidence, affiliate_id, campaign_id, click_id, order_amount, currency,
                   order_status, order_status_at, refunded_amount, reversed_by, ordered_at,
                   received_at, external_product_id, coupon_code, customer_hash, items,
                   returned_items, metadata, attribution, review, signals, sale_key, awaits_click,
                   refund_parts)",
    );
    let query = bind_outcome(bind_identity(query, orders), orders);
    let query = bind_details(query, orders).bind(now);
    let query = bind_signals(query, orders);
    let parts = orders.iter().map(|order| parts_text(order)).collect::<Vec<_>>();
    query.bind(parts).execute(connection).await?;
    Ok(())
}

fn state(order: &Order) -> &'static str {
    if order.affiliate.is_some() { "attributed" } else { "unattributed" }
}

fn review(order: &Order) -> Option<&'static str> {
    order.review.map(Review::as_str)
}

type Bound<'q> = Query<'q, Postgres, PgArguments>;

/// $1–$10: which conversion, and whose.
fn bind_identity<'q>(query: Bound<'q>, orders: &'q [&'q Order]) -> Bound<'q> {
    query
        .bind(orders.iter().map(|o| o.scope.environment.as_str()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.scope.merchant.0).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.id.to_string()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.event_id.as_str()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.external_order_id.as_str()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| state(o)).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.confidence.as_str()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.affiliate.map(|a| a.0)).collect::<Vec<Option<Uuid>>>())
        .bind(orders.iter().map(|o| o.campaign.map(|c| c.0)).collect::<Vec<Option<Uuid>>>())
        .bind(orders.iter().map(|o| o.click_id.as_deref()).collect::<Vec<_>>())
}

/// $11–$18: amounts, statuses, instants.
fn bind_outcome<'q>(query: Bound<'q>, orders: &'q [&'q Order]) -> Bound<'q> {
    let at = |of: fn(&Order) -> jiff::Timestamp| {
        orders.iter().map(|order| instant::to_row(of(order))).collect::<Vec<_>>()
    };
    query
        .bind(orders.iter().map(|o| o.amount).collect::<Vec<Decimal>>())
        .bind(orders.iter().map(|o| o.currency.code()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.status.as_str()).collect::<Vec<_>>())
        .bind(at(|order| order.status_at))
        .bind(orders.iter().map(|o| o.refunded).collect::<Vec<Decimal>>())
        .bind(orders.iter().map(|o| o.reversed_by.map(OrderStatus::as_str)).collect::<Vec<_>>())
        .bind(at(|order| order.ordered_at))
        .bind(at(|order| order.received_at))
}

/// $19–$26: what else was sent, the attribution receipt, the review queue.
fn bind_details<'q>(query: Bound<'q>, orders: &'q [&'q Order]) -> Bound<'q> {
    let items = |order: &Order| {
        serde_json::to_string(&order.items).expect("an order's lines are plain data")
    };
    query
        .bind(orders.iter().map(|o| o.product.as_deref()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.coupon_code.as_deref()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.customer_hash.as_deref()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| items(o)).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| returned_text(o)).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.metadata.as_deref()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.attribution.to_string()).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| review(o)).collect::<Vec<_>>())
}

fn signals(order: &Order) -> String {
    serde_json::to_string(&order.signals).expect("signals are plain data")
}

/// $28–$30: what risk knows.
fn bind_signals<'q>(query: Bound<'q>, orders: &'q [&'q Order]) -> Bound<'q> {
    query
        .bind(orders.iter().map(|o| signals(o)).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.signals.sale_key).collect::<Vec<_>>())
        .bind(orders.iter().map(|o| o.signals.awaits_click.as_deref()).collect::<Vec<_>>())
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
             returned_items = c.returned_items::json, refund_parts = c.refund_parts::jsonb,
             updated_at = $9
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[],
                     $6::numeric[], $7::text[], $8::text[], $10::text[])
             as c (environment, merchant_id, conversion_id, order_status, order_status_at,
                   refunded_amount, reversed_by, returned_items, refund_parts)
         where conversion.environment = c.environment and conversion.merchant_id = c.merchant_id
           and conversion.conversion_id = c.conversion_id",
    )
    .bind(orders.iter().map(|o| o.scope.environment.as_str()).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.scope.merchant.0).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.id.to_string()).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.status.as_str()).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| instant::to_row(o.status_at)).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.refunded).collect::<Vec<Decimal>>())
    .bind(orders.iter().map(|o| o.reversed_by.map(OrderStatus::as_str)).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| returned_text(o)).collect::<Vec<_>>())
    .bind(now)
    .bind(orders.iter().map(|o| parts_text(o)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Writes who earns conversions that were there, after a decision or a fact that came late; they
/// are locked by this transaction.
pub async fn update_attribution(
    connection: &mut PgConnection,
    orders: &[&Order],
    now: OffsetDateTime,
) -> Result<u64, sqlx::Error> {
    if orders.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query(
        "-- update_attributions
         update conversion set state = c.state, confidence = c.confidence,
             affiliate_id = c.affiliate_id, campaign_id = c.campaign_id,
             attribution = c.attribution::json, review = c.review,
             signals = c.signals::jsonb, updated_at = $10,
             awaits_click = coalesce(c.awaits_click, conversion.awaits_click)
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[],
                     $7::uuid[], $8::text[], $9::text[], $11::text[], $12::text[])
             as c (environment, merchant_id, conversion_id, state, confidence, affiliate_id,
                   campaign_id, attribution, review, signals, awaits_click)
         where conversion.environment = c.environment and conversion.merchant_id = c.merchant_id
           and conversion.conversion_id = c.conversion_id and conversion.review = 'waiting'",
    )
    .bind(orders.iter().map(|o| o.scope.environment.as_str()).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.scope.merchant.0).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.id.to_string()).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| state(o)).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.confidence.as_str()).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.affiliate.map(|a| a.0)).collect::<Vec<Option<Uuid>>>())
    .bind(orders.iter().map(|o| o.campaign.map(|c| c.0)).collect::<Vec<Option<Uuid>>>())
    .bind(orders.iter().map(|o| o.attribution.to_string()).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| review(o)).collect::<Vec<_>>())
    .bind(now)
    .bind(orders.iter().map(|o| signals(o)).collect::<Vec<_>>())
    .bind(orders.iter().map(|o| o.signals.awaits_click.as_deref()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
