//! Writes the bodies of the notices that an endpoint has chosen, numbered on.

use crate::domain::webhook::endpoint::Endpoint;
use crate::domain::webhook::told::{Told, Written};
use crate::error::Fault;
use serde_json::json;
use shared::time::format_instant;
use sqlx::PgConnection;

/// The deliveries that follow from these notices of the log, in their order, numbered from
/// `first_sequence` on without gaps. What the endpoint has not chosen, or may not know, is left out.
pub(in crate::flows) async fn write(
    _connection: &mut PgConnection,
    endpoint: &Endpoint,
    told: &[Told],
    first_sequence: i64,
) -> Result<Vec<Written>, Fault> {
    let chosen = told.iter().filter(|told| endpoint.events.contains(&told.kind));
    let write = |(told, sequence): (&Told, i64)| Written {
        sequence,
        position: Some(told.position),
        kind: told.kind,
        message_id: format!("msg_{}", told.position),
        body: json!({
            "type": told.kind.as_str(),
            "timestamp": format_instant(told.occurred_at),
            "sequence": sequence,
            "data": told.data,
        })
        .to_string(),
    };
    Ok(chosen.zip(first_sequence..).map(write).collect())
}
