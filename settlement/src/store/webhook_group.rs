//! Groups of notices, read back as what they told.

use super::instant;
use super::terms::unknown;
use crate::domain::notice::Kind;
use crate::domain::webhook::place::first_of;
use crate::domain::webhook::told::Told;
use serde_json::Value;
use shared::id::{AffiliateId, MerchantId};
use shared::time::parse_instant;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// A group, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Under which merchant it stands.
    pub merchant: Uuid,
    /// Its position among groups.
    pub position: i64,
    /// When it was written.
    pub created_at: jiff::Timestamp,
    /// What it told, in order.
    pub told: Vec<Told>,
}

/// A group as it is stored.
#[derive(sqlx::FromRow)]
pub(super) struct GroupRow {
    merchant_id: Uuid,
    position: i64,
    conversion_id: Option<String>,
    notices: String,
    created_at: OffsetDateTime,
}

/// A notice as its row holds it.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    #[serde(rename = "type")]
    kind: String,
    affiliate_id: Option<AffiliateId>,
    commission_id: Option<String>,
    event_id: Option<String>,
    occurred_at: String,
    data: Value,
}

/// Finds groups by environment, merchant and position.
pub async fn find(
    connection: &mut PgConnection,
    places: &[(&str, Uuid, i64)],
) -> Result<Vec<Group>, sqlx::Error> {
    let rows: Vec<GroupRow> = sqlx::query_as(
        "-- find_webhook_groups
         select merchant_id, position, conversion_id, notices::text, created_at
         from unnest($1::text[], $2::uuid[], $3::bigint[])
             as place (environment, merchant_id, position)
         join webhook_event_group using (environment, merchant_id, position)",
    )
    .bind(places.iter().map(|(environment, ..)| *environment).collect::<Vec<_>>())
    .bind(places.iter().map(|(_, merchant, _)| *merchant).collect::<Vec<_>>())
    .bind(places.iter().map(|(.., position)| *position).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

/// Reads a stored group.
pub(super) fn read(row: &GroupRow) -> Result<Group, sqlx::Error> {
    let stored: Vec<Stored> =
        serde_json::from_str(&row.notices).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?;
    let told = stored.into_iter().zip(first_of(row.position)..).map(|(stored, position)| {
        let wrong = || unknown("webhook_event_group", "type or instant");
        Ok(Told {
            position,
            merchant: MerchantId(row.merchant_id),
            kind: Kind::parse(&stored.kind).ok_or_else(wrong)?,
            affiliate: stored.affiliate_id,
            conversion_id: row.conversion_id.clone(),
            commission_id: stored.commission_id,
            event_id: stored.event_id,
            occurred_at: parse_instant(&stored.occurred_at).ok_or_else(wrong)?,
            data: stored.data,
        })
    });
    Ok(Group {
        merchant: row.merchant_id,
        position: row.position,
        created_at: instant::from_row(row.created_at),
        told: told.collect::<Result<_, sqlx::Error>>()?,
    })
}
