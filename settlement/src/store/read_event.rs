//! Reads: an event and its outcome.

use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// An event with its outcome.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct EventRow {
    /// Its id.
    pub event_id: String,
    /// Its kind.
    pub kind: String,
    /// received, applied, skipped, parked or failed.
    pub state: String,
    /// Outcome code.
    pub code: Option<String>,
    /// The outcome in a sentence.
    pub detail: Option<String>,
    /// The conversion it made or met.
    pub conversion_id: Option<String>,
    /// The commission it made or met.
    pub commission_id: Option<String>,
    /// When the edge accepted it.
    pub received_at: OffsetDateTime,
    /// When it got its last outcome.
    pub settled_at: Option<OffsetDateTime>,
}

/// Finds one merchant's event.
pub async fn find(
    connection: &mut PgConnection,
    merchant_id: Uuid,
    environment: &str,
    event_id: &str,
) -> Result<Option<EventRow>, sqlx::Error> {
    sqlx::query_as(
        "-- find_event
         select event_id, kind, state, code, detail, conversion_id, commission_id, received_at,
                settled_at
         from inbox
         where environment = $1 and merchant_id = $2 and event_id = $3",
    )
    .bind(environment)
    .bind(merchant_id)
    .bind(event_id)
    .fetch_optional(connection)
    .await
}
