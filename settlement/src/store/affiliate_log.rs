//! What the logs of notices tell about one affiliate, read in the order of their positions: its
//! merchants' logs, and what stands under the nil merchant.

use super::instant;
use super::webhook_feed::SpanRow;
use super::webhook_group::{self, Group, GroupRow};
use jiff::Timestamp;
use shared::id::{AffiliateId, Environment};
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// The logs that can tell something about an affiliate in one world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// Which world.
    pub environment: Environment,
    /// About whom.
    pub affiliate: AffiliateId,
    /// Under whom they stand; the nil merchant is one of them.
    pub merchants: Vec<Uuid>,
}

/// Finds an affiliate's logs: those of merchants for whom it has a link or a coupon, or was given
/// an order by a person. Nothing else makes an order its own.
pub async fn logs(
    connection: &mut PgConnection,
    environment: Environment,
    affiliate: AffiliateId,
) -> Result<Logs, sqlx::Error> {
    let merchants = sqlx::query_scalar(
        "-- logs_of_affiliate
         select merchant_id from link where affiliate_id = $2 and environment = $1
         union
         select merchant_id from coupon where affiliate_id = $2 and environment = $1
         union
         select merchant_id from review_decision where affiliate_id = $2 and environment = $1
         union
         select $3",
    )
    .bind(environment.as_str())
    .bind(affiliate.0)
    .bind(Uuid::nil())
    .fetch_all(connection)
    .await?;
    Ok(Logs { environment, affiliate, merchants })
}

/// When a group of these logs was written; `None`: there is none at this position.
pub async fn written_at(
    connection: &mut PgConnection,
    logs: &Logs,
    position: i64,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar(
        "-- affiliate_group_written_at
         select created_at from webhook_event_group
         where environment = $1 and merchant_id = any($2) and position = $3",
    )
    .bind(logs.environment.as_str())
    .bind(&logs.merchants)
    .bind(position)
    .fetch_optional(connection)
    .await
}

/// The next groups of these logs, whomever they are about, from a position on, up to another and so
/// many at most.
pub async fn span(
    connection: &mut PgConnection,
    logs: &Logs,
    (from, to): (i64, i64),
    groups_max: i64,
) -> Result<SpanRow, sqlx::Error> {
    sqlx::query_as(
        "-- span_affiliate_logs
         select count(*) as groups, max(position) as last
         from (select position
               from unnest($2::uuid[]) as log (merchant_id)
               cross join lateral (
                   select position from webhook_event_group
                   where environment = $1 and merchant_id = log.merchant_id
                     and position between $3 and $4
                   order by position limit $5) as first
               order by position limit $5) groups",
    )
    .bind(logs.environment.as_str())
    .bind(&logs.merchants)
    .bind(from)
    .bind(to)
    .bind(groups_max)
    .fetch_one(connection)
    .await
}

/// Of the groups from one position to another, written since an instant, those in which the
/// affiliate is named, in order.
pub async fn between(
    connection: &mut PgConnection,
    logs: &Logs,
    (first, last): (i64, i64),
    since: Timestamp,
) -> Result<Vec<Group>, sqlx::Error> {
    let rows: Vec<GroupRow> = sqlx::query_as(
        "-- groups_naming_affiliate
         select merchant_id, position, conversion_id, notices::text, created_at
         from webhook_event_group
         where environment = $1 and merchant_id = any($2) and position between $3 and $4
           and created_at >= $5 and strpos(notices::text, $6) > 0
         order by position",
    )
    .bind(logs.environment.as_str())
    .bind(&logs.merchants)
    .bind(first)
    .bind(last)
    .bind(instant::to_row(since))
    .bind(logs.affiliate.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter().map(webhook_group::read).collect()
}
