//! Orders to compare with a merchant's own: those it names, and those of a day that it does not.

use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// An order as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OrderRow {
    /// The merchant's order id.
    pub external_order_id: String,
    /// Its latest status.
    pub order_status: String,
    /// Its total as reported.
    pub order_amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// When it was placed, in its world's time.
    pub ordered_at: OffsetDateTime,
}

/// Finds a merchant's orders by their ids, whatever their day; one that is not there is not listed.
pub async fn known(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    external_order_ids: &[&str],
) -> Result<Vec<OrderRow>, sqlx::Error> {
    sqlx::query_as(
        "-- orders_to_reconcile
         select external_order_id, order_status, order_amount, currency, ordered_at
         from unnest($3::text[]) as sent (external_order_id)
         join conversion using (external_order_id)
         where environment = $1 and merchant_id = $2",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(external_order_ids)
    .fetch_all(connection)
    .await
}

/// An order that was not sent, with how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ExtraRow {
    /// The order.
    #[sqlx(flatten)]
    pub order: OrderRow,
    /// Orders like it, this one and those beyond the limit included.
    pub total: i64,
}

/// Finds a merchant's orders placed in a span of time, without those it sent, the earliest first.
pub async fn extra(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    span: (OffsetDateTime, OffsetDateTime),
    external_order_ids: &[&str],
    rows_max: i64,
) -> Result<Vec<ExtraRow>, sqlx::Error> {
    sqlx::query_as(
        "-- orders_not_sent
         select external_order_id, order_status, order_amount, currency, ordered_at,
                count(*) over () as total
         from conversion
         where environment = $1 and merchant_id = $2 and ordered_at >= $3 and ordered_at < $4
           and not exists (
               select from unnest($5::text[]) as sent (id)
               where sent.id = conversion.external_order_id)
         order by ordered_at, external_order_id
         limit $6",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(span.0)
    .bind(span.1)
    .bind(external_order_ids)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}
