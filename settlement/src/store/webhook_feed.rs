//! The log of notices read in its order, and how far it may be read.
//!
//! Positions are given out before their rows can be seen, so a reader who took whatever is there
//! would pass over the row of a slower transaction and never see it. Marks say up to where nothing
//! is still to come; correctness rests on them alone, freshness on how often they are made.

use super::instant;
use super::webhook_group::{self, Group, GroupRow};
use crate::domain::webhook::endpoint::EndpointKey;
use crate::domain::webhook::place::first_of;
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;

/// The newest position of a group given out by now, committed or not; 0 when none was.
pub async fn newest_given_out(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "-- newest_webhook_position
         select case when is_called then last_value else 0 end
         from webhook_event_group_position_seq",
    )
    .fetch_one(connection)
    .await
}

/// Marks a position that was read by an earlier statement: whoever drew it or one before it has a
/// transaction id below this one's. A mark that says nothing new is not made.
pub async fn mark(
    connection: &mut PgConnection,
    position: i64,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- mark_webhook_log
         insert into webhook_mark (position, transaction_id, marked_at)
         select $1, pg_current_xact_id()::text::bigint, $2
         where not exists (
             select from webhook_mark where position >= $1
               and transaction_id < pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
         on conflict on constraint webhook_mark_pk do nothing",
    )
    .bind(position)
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Position of the group up to which none is still to come, for statements after this one; `None`:
/// nothing is known to be safe.
pub async fn safe_to(connection: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "-- safe_webhook_position
         select max(position) from webhook_mark
         where transaction_id <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
    )
    .fetch_one(connection)
    .await
}

/// Drops the marks that a later safe one stands for, and those of transactions that this database
/// has not had: it was restored from a backup. Answers how many.
pub async fn drop_marks(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- drop_webhook_marks
         delete from webhook_mark
         where transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
            or position < (
                select max(position) from webhook_mark
                where transaction_id <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)",
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Reads on in a merchant's log: its next groups from a position on, of those written since an
/// instant, as far as nothing is still to come.
pub async fn read(
    connection: &mut PgConnection,
    (environment, merchant): (Environment, MerchantId),
    (from, since): (i64, Option<OffsetDateTime>),
    groups_max: i64,
) -> Result<Vec<Group>, sqlx::Error> {
    let rows: Vec<GroupRow> = sqlx::query_as(
        "-- read_webhook_log
         select merchant_id, position, conversion_id, notices::text, created_at
         from webhook_event_group
         where environment = $1 and merchant_id = $2 and position >= $3
           and ($5::timestamptz is null or created_at >= $5)
           and position <= (
               select max(position) from webhook_mark
               where transaction_id <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
         order by position
         limit $4",
    )
    .bind(environment.as_str())
    .bind(merchant.0)
    .bind(from)
    .bind(groups_max)
    .bind(since)
    .fetch_all(connection)
    .await?;
    rows.iter().map(webhook_group::read).collect()
}

/// A group's place and when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct WrittenRow {
    /// Its position.
    pub position: i64,
    /// When it was written.
    pub created_at: OffsetDateTime,
}

/// A merchant's first group from a position on.
pub async fn first_group(
    connection: &mut PgConnection,
    (environment, merchant): (Environment, MerchantId),
    from: i64,
) -> Result<Option<WrittenRow>, sqlx::Error> {
    sqlx::query_as(
        "-- first_webhook_group
         select position, created_at from webhook_event_group
         where environment = $1 and merchant_id = $2 and position >= $3
         order by position limit 1",
    )
    .bind(environment.as_str())
    .bind(merchant.0)
    .bind(from)
    .fetch_optional(connection)
    .await
}

/// Some groups of a log that are written, in order: how many, and the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct SpanRow {
    /// How many.
    pub groups: i64,
    /// Position of the last one.
    pub last: Option<i64>,
}

/// The next groups of a merchant's log from a position on, so many at most.
pub async fn span(
    connection: &mut PgConnection,
    (environment, merchant): (Environment, MerchantId),
    from: i64,
    groups_max: i64,
) -> Result<SpanRow, sqlx::Error> {
    sqlx::query_as(
        "-- span_webhook_log
         select count(*) as groups, max(position) as last
         from (select position from webhook_event_group
               where environment = $1 and merchant_id = $2 and position >= $3
               order by position limit $4) groups",
    )
    .bind(environment.as_str())
    .bind(merchant.0)
    .bind(from)
    .bind(groups_max)
    .fetch_one(connection)
    .await
}

/// A merchant's groups from one position to another, written since an instant, in order.
pub async fn between(
    connection: &mut PgConnection,
    (environment, merchant): (Environment, MerchantId),
    (first, last): (i64, i64),
    since: Timestamp,
) -> Result<Vec<Group>, sqlx::Error> {
    let rows: Vec<GroupRow> = sqlx::query_as(
        "-- webhook_groups_between
         select merchant_id, position, conversion_id, notices::text, created_at
         from webhook_event_group
         where environment = $1 and merchant_id = $2 and position between $3 and $4
           and created_at >= $5
         order by position",
    )
    .bind(environment.as_str())
    .bind(merchant.0)
    .bind(first)
    .bind(last)
    .bind(instant::to_row(since))
    .fetch_all(connection)
    .await?;
    rows.iter().map(webhook_group::read).collect()
}

/// Of these groups, the notices that an endpoint has a delivery of, numbered since an instant.
pub async fn numbered(
    connection: &mut PgConnection,
    key: &EndpointKey,
    (first, last): (i64, i64),
    since: Timestamp,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "-- numbered_webhook_notices
         select position from webhook_delivery
         where environment = $1 and merchant_id = $2 and endpoint_id = $3
           and position >= $4 and position < $5 and created_at >= $6",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(first_of(first))
    .bind(first_of(last.saturating_add(1)))
    .bind(instant::to_row(since))
    .fetch_all(connection)
    .await
}

/// Of these groups, those that an endpoint is owed.
pub async fn owed(
    connection: &mut PgConnection,
    key: &EndpointKey,
    (first, last): (i64, i64),
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "-- owed_webhook_groups
         select owed.position
         from webhook_due cross join lateral unnest(positions) as owed (position)
         where environment = $1 and merchant_id = $2 and endpoint_id = $3
           and owed.position between $4 and $5",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(first)
    .bind(last)
    .fetch_all(connection)
    .await
}
