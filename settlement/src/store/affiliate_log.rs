//! What the logs of notices tell about one affiliate, read in the order of their positions: its
//! merchants' logs, and what stands under the nil merchant.

use super::instant;
use super::webhook_feed::{SpanRow, ToldRow};
use jiff::Timestamp;
use shared::id::{AffiliateId, Environment};
use sqlx::PgConnection;
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

/// Finds an affiliate's logs: those of merchants for whom it has a link, a coupon or a commission.
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
         select merchant_id from commission where affiliate_id = $2 and environment = $1
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
         select count(*) as groups, max(position) as last,
                (array_agg(created_at order by position desc))[1] as last_created_at
         from (select position, created_at
               from unnest($2::uuid[]) as log (merchant_id)
               cross join lateral (
                   select position, created_at from webhook_event_group
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

/// What is told about the affiliate in the groups from one position to another, written since an
/// instant.
pub async fn told(
    connection: &mut PgConnection,
    logs: &Logs,
    (first, last): (i64, i64),
    since: Timestamp,
) -> Result<Vec<ToldRow>, sqlx::Error> {
    sqlx::query_as(
        "-- told_about_affiliate
         select written.position * 256 + told.place - 1 as position, merchant_id,
                told.notice ->> 'type' as type,
                (told.notice ->> 'affiliateId')::uuid as affiliate_id, conversion_id,
                told.notice ->> 'commissionId' as commission_id,
                told.notice ->> 'eventId' as event_id,
                (told.notice ->> 'occurredAt')::timestamptz as occurred_at,
                (told.notice -> 'data')::jsonb as data, created_at
         from webhook_event_group written
         cross join lateral json_array_elements(notices) with ordinality as told (notice, place)
         where environment = $1 and merchant_id = any($2) and position between $3 and $4
           and created_at >= $5 and strpos(notices::text, $6) > 0
           and told.notice ->> 'affiliateId' = $6
         order by 1",
    )
    .bind(logs.environment.as_str())
    .bind(&logs.merchants)
    .bind(first)
    .bind(last)
    .bind(instant::to_row(since))
    .bind(logs.affiliate.to_string())
    .fetch_all(connection)
    .await
}
