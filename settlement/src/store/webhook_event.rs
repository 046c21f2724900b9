//! Notices to send, written in the transaction of what they report: one row for those that belong
//! together, read one by one through the view `webhook_event`.

use super::webhook_due;
use crate::domain::notice::Notice;
use crate::domain::order::Scope;
use crate::domain::webhook::place::PLACES_PER_GROUP;
use serde_json::Value;
use shared::id::{AffiliateId, ConversionId};
use shared::time::format_instant;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;

/// Notices of one row at most; positions count on it.
pub const NOTICES_PER_GROUP_MAX: usize = 256;
const _: () = assert!(NOTICES_PER_GROUP_MAX as u64 == PLACES_PER_GROUP.unsigned_abs());

/// A notice as its row holds it.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    affiliate_id: Option<AffiliateId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commission_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    occurred_at: String,
    data: &'a Value,
}

impl<'a> Told<'a> {
    fn of(notice: &'a Notice) -> Self {
        let about = notice.conversion.filter(|_| notice.about_commission);
        Self {
            kind: notice.kind.as_str(),
            affiliate_id: notice.affiliate,
            commission_id: about.map(ConversionId::commission_id),
            event_id: notice.event_id.as_deref(),
            occurred_at: format_instant(notice.occurred_at),
            data: &notice.data,
        }
    }
}

/// Writes notices in the order given; their positions follow it. Neighbours about one conversion
/// share a row. With the same commit every endpoint that chose one of them is owed it.
pub async fn insert(
    connection: &mut PgConnection,
    notices: &[(Scope, &Notice)],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    if notices.is_empty() {
        return Ok(());
    }
    let groups: Vec<&[(Scope, &Notice)]> = notices
        .chunk_by(|(scope, one), (other, next)| {
            scope == other && one.conversion == next.conversion && one.conversion.is_some()
        })
        .flat_map(|group| group.chunks(NOTICES_PER_GROUP_MAX))
        .collect();
    let listeners = webhook_due::listeners(connection, notices).await?;
    let positions = insert_groups(connection, &groups, now).await?;
    if listeners.is_empty() {
        return Ok(());
    }
    let placed: Vec<_> = positions.into_iter().zip(groups).collect();
    webhook_due::insert(connection, &listeners, &placed, now).await
}

/// Answers the groups' positions, in their order.
async fn insert_groups(
    connection: &mut PgConnection,
    groups: &[&[(Scope, &Notice)]],
    now: OffsetDateTime,
) -> Result<Vec<i64>, sqlx::Error> {
    let text = |group: &[(Scope, &Notice)]| {
        let told: Vec<_> = group.iter().map(|(_, notice)| Told::of(notice)).collect();
        serde_json::to_string(&told).expect("a notice is plain data")
    };
    let conversion = |group: &[(Scope, &Notice)]| group[0].1.conversion.map(|id| id.to_string());
    let mut positions: Vec<i64> = sqlx::query_scalar(
        "-- insert_webhook_events
         insert into webhook_event_group
             (environment, merchant_id, conversion_id, notices, created_at)
         select n.environment, n.merchant_id, n.conversion_id, n.notices::json, $5
         from unnest($1::text[], $2::uuid[], $3::text[], $4::text[])
             with ordinality as n (environment, merchant_id, conversion_id, notices, place)
         order by n.place
         returning position",
    )
    .bind(groups.iter().map(|group| group[0].0.environment.as_str()).collect::<Vec<_>>())
    .bind(groups.iter().map(|group| group[0].0.merchant.0).collect::<Vec<_>>())
    .bind(groups.iter().map(|group| conversion(group)).collect::<Vec<_>>())
    .bind(groups.iter().map(|group| text(group)).collect::<Vec<_>>())
    .bind(now)
    .fetch_all(connection)
    .await?;
    positions.sort_unstable();
    Ok(positions)
}
