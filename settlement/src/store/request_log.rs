//! The request log: signed calls, and how many were only counted.

use super::instant;
use jiff::Timestamp;
use sqlx::PgConnection;
use sqlx::types::time::OffsetDateTime;
use uuid::Uuid;

/// One call, as it goes into its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// live or test.
    pub environment: &'static str,
    /// Whose key it named.
    pub merchant_id: Uuid,
    /// When it came, to the millisecond.
    pub received_at: Timestamp,
    /// `call_` and 16 hex digits.
    pub request_log_id: String,
    /// The key it named.
    pub key_id: String,
    /// In capitals.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The path with a name for each id.
    pub route: String,
    /// HTTP status.
    pub status: i16,
    /// Log code of a refusal.
    pub code: Option<String>,
    /// In milliseconds.
    pub latency_ms: i64,
    /// As told to the client.
    pub request_id: String,
    /// The event it made or met.
    pub event_id: Option<String>,
    /// RECEIVED, DUPLICATE or REPEATED.
    pub taken: Option<&'static str>,
    /// A JSON array of sentences.
    pub faults: serde_json::Value,
    /// As the header told.
    pub content_bytes: Option<i64>,
}

/// Inserts the calls that are not there yet; answers how many were new.
pub async fn insert(
    connection: &mut PgConnection,
    calls: &[NewCall],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_request_log
         insert into request_log (environment, merchant_id, received_at, request_log_id, key_id,
                                  method, path, route, status, code, latency_ms, request_id,
                                  event_id, taken, faults, content_bytes, stored_at)
         select new.*, $17
         from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[],
                     $6::text[], $7::text[], $8::text[], $9::smallint[], $10::text[],
                     $11::bigint[], $12::text[], $13::text[], $14::text[], $15::jsonb[],
                     $16::bigint[]) as new
         on conflict do nothing",
    )
    .bind(calls.iter().map(|call| call.environment).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.merchant_id).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| instant::to_row(call.received_at)).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.request_log_id.as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.key_id.as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.method.as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.path.as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.route.as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.status).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.code.as_deref()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.latency_ms).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.request_id.as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.event_id.as_deref()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.taken).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| &call.faults).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.content_bytes).collect::<Vec<_>>())
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Calls of one minute that were only counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTally {
    /// live or test; live when they named no key there is.
    pub environment: &'static str,
    /// Whose key they named; nil when they named none there is.
    pub merchant_id: Uuid,
    /// When the minute began.
    pub minute_at: Timestamp,
    /// `tally_` and 16 hex digits.
    pub call_tally_id: String,
    /// The key they named.
    pub key_id: Option<String>,
    /// Why they were only counted.
    pub reason: &'static str,
    /// How many.
    pub calls: i64,
}

/// Inserts the tallies that are not there yet; answers how many were new.
pub async fn insert_tallies(
    connection: &mut PgConnection,
    tallies: &[NewTally],
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "-- insert_call_tallies
         insert into call_tally (environment, merchant_id, minute_at, call_tally_id, key_id,
                                 reason, calls, stored_at)
         select new.*, $8
         from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[],
                     $6::text[], $7::bigint[]) as new
         on conflict do nothing",
    )
    .bind(tallies.iter().map(|tally| tally.environment).collect::<Vec<_>>())
    .bind(tallies.iter().map(|tally| tally.merchant_id).collect::<Vec<_>>())
    .bind(tallies.iter().map(|tally| instant::to_row(tally.minute_at)).collect::<Vec<_>>())
    .bind(tallies.iter().map(|tally| tally.call_tally_id.as_str()).collect::<Vec<_>>())
    .bind(tallies.iter().map(|tally| tally.key_id.as_deref()).collect::<Vec<_>>())
    .bind(tallies.iter().map(|tally| tally.reason).collect::<Vec<_>>())
    .bind(tallies.iter().map(|tally| tally.calls).collect::<Vec<_>>())
    .bind(instant::to_row(now))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// A call as it is shown.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct CallRow {
    /// When it came.
    pub received_at: OffsetDateTime,
    /// `call_…`.
    pub request_log_id: String,
    /// The key it named.
    pub key_id: String,
    /// In capitals.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The path with a name for each id.
    pub route: String,
    /// HTTP status.
    pub status: i16,
    /// Log code of a refusal.
    pub code: Option<String>,
    /// In milliseconds.
    pub latency_ms: i64,
    /// As told to the client.
    pub request_id: String,
    /// The event it made or met.
    pub event_id: Option<String>,
    /// RECEIVED, DUPLICATE or REPEATED.
    pub taken: Option<String>,
    /// A JSON array of sentences.
    pub faults: serde_json::Value,
    /// As the header told.
    pub content_bytes: Option<i64>,
}

/// Which calls of one merchant, newest first.
#[derive(Debug, Clone)]
pub struct CallFilter {
    /// live or test.
    pub environment: &'static str,
    /// Whose.
    pub merchant_id: Uuid,
    /// With one key.
    pub key_id: Option<String>,
    /// With one status.
    pub status: Option<i16>,
    /// With one log code.
    pub code: Option<String>,
    /// On one route.
    pub route: Option<String>,
    /// With one request id.
    pub request_id: Option<String>,
    /// Of one event.
    pub event_id: Option<String>,
    /// Those after this place in the order.
    pub after: Option<(OffsetDateTime, String)>,
    /// How many at most.
    pub rows_max: i64,
}

/// Lists calls, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &CallFilter,
) -> Result<Vec<CallRow>, sqlx::Error> {
    sqlx::query_as(
        "-- list_request_log
         select received_at, request_log_id, key_id, method, path, route, status, code,
                latency_ms, request_id, event_id, taken, faults, content_bytes
         from request_log
         where environment = $1 and merchant_id = $2
           and ($3::text is null or key_id = $3)
           and ($4::smallint is null or status = $4)
           and ($5::text is null or code = $5)
           and ($6::text is null or route = $6)
           and ($7::text is null or request_id = $7)
           and ($8::text is null or event_id = $8)
           and ($9::timestamptz is null or (received_at, request_log_id) < ($9, $10))
         order by received_at desc, request_log_id desc
         limit $11",
    )
    .bind(filter.environment)
    .bind(filter.merchant_id)
    .bind(&filter.key_id)
    .bind(filter.status)
    .bind(&filter.code)
    .bind(&filter.route)
    .bind(&filter.request_id)
    .bind(&filter.event_id)
    .bind(filter.after.as_ref().map(|(at, _)| *at))
    .bind(filter.after.as_ref().map(|(_, id)| id))
    .bind(filter.rows_max)
    .fetch_all(connection)
    .await
}
