//! The log of notices read in its order, and how far it may be read.
//!
//! Positions are given out before their rows can be seen, so a reader who took whatever is there
//! would pass over the row of a slower transaction and never see it. Marks say up to where nothing
//! is still to come; correctness rests on them alone, freshness on how often they are made.

use super::instant;
use crate::domain::webhook::endpoint::EndpointKey;
use crate::domain::webhook::told::Told;
use jiff::Timestamp;
use serde_json::Value;
use shared::id::{AffiliateId, Environment, MerchantId};
use shared::validate::resource::EventType;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

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
/// transaction id below this one's. Answers whether the mark is new.
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

/// A notice with its place in the log.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ToldRow {
    /// Its place.
    pub position: i64,
    /// Under which merchant it stands.
    pub merchant_id: Uuid,
    /// Its type.
    #[sqlx(rename = "type")]
    pub kind: String,
    /// Which affiliate it concerns.
    pub affiliate_id: Option<Uuid>,
    /// Which conversion.
    pub conversion_id: Option<String>,
    /// Which commission.
    pub commission_id: Option<String>,
    /// Which event.
    pub event_id: Option<String>,
    /// When the step took effect.
    pub occurred_at: OffsetDateTime,
    /// What it says.
    pub data: Value,
    /// When it was written.
    pub created_at: OffsetDateTime,
}

impl ToldRow {
    /// The notice; `None` when its type is none of ours.
    pub fn told(self) -> Option<Told> {
        Some(Told {
            position: self.position,
            merchant: MerchantId(self.merchant_id),
            kind: EventType::parse(&self.kind)?,
            affiliate: self.affiliate_id.map(AffiliateId),
            conversion_id: self.conversion_id,
            commission_id: self.commission_id,
            event_id: self.event_id,
            occurred_at: instant::from_row(self.occurred_at),
            data: self.data,
        })
    }
}

/// Reads on in a merchant's log: the notices of its next groups from the one that a position is in,
/// of those written since an instant, as far as nothing is still to come.
pub async fn read(
    connection: &mut PgConnection,
    (environment, merchant): (Environment, MerchantId),
    (from, since): (i64, Option<OffsetDateTime>),
    groups_max: i64,
) -> Result<Vec<ToldRow>, sqlx::Error> {
    sqlx::query_as(
        "-- read_webhook_log
         with groups as (
             select merchant_id, position, conversion_id, notices, created_at
             from webhook_event_group
             where environment = $1 and merchant_id = $2 and position >= $3 / 256
               and ($5::timestamptz is null or created_at >= $5)
               and position <= (
                   select max(position) from webhook_mark
                   where transaction_id <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
             order by position
             limit $4
         )
         select groups.position * 256 + told.place - 1 as position, merchant_id,
                told.notice ->> 'type' as type,
                (told.notice ->> 'affiliateId')::uuid as affiliate_id, conversion_id,
                told.notice ->> 'commissionId' as commission_id,
                told.notice ->> 'eventId' as event_id,
                (told.notice ->> 'occurredAt')::timestamptz as occurred_at,
                (told.notice -> 'data')::jsonb as data, created_at
         from groups
         cross join lateral json_array_elements(notices) with ordinality as told (notice, place)
         where groups.position * 256 + told.place - 1 >= $3
         order by 1",
    )
    .bind(environment.as_str())
    .bind(merchant.0)
    .bind(from)
    .bind(groups_max)
    .bind(since)
    .fetch_all(connection)
    .await
}

/// A group's place and when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct GroupRow {
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
) -> Result<Option<GroupRow>, sqlx::Error> {
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
    /// When the last one was written.
    pub last_created_at: Option<OffsetDateTime>,
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
         select count(*) as groups, max(position) as last,
                (array_agg(created_at order by position desc))[1] as last_created_at
         from (select position, created_at from webhook_event_group
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

/// The notices of these types in the groups from one position to another, written since an
/// instant.
pub async fn chosen(
    connection: &mut PgConnection,
    (environment, merchant): (Environment, MerchantId),
    (first, last): (i64, i64),
    since: Timestamp,
    kinds: &[&str],
) -> Result<Vec<ToldRow>, sqlx::Error> {
    sqlx::query_as(
        "-- chosen_webhook_notices
         select written.position * 256 + told.place - 1 as position, merchant_id,
                told.notice ->> 'type' as type,
                (told.notice ->> 'affiliateId')::uuid as affiliate_id, conversion_id,
                told.notice ->> 'commissionId' as commission_id,
                told.notice ->> 'eventId' as event_id,
                (told.notice ->> 'occurredAt')::timestamptz as occurred_at,
                (told.notice -> 'data')::jsonb as data, created_at
         from webhook_event_group written
         cross join lateral json_array_elements(notices) with ordinality as told (notice, place)
         where environment = $1 and merchant_id = $2 and position between $3 and $4
           and created_at >= $5 and told.notice ->> 'type' = any($6)
         order by 1",
    )
    .bind(environment.as_str())
    .bind(merchant.0)
    .bind(first)
    .bind(last)
    .bind(instant::to_row(since))
    .bind(kinds)
    .fetch_all(connection)
    .await
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
           and position between $4 * 256 and $5 * 256 + 255 and created_at >= $6",
    )
    .bind(key.environment.as_str())
    .bind(key.merchant.0)
    .bind(key.endpoint)
    .bind(first)
    .bind(last)
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
