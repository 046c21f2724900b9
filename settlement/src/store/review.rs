//! The review queue: orders that wait for a person, what was decided, links that orders lack.

use super::instant;
use crate::domain::order::Scope;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::ConversionId;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// An order that waits for a person.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct WaitingRow {
    /// cnv_….
    pub conversion_id: String,
    /// The merchant's order id.
    pub external_order_id: String,
    /// MEDIUM or LOW.
    pub confidence: String,
    /// The candidate to confirm; `None`: there is none.
    pub affiliate_id: Option<Uuid>,
    /// Under which campaign.
    pub campaign_id: Option<Uuid>,
    /// Order total.
    pub order_amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// The status that took the whole order back; such an order can only be rejected.
    pub reversed_by: Option<String>,
    /// When the edge accepted it.
    pub received_at: OffsetDateTime,
    /// Why it waits, in a sentence.
    pub why: Option<String>,
}

/// Orders of one scope that wait, oldest first, after a place in that order.
pub async fn waiting(
    connection: &mut PgConnection,
    scope: Scope,
    after: Option<(OffsetDateTime, String)>,
    rows_max: i64,
) -> Result<Vec<WaitingRow>, sqlx::Error> {
    let (after_at, after_id) = after.unzip();
    sqlx::query_as(
        "-- conversions_in_review
         select conversion_id, external_order_id, confidence, affiliate_id, campaign_id,
                order_amount, currency, reversed_by, received_at, attribution ->> 'why' as why
         from conversion
         where environment = $1 and merchant_id = $2 and review = 'waiting'
           and ($3::timestamptz is null or (received_at, conversion_id) > ($3, $4))
         order by received_at, conversion_id
         limit $5",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(after_at)
    .bind(after_id)
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// A decision, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DecisionRow {
    /// confirm, assign or reject.
    pub decision: String,
    /// Who earns it; `None`: nobody.
    pub affiliate_id: Option<Uuid>,
    /// On which campaign's terms; `None`: the merchant's own.
    pub campaign_id: Option<Uuid>,
    /// Which account decided.
    pub decided_by: Option<Uuid>,
    /// When it took effect.
    pub decided_at: OffsetDateTime,
}

/// What was decided on a conversion.
pub async fn find_decision(
    connection: &mut PgConnection,
    scope: Scope,
    conversion: ConversionId,
) -> Result<Option<DecisionRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_review_decision
         select decision, affiliate_id, campaign_id, decided_by, decided_at
         from review_decision
         where conversion_id = $3 and merchant_id = $2 and environment = $1",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(conversion.to_string())
    .fetch_optional(connection)
    .await
}

/// Records a decision; a conversion's second one breaks its primary key.
pub async fn insert_decision(
    connection: &mut PgConnection,
    scope: Scope,
    conversion: ConversionId,
    row: &DecisionRow,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "-- insert_review_decision
         insert into review_decision (environment, merchant_id, conversion_id, decision,
             affiliate_id, campaign_id, decided_by, decided_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(conversion.to_string())
    .bind(&row.decision)
    .bind(row.affiliate_id)
    .bind(row.campaign_id)
    .bind(row.decided_by)
    .bind(row.decided_at)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes the links that conversions went on without.
pub async fn insert_missing_links(
    connection: &mut PgConnection,
    missing: &[(Scope, ConversionId, u64)],
) -> Result<(), sqlx::Error> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    sqlx::query(
        "-- insert_missing_links
         insert into missing_link (environment, merchant_id, conversion_id, link_number)
         select * from unnest($1::text[], $2::uuid[], $3::text[], $4::bigint[])
         on conflict do nothing",
    )
    .bind(missing.iter().map(|(scope, _, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(missing.iter().map(|(scope, _, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(missing.iter().map(|(_, id, _)| id.to_string()).collect::<Vec<_>>())
    .bind(missing.iter().map(|(_, _, link)| number(*link)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the notes of links that are known now, with the events that reported their conversions;
/// a note is taken once.
pub async fn take_found_links(
    connection: &mut PgConnection,
    notes_max: i64,
) -> Result<Vec<super::settling::InboxRow>, sqlx::Error> {
    sqlx::query_as(
        "-- take_found_links
         with found as (
             select missing_link.* from missing_link
             join link using (link_number)
             order by missing_link.conversion_id
             limit $1
             for update of missing_link skip locked
         ), taken as (
             delete from missing_link using found
             where missing_link.conversion_id = found.conversion_id
               and missing_link.merchant_id = found.merchant_id
               and missing_link.environment = found.environment
               and missing_link.link_number = found.link_number
             returning missing_link.*
         )
         select inbox.environment, inbox.merchant_id, inbox.received_at, inbox.event_id,
                inbox.object, inbox.epoch, inbox.seq, inbox.kind, inbox.body
         from taken
         join conversion using (environment, merchant_id, conversion_id)
         join inbox on inbox.event_id = conversion.event_id
             and inbox.environment = conversion.environment
             and inbox.merchant_id = conversion.merchant_id
         order by inbox.received_at, inbox.seq",
    )
    .bind(notes_max)
    .fetch_all(connection)
    .await
}

/// The event that reported a conversion; `None` when there is no such conversion.
pub async fn event_of(
    connection: &mut PgConnection,
    scope: Scope,
    conversion: ConversionId,
) -> Result<Option<super::settling::InboxRow>, sqlx::Error> {
    sqlx::query_as(
        "-- event_of_conversion
         select inbox.environment, inbox.merchant_id, inbox.received_at, inbox.event_id,
                inbox.object, inbox.epoch, inbox.seq, inbox.kind, inbox.body
         from conversion
         join inbox on inbox.event_id = conversion.event_id
             and inbox.environment = conversion.environment
             and inbox.merchant_id = conversion.merchant_id
         where conversion.environment = $1 and conversion.merchant_id = $2
           and conversion.conversion_id = $3",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(conversion.to_string())
    .fetch_optional(connection)
    .await
}
