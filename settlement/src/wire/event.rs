//! An event and its outcome, as merchants see them (PRODUCT §2).

use super::schema;
use serde::Serialize;
use utoipa::ToSchema;

/// An accepted event and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the wire's own names")]
pub struct Event {
    /// The id from the 202.
    #[schema(schema_with = schema::event_id)]
    pub event_id: String,
    /// What kind of event it is.
    #[serde(rename = "type")]
    #[schema(schema_with = schema::event_type)]
    pub kind: String,
    /// `received` until it is settled; `parked` waits for its missing half.
    #[schema(schema_with = schema::event_state)]
    pub state: String,
    /// The outcome's code; `null` while it is `received`.
    #[schema(schema_with = schema::outcome_code_or_null, required)]
    pub code: Option<String>,
    /// The outcome in a sentence.
    #[schema(required)]
    pub detail: Option<String>,
    /// The conversion it made or met.
    #[schema(schema_with = schema::conversion_id_or_null, required)]
    pub conversion_id: Option<String>,
    /// That conversion's commission.
    #[schema(schema_with = schema::commission_id_or_null, required)]
    pub commission_id: Option<String>,
    /// When the edge accepted it.
    #[schema(schema_with = schema::instant)]
    pub received_at: String,
    /// When it got its last outcome.
    #[schema(schema_with = schema::instant_or_null, required)]
    pub settled_at: Option<String>,
}
