//! What bodies of deliveries are written from: orders, their notices, and what was told before.

use crate::domain::webhook::affiliate_order::standing::Shown;
use crate::domain::webhook::endpoint::EndpointKey;
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// Orders, named column by column as a query binds them; all of one environment.
#[derive(Debug, Default)]
pub struct Orders {
    /// Whose.
    pub merchants: Vec<Uuid>,
    /// cnv_….
    pub conversions: Vec<String>,
    /// com_….
    pub commissions: Vec<String>,
}

/// A notice of a commission.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StepRow {
    /// Its place in the log.
    pub position: i64,
    /// com_….
    pub commission_id: String,
    /// commission.….
    pub kind: String,
    /// What it says.
    pub data: Value,
}

/// The notices of these orders' commissions up to a place in the log, in its order.
pub async fn steps(
    connection: &mut PgConnection,
    environment: &str,
    orders: &Orders,
    until: i64,
) -> Result<Vec<StepRow>, sqlx::Error> {
    sqlx::query_as(
        "-- steps_of_commissions
         select told.position, told.commission_id, told.type as kind, told.data
         from unnest($2::uuid[], $3::text[]) as want (merchant_id, conversion_id)
         join webhook_event told on told.environment = $1
             and told.merchant_id = want.merchant_id and told.conversion_id = want.conversion_id
         where told.type like 'commission.%' and told.commission_id is not null
           and told.position <= $4
         order by told.position",
    )
    .bind(environment)
    .bind(&orders.merchants)
    .bind(&orders.conversions)
    .bind(until)
    .fetch_all(connection)
    .await
}

/// An order with what was frozen of its commission.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OrderRow {
    /// Whose.
    pub merchant_id: Uuid,
    /// cnv_….
    pub conversion_id: String,
    /// com_….
    pub commission_id: String,
    /// Order total.
    pub order_amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// Its lines as sent, JSON text.
    pub items: String,
    /// The SKU sent beside the total.
    pub external_product_id: Option<String>,
    /// The commission's frozen amount.
    pub amount: Decimal,
    /// The commission's frozen terms.
    pub terms: Value,
}

/// Orders with their commissions, in no order.
pub async fn orders(
    connection: &mut PgConnection,
    environment: &str,
    orders: &Orders,
) -> Result<Vec<OrderRow>, sqlx::Error> {
    sqlx::query_as(
        "-- orders_of_commissions
         select conversion.merchant_id, conversion.conversion_id, commission.commission_id,
                order_amount, conversion.currency, items::text as items, external_product_id,
                commission.amount, commission.terms
         from unnest($2::uuid[], $3::text[], $4::text[])
             as want (merchant_id, conversion_id, commission_id)
         join conversion on conversion.environment = $1
             and conversion.merchant_id = want.merchant_id
             and conversion.conversion_id = want.conversion_id
         join commission on commission.environment = $1
             and commission.merchant_id = want.merchant_id
             and commission.commission_id = want.commission_id",
    )
    .bind(environment)
    .bind(&orders.merchants)
    .bind(&orders.conversions)
    .bind(&orders.commissions)
    .fetch_all(connection)
    .await
}

/// Names of products by merchant and SKU; those that are not known are left out.
pub async fn product_names(
    connection: &mut PgConnection,
    environment: &str,
    products: &[(Uuid, &str)],
) -> Result<Vec<(Uuid, String, String)>, sqlx::Error> {
    sqlx::query_as(
        "-- names_of_products
         select merchant_id, sku, name
         from unnest($2::uuid[], $3::text[]) as want (merchant_id, sku)
         join product using (merchant_id, sku)
         where environment = $1",
    )
    .bind(environment)
    .bind(products.iter().map(|(merchant, _)| *merchant).collect::<Vec<_>>())
    .bind(products.iter().map(|(_, sku)| *sku).collect::<Vec<_>>())
    .fetch_all(connection)
    .await
}

/// An affiliate's name; `None`: there is no such affiliate.
pub async fn affiliate_name(
    connection: &mut PgConnection,
    affiliate_id: Uuid,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "-- name_of_affiliate
         select name from affiliate where affiliate_id = $1",
    )
    .bind(affiliate_id)
    .fetch_optional(connection)
    .await
}

/// What an endpoint was last told of an order.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OrderStateRow {
    /// com_….
    pub commission_id: String,
    /// The notice it was told by.
    pub position: i64,
    /// `order_status`.
    pub order_status: String,
    /// `commission_amount`.
    pub commission_amount: Decimal,
    /// `order_adjustment`.
    pub order_adjustment: Decimal,
    /// `timestamp`.
    pub second: i64,
}

/// An event as it is kept: whose order, the notice it is told by, its second, what it shows.
pub type OrderState<'a> = (&'a str, i64, i64, Shown);

/// What an endpoint was last told of these commissions' orders.
pub async fn order_states(
    connection: &mut PgConnection,
    endpoint: EndpointKey,
    commissions: &[String],
) -> Result<Vec<OrderStateRow>, sqlx::Error> {
    sqlx::query_as(
        "-- order_states_of_endpoint
         select commission_id, position, order_status, commission_amount, order_adjustment,
                second
         from webhook_order_state
         where environment = $1 and merchant_id = $2 and endpoint_id = $3
           and commission_id = any($4)",
    )
    .bind(endpoint.environment.as_str())
    .bind(endpoint.merchant.0)
    .bind(endpoint.endpoint)
    .bind(commissions)
    .fetch_all(connection)
    .await
}

/// Keeps what an endpoint is told of orders: one row per commission, each once here.
pub async fn put_order_states(
    connection: &mut PgConnection,
    endpoint: EndpointKey,
    states: &[OrderState<'_>],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- put_order_states
         insert into webhook_order_state (environment, merchant_id, endpoint_id, commission_id,
                position, order_status, commission_amount, order_adjustment, second)
         select $1, $2, $3, told.*
         from unnest($4::text[], $5::bigint[], $6::text[], $7::numeric[], $8::numeric[],
                     $9::bigint[]) as told
         on conflict on constraint webhook_order_state_pk do update
         set position = excluded.position, order_status = excluded.order_status,
             commission_amount = excluded.commission_amount,
             order_adjustment = excluded.order_adjustment, second = excluded.second",
    )
    .bind(endpoint.environment.as_str())
    .bind(endpoint.merchant.0)
    .bind(endpoint.endpoint)
    .bind(states.iter().map(|(commission, ..)| *commission).collect::<Vec<_>>())
    .bind(states.iter().map(|(_, position, ..)| *position).collect::<Vec<_>>())
    .bind(states.iter().map(|(.., shown)| shown.order_status.as_str()).collect::<Vec<_>>())
    .bind(states.iter().map(|(.., shown)| shown.commission_amount).collect::<Vec<_>>())
    .bind(states.iter().map(|(.., shown)| shown.order_adjustment).collect::<Vec<_>>())
    .bind(states.iter().map(|(_, _, second, _)| *second).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}
