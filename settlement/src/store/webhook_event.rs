//! Notices to send, written in the transaction of what they report.

use super::instant;
use crate::domain::notice::Notice;
use crate::domain::order::Scope;
use shared::id::ConversionId;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// Writes notices in the order given; their positions follow it.
pub async fn insert(
    connection: &mut PgConnection,
    notices: &[(Scope, &Notice)],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    if notices.is_empty() {
        return Ok(());
    }
    let commission = |notice: &Notice| {
        notice.conversion.filter(|_| notice.about_commission).map(ConversionId::commission_id)
    };
    sqlx::query(
        "-- insert_webhook_events
         insert into webhook_event (environment, merchant_id, type, affiliate_id, conversion_id,
             commission_id, event_id, occurred_at, data, created_at)
         select n.environment, n.merchant_id, n.type, n.affiliate_id, n.conversion_id,
             n.commission_id, n.event_id, n.occurred_at, n.data::jsonb, $10
         from unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[],
                     $7::text[], $8::timestamptz[], $9::text[])
             with ordinality as n (environment, merchant_id, type, affiliate_id, conversion_id,
                   commission_id, event_id, occurred_at, data, place)
         order by n.place",
    )
    .bind(notices.iter().map(|(scope, _)| scope.environment.as_str()).collect::<Vec<_>>())
    .bind(notices.iter().map(|(scope, _)| scope.merchant.0).collect::<Vec<_>>())
    .bind(notices.iter().map(|(_, n)| n.kind.as_str()).collect::<Vec<_>>())
    .bind(notices.iter().map(|(_, n)| n.affiliate.map(|a| a.0)).collect::<Vec<Option<Uuid>>>())
    .bind(notices.iter().map(|(_, n)| n.conversion.map(|c| c.to_string())).collect::<Vec<_>>())
    .bind(notices.iter().map(|(_, n)| commission(n)).collect::<Vec<_>>())
    .bind(notices.iter().map(|(_, n)| n.event_id.as_deref()).collect::<Vec<_>>())
    .bind(notices.iter().map(|(_, n)| instant::to_row(n.occurred_at)).collect::<Vec<_>>())
    .bind(notices.iter().map(|(_, n)| n.data.to_string()).collect::<Vec<_>>())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}
