//! Reads: conversions, what was reported of their orders, and the steps they took.

use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A conversion as it is shown.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ConversionRow {
    /// cnv_….
    pub conversion_id: String,
    /// The merchant's order id.
    pub external_order_id: String,
    /// attributed or unattributed.
    pub state: String,
    /// HIGH, MEDIUM or LOW.
    pub confidence: String,
    /// Who earns it.
    pub affiliate_id: Option<Uuid>,
    /// Under which campaign.
    pub campaign_id: Option<Uuid>,
    /// The click id as sent.
    pub click_id: Option<String>,
    /// Order total.
    pub order_amount: Decimal,
    /// Largest total taken back.
    pub refunded_amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// The order's latest status.
    pub order_status: String,
    /// When the order was placed.
    pub ordered_at: OffsetDateTime,
    /// When the edge accepted it.
    pub received_at: OffsetDateTime,
    /// Its commission, if it has one.
    pub commission_id: Option<String>,
    /// The attribution receipt.
    pub attribution: serde_json::Value,
    /// Where it stands with the review queue.
    pub review: Option<String>,
    /// The status that took the whole order back.
    pub reversed_by: Option<String>,
}

/// Which conversions of one merchant, newest first.
#[derive(Debug, Clone)]
pub struct ConversionFilter {
    /// live or test.
    pub environment: &'static str,
    /// Whose.
    pub merchant_id: Uuid,
    /// Of one order.
    pub external_order_id: Option<String>,
    /// In one state.
    pub state: Option<String>,
    /// One by its id.
    pub conversion_id: Option<String>,
    /// Those after this place in the order.
    pub after: Option<(OffsetDateTime, String)>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists conversions, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &ConversionFilter,
) -> Result<Vec<ConversionRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_conversions
         select conversion.conversion_id, external_order_id, conversion.state, confidence,
                conversion.affiliate_id, conversion.campaign_id, click_id, order_amount,
                refunded_amount, conversion.currency, order_status, ordered_at, received_at,
                commission.commission_id, attribution, conversion.review,
                reversed_by
         from conversion
         left join commission
             on commission.environment = conversion.environment
             and commission.merchant_id = conversion.merchant_id
             and commission.commission_id = 'com_' || substr(conversion.conversion_id, 5)
         where conversion.environment = $1 and conversion.merchant_id = $2
           and ($3::text is null or external_order_id = $3)
           and ($4::text is null or conversion.state = $4)
           and ($5::text is null or conversion.conversion_id = $5)
           and ($6::timestamptz is null or received_at < $6
                or (received_at = $6 and conversion.conversion_id > $7))
         order by received_at desc, conversion.conversion_id
         limit $8",
    )
    .bind(filter.environment)
    .bind(filter.merchant_id)
    .bind(&filter.external_order_id)
    .bind(&filter.state)
    .bind(&filter.conversion_id)
    .bind(filter.after.as_ref().map(|(at, _)| *at))
    .bind(filter.after.as_ref().map(|(_, id)| id))
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}

/// Something reported of an order.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FactRow {
    /// The event that said so.
    pub event_id: String,
    /// What was said.
    pub status: String,
    /// When it happened.
    pub status_updated_at: OffsetDateTime,
    /// When the edge heard it.
    pub received_at: OffsetDateTime,
    /// Total taken back so far.
    pub refunded_amount: Option<Decimal>,
    /// Units taken back so far.
    pub items: serde_json::Value,
    /// The merchant's words.
    pub reason: Option<String>,
    /// What a status event of its own came to, in a sentence; null: it came with the order.
    pub outcome: Option<String>,
}

/// Everything reported of an order, in the order in which it happened.
pub async fn facts(
    connection: &mut PgConnection,
    merchant_id: Uuid,
    environment: &str,
    conversion_id: &str,
) -> Result<Vec<FactRow>, sqlx::Error> {
    sqlx::query_as(
        "-- facts_of_conversion
         select event_id, status, status_updated_at, received_at, refunded_amount, items, reason,
                (select detail from inbox
                 where inbox.event_id = order_fact.event_id
                   and inbox.environment = order_fact.environment
                   and inbox.merchant_id = order_fact.merchant_id
                   and inbox.kind = 'order_status'
                 limit 1) as outcome
         from order_fact
         where environment = $1 and merchant_id = $2 and conversion_id = $3
         order by status_updated_at, received_at, event_id",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(conversion_id)
    .fetch_all(connection)
    .await
}

/// One step of a conversion or its commission.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StepRow {
    /// conversion.…, commission.….
    pub kind: String,
    /// When it took effect.
    pub occurred_at: OffsetDateTime,
    /// What the notice says.
    pub data: serde_json::Value,
}

/// The steps of a conversion and its commission, in order.
pub async fn steps(
    connection: &mut PgConnection,
    merchant_id: Uuid,
    environment: &str,
    conversion_id: &str,
) -> Result<Vec<StepRow>, sqlx::Error> {
    sqlx::query_as(
        "-- steps_of_conversion
         select type as kind, occurred_at, data
         from webhook_event
         where environment = $1 and merchant_id = $2 and conversion_id = $3
           and type <> 'event.processed'
         order by position",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(conversion_id)
    .fetch_all(connection)
    .await
}

/// The click id that a conversion was reported with; `None` when there is no such conversion.
pub async fn click_of(
    connection: &mut PgConnection,
    merchant_id: Uuid,
    environment: &str,
    conversion_id: &str,
) -> Result<Option<Option<String>>, sqlx::Error> {
    sqlx::query_scalar(
        "-- click_of_conversion
         select click_id from conversion
         where environment = $1 and merchant_id = $2 and conversion_id = $3",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(conversion_id)
    .fetch_optional(connection)
    .await
}
