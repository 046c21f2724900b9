//! An endpoint at which nothing arrived for days is paused, and its owner told.

use crate::domain::notice::{Kind, Notice};
use crate::domain::order::Scope;
use crate::domain::webhook::endpoint::EndpointKey;
use crate::domain::webhook::lane::Standing;
use crate::error::Fault;
use crate::flows::actor::{Actor, note};
use crate::store::webhook_endpoint;
use crate::store::{instant, webhook_event};
use jiff::Timestamp;
use serde_json::json;
use shared::id::AffiliateId;
use shared::time::format_instant;
use sqlx::PgPool;

/// Whether an endpoint was paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paused {
    /// It was, and its owner's other endpoints are told.
    Now,
    /// It is paused or gone already.
    NotActive,
}

/// Pauses a failing endpoint, with a notice to its owner's endpoints and a line in the audit log.
pub async fn failing(
    pool: &PgPool,
    key: EndpointKey,
    standing: Standing,
    now: Timestamp,
) -> Result<Paused, Fault> {
    let mut transaction = pool.begin().await?;
    let Some(row) = webhook_endpoint::pause_failing(&mut transaction, key, now).await? else {
        return Ok(Paused::NotActive);
    };
    let since = standing.failing_since.map(format_instant);
    let url = url::Url::parse(&row.url).ok();
    // The path and query may hold a secret of the owner's; its host says enough.
    let host = url.as_ref().and_then(url::Url::host_str);
    let notice = Notice {
        kind: Kind::EndpointPaused,
        affiliate: row.affiliate_id.map(AffiliateId),
        conversion: None,
        about_commission: false,
        event_id: None,
        occurred_at: now,
        data: json!({
            "endpointId": key.endpoint,
            "host": host,
            "reason": "failing",
            "failingSince": since,
            "failuresInRow": standing.failures_in_row,
        }),
    };
    let scope = Scope { environment: key.environment, merchant: key.merchant };
    webhook_event::insert(&mut transaction, &[(scope, &notice)], instant::to_row(now)).await?;
    let detail = json!({
        "merchantId": key.merchant,
        "environment": key.environment.as_str(),
        "affiliateId": row.affiliate_id,
        "host": host,
        "failingSince": since,
    });
    let (action, subject) = ("webhook_endpoint.pause", key.endpoint.to_string());
    note(&mut transaction, Actor::Installation, action, &subject, detail, now).await?;
    transaction.commit().await?;
    tracing::warn!(endpoint = %key.endpoint, "an endpoint was paused: nothing arrived for days");
    Ok(Paused::Now)
}
