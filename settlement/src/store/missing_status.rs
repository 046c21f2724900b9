//! Orders that wait for a status, and after how many days a merchant's count as delivered.

use super::instant;
use super::order::Keys;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// An order that nothing was heard of for long.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MissingRow {
    /// cnv_….
    pub conversion_id: String,
    /// The merchant's order id.
    pub external_order_id: String,
    /// pending, or hold without a window.
    pub state: String,
    /// What starts the window: confirmed, paid, delivered.
    pub hold_start: String,
    /// When it was placed.
    pub ordered_at: OffsetDateTime,
    /// When something was heard of it last.
    pub heard_at: OffsetDateTime,
}

/// A merchant's orders of which nothing was heard since `before`, oldest first.
pub async fn list(
    connection: &mut PgConnection,
    environment: &str,
    merchant_id: Uuid,
    before: Timestamp,
    rows_max: i64,
) -> Result<Vec<MissingRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_missing_statuses
         select conversion.conversion_id, conversion.external_order_id, commission.state,
                commission.terms ->> 'holdStart' as hold_start, conversion.ordered_at,
                heard.at as heard_at
         from commission
         join conversion using (environment, merchant_id, conversion_id)
         cross join lateral (
             select greatest(conversion.received_at, max(fact.received_at)) as at
             from order_fact fact
             where fact.environment = conversion.environment
               and fact.merchant_id = conversion.merchant_id
               and fact.conversion_id = conversion.conversion_id
         ) heard
         where commission.environment = $1 and commission.merchant_id = $2
           and (commission.state = 'pending'
                or (commission.state = 'hold' and commission.hold_until is null))
           and commission.created_at <= $3 and heard.at <= $3
         order by commission.created_at, conversion.conversion_id
         limit $4",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(instant::to_row(before))
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// An order that its merchant's policy takes for delivered.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OverdueRow {
    /// live or test.
    pub environment: String,
    /// Whose.
    pub merchant_id: Uuid,
    /// cnv_….
    pub conversion_id: String,
    /// After so many days.
    pub days: i32,
}

/// Orders whose merchants' policy takes them for delivered by `now`, or by a test merchant's own
/// clock. Merchants without such a policy cost nothing.
pub async fn overdue(
    connection: &mut PgConnection,
    now: Timestamp,
    rows_max: i64,
) -> Result<Vec<OverdueRow>, sqlx::Error> {
    sqlx::query_as(
        "-- overdue_statuses
         with test_clock as (
             select merchant_id, sum(seconds) as ahead_seconds
             from clock_move where real_at <= $1 group by merchant_id
         ), policy as (
             select merchant_id, world.environment, assume_delivered_after_days as days,
                    $1 - make_interval(secs => assume_delivered_after_days * 86400)
                       + make_interval(secs => case when world.environment = 'test'
                             then coalesce(ahead_seconds, 0) else 0 end) as before
             from merchant
             cross join (values ('live'), ('test')) as world (environment)
             left join test_clock using (merchant_id)
             where assume_delivered_after_days is not null
         )
         select commission.environment, commission.merchant_id, commission.conversion_id,
                policy.days
         from policy
         join commission on commission.environment = policy.environment
          and commission.merchant_id = policy.merchant_id
          and commission.created_at <= policy.before
         join conversion on conversion.environment = commission.environment
          and conversion.merchant_id = commission.merchant_id
          and conversion.conversion_id = commission.conversion_id
          and conversion.received_at <= policy.before
         where (commission.state = 'pending'
                or (commission.state = 'hold' and commission.hold_until is null))
           and not exists (
               select from order_fact fact
               where fact.environment = conversion.environment
                 and fact.merchant_id = conversion.merchant_id
                 and fact.conversion_id = conversion.conversion_id
                 and fact.received_at > policy.before)
         order by commission.conversion_id
         limit $2",
    )
    .bind(instant::to_row(now))
    .bind(rows_max)
    .fetch_all(connection)
    .await
}

/// When something was heard of orders last, in their merchants' time: conversion id and instant.
pub async fn heard(
    connection: &mut PgConnection,
    keys: &Keys,
) -> Result<Vec<(String, OffsetDateTime)>, sqlx::Error> {
    sqlx::query_as(
        "-- heard_of_orders
         select conversion_id, greatest(conversion.received_at, heard.at)
         from unnest($1::text[], $2::uuid[], $3::text[])
             as want (environment, merchant_id, conversion_id)
         join conversion using (environment, merchant_id, conversion_id)
         cross join lateral (
             select max(fact.received_at) as at from order_fact fact
             where fact.environment = want.environment and fact.merchant_id = want.merchant_id
               and fact.conversion_id = want.conversion_id
         ) heard",
    )
    .bind(&keys.environments)
    .bind(&keys.merchants)
    .bind(&keys.ids)
    .fetch_all(connection)
    .await
}

/// Sets a merchant's policy; `None`: never. Answers the rows touched.
pub async fn set_policy(
    connection: &mut PgConnection,
    merchant_id: Uuid,
    days: Option<i32>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- set_assume_delivered
         update merchant set assume_delivered_after_days = $2 where merchant_id = $1",
    )
    .bind(merchant_id)
    .bind(days)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
