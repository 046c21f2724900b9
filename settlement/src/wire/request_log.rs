//! A call of the request log as merchants see it.

use crate::store::instant;
use crate::store::request_log::CallRow;
use serde::Serialize;
use shared::time::format_instant;
use utoipa::ToSchema;

/// One signed call and what it came to. Bodies, secrets, signatures and addresses are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedCall {
    /// `call_` and 16 hex digits.
    pub id: String,
    /// When the call came, on the edge's clock.
    pub received_at: String,
    /// The key it named.
    pub key_id: String,
    /// In capitals.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The path with a name for each id: `/api/v1/events/{id}`.
    pub route: String,
    /// The answer's HTTP status.
    pub status: i16,
    /// Why it was refused, also where the answer does not say it; null when it was answered.
    pub code: Option<String>,
    /// Milliseconds from its coming to its answer.
    pub latency_ms: i64,
    /// The request id of the answer.
    pub request_id: String,
    /// The event it made or met, when the answer names one.
    pub event_id: Option<String>,
    /// What became of its event: `RECEIVED`; `DUPLICATE`, known by its content; `REPEATED`, the
    /// first answer again; null for other calls.
    pub taken: Option<String>,
    /// The faults told in the answer.
    #[schema(value_type = Vec<String>)]
    pub faults: serde_json::Value,
    /// Bytes of the body, as `Content-Length` told.
    pub content_bytes: Option<i64>,
}

impl LoggedCall {
    /// Makes it from its row.
    pub fn of(row: CallRow) -> Self {
        Self {
            id: row.request_log_id,
            received_at: format_instant(instant::from_row(row.received_at)),
            key_id: row.key_id,
            method: row.method,
            path: row.path,
            route: row.route,
            status: row.status,
            code: row.code,
            latency_ms: row.latency_ms,
            request_id: row.request_id,
            event_id: row.event_id,
            taken: row.taken,
            faults: row.faults,
            content_bytes: row.content_bytes,
        }
    }
}
