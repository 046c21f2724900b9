//! Facts of orders: kept for good, each content once.

use crate::domain::book::Fact;
use crate::domain::order::Scope;
use crate::store::instant;
use crate::store::terms::unknown;
use rust_decimal::Decimal;
use shared::event::{OrderStatusReport, ReturnedItem};
use shared::id::{ConversionId, EventId};
use shared::order_status::OrderStatus;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;

#[derive(sqlx::FromRow)]
struct FactRow {
    external_order_id: String,
    event_id: String,
    content_key: String,
    status: String,
    status_updated_at: OffsetDateTime,
    received_at: OffsetDateTime,
    refunded_amount: Option<Decimal>,
    items: String,
    reason: Option<String>,
}

#[derive(sqlx::FromRow)]
struct NamedFactRow {
    conversion_id: String,
    #[sqlx(flatten)]
    fact: FactRow,
}

/// Everything reported of one order, by the instant it happened and then by its place in the
/// stream.
pub async fn facts_of(
    connection: &mut PgConnection,
    scope: Scope,
    conversion: ConversionId,
) -> Result<Vec<Fact>, sqlx::Error> {
    let rows: Vec<FactRow> = sqlx::query_as(
        "-- facts_of_order
         select external_order_id, fact.event_id, content_key, status, status_updated_at,
                fact.received_at, fact.refunded_amount, fact.items::text as items, reason
         from order_fact fact
         join conversion using (environment, merchant_id, conversion_id)
         where environment = $1 and merchant_id = $2 and conversion_id = $3",
    )
    .bind(scope.environment.as_str())
    .bind(scope.merchant.0)
    .bind(conversion.to_string())
    .fetch_all(connection)
    .await?;
    let read = rows.into_iter().map(|row| read(row, conversion));
    let mut facts = read.collect::<Result<Vec<_>, _>>()?;
    facts.sort_by_key(|fact| {
        let seq = EventId::parse(&fact.event_id).map(|id| id.seq);
        (fact.happened_at, fact.received_at, seq, fact.report.status)
    });
    Ok(facts)
}

/// Everything reported of these orders, in no order; an order that is not there is named so too.
pub async fn facts_of_all(
    connection: &mut PgConnection,
    keys: &super::Keys,
) -> Result<Vec<Fact>, sqlx::Error> {
    let rows: Vec<NamedFactRow> = sqlx::query_as(
        "-- facts_of_orders
         select fact.conversion_id, coalesce(external_order_id, '') as external_order_id,
                fact.event_id, content_key, status, status_updated_at, fact.received_at,
                fact.refunded_amount, fact.items::text as items, reason
         from unnest($1::text[], $2::uuid[], $3::text[]) as want (environment, merchant_id, conversion_id)
         join order_fact fact using (environment, merchant_id, conversion_id)
         left join conversion using (environment, merchant_id, conversion_id)",
    )
    .bind(&keys.environments)
    .bind(&keys.merchants)
    .bind(&keys.ids)
    .fetch_all(connection)
    .await?;
    let conversion = |row: &NamedFactRow| {
        let id = ConversionId::parse(&row.conversion_id);
        id.ok_or_else(|| unknown("order_fact", &row.conversion_id))
    };
    rows.into_iter()
        .map(|row| {
            let id = conversion(&row)?;
            read(row.fact, id)
        })
        .collect()
}

fn read(row: FactRow, conversion: ConversionId) -> Result<Fact, sqlx::Error> {
    let status = OrderStatus::parse(&row.status);
    let items: Vec<ReturnedItem> =
        serde_json::from_str(&row.items).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?;
    let happened_at = instant::from_row(row.status_updated_at);
    Ok(Fact {
        conversion,
        event_id: row.event_id,
        content_key: row.content_key,
        happened_at,
        received_at: instant::from_row(row.received_at),
        report: OrderStatusReport {
            external_order_id: row.external_order_id,
            status: status.ok_or_else(|| unknown("order_fact", &row.status))?,
            click_id: None,
            status_updated_at: Some(happened_at),
            reason: row.reason,
            refunded_amount: row.refunded_amount,
            items,
            metadata: None,
        },
    })
}

/// Which of these content keys are recorded already.
pub async fn known_content_keys(
    connection: &mut PgConnection,
    keys: &[(Scope, String)],
) -> Result<Vec<(Scope, String)>, sqlx::Error> {
    let places: Vec<i64> = sqlx::query_scalar(
        "-- known_content_keys
         select want.place
         from unnest($1::text[], $2::uuid[], $3::text[])
             with ordinality as want (environment, merchant_id, content_key, place)
         join order_fact fact using (environment, merchant_id, content_key)",
    )
    .bind(keys.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    // Places count from 1.
    let known = |place: i64| keys.get(usize::try_from(place).ok()?.checked_sub(1)?).cloned();
    Ok(places.into_iter().filter_map(known).collect())
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
             f.status_updated_at, f.received_at, f.refunded_amount, f.items::json, f.reason
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::timestamptz[], $8::timestamptz[], $9::numeric[], $10::text[], $11::text[])
             as f (environment, merchant_id, conversion_id, event_id, content_key, status,
                   status_updated_at, received_at, refunded_amount, items, reason)",
    )
    .bind(facts.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(facts.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(facts.iter().map(|(_, f)| f.conversion.to_string()).collect::<Vec<_>>())
    .bind(facts.iter().map(|(_, f)| f.event_id.as_str()).collect::<Vec<_>>())
    .bind(facts.iter().map(|(_, f)| f.content_key.as_str()).collect::<Vec<_>>())
    .bind(facts.iter().map(|(_, f)| f.report.status.as_str()).collect::<Vec<_>>())
    .bind(facts.iter().map(|(_, f)| instant::to_row(f.happened_at)).collect::<Vec<_>>())
    .bind(facts.iter().map(|(_, f)| instant::to_row(f.received_at)).collect::<Vec<_>>())
    .bind(facts.iter().map(|(_, f)| f.report.refunded_amount).collect::<Vec<Option<Decimal>>>())
    .bind(facts.iter().map(|(_, f)| items(f)).collect::<Vec<_>>())
    .bind(facts.iter().map(|(_, f)| f.report.reason.as_deref()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}
