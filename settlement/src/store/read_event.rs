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

/// Which events of one merchant, newest first.
#[derive(Debug, Clone)]
pub struct EventFilter {
    /// live or test.
    pub environment: &'static str,
    /// Whose.
    pub merchant_id: Uuid,
    /// In one state.
    pub state: Option<String>,
    /// Of one kind.
    pub kind: Option<String>,
    /// With one outcome code.
    pub code: Option<String>,
    /// Those after this place in the order.
    pub after: Option<(OffsetDateTime, String)>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists events, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &EventFilter,
) -> Result<Vec<EventRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_events
         select event_id, kind, state, code, detail, conversion_id, commission_id, received_at,
                settled_at
         from inbox
         where environment = $1 and merchant_id = $2
           and ($3::text is null or state = $3)
           and ($4::text is null or kind = $4)
           and ($5::text is null or code = $5)
           and ($6::timestamptz is null or (received_at, event_id) < ($6, $7))
         order by received_at desc, event_id desc
         limit $8",
    )
    .bind(filter.environment)
    .bind(filter.merchant_id)
    .bind(&filter.state)
    .bind(&filter.kind)
    .bind(&filter.code)
    .bind(filter.after.as_ref().map(|(at, _)| *at))
    .bind(filter.after.as_ref().map(|(_, id)| id))
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}
