//! A conversion as merchants see it (PRODUCT §2).

use super::schema::{self, CurrencyCode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The states a conversion can be in.
pub const STATES: &[&str] = &["attributed", "unattributed"];

/// An order reported for attribution, and who earns it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conversion {
    /// Derived from merchant, environment and order id.
    #[schema(schema_with = schema::conversion_id)]
    pub id: String,
    /// The merchant's order id.
    pub external_order_id: String,
    /// Whether an affiliate earns it.
    #[schema(schema_with = conversion_state)]
    pub state: String,
    /// How sure the attribution is. `HIGH`, by a click, earns at once; `MEDIUM`, by coupon or
    /// customer, waits in the review queue unless the merchant chose otherwise; `LOW` waits too.
    #[schema(schema_with = schema::confidence)]
    pub confidence: String,
    /// Who earns it.
    #[schema(schema_with = schema::uuid_or_null, required)]
    pub affiliate_id: Option<Uuid>,
    /// Under which campaign.
    #[schema(schema_with = schema::uuid_or_null, required)]
    pub campaign_id: Option<Uuid>,
    /// The click id as sent.
    #[schema(required)]
    pub click_id: Option<String>,
    /// The order's total.
    #[schema(schema_with = schema::amount)]
    pub order_amount: String,
    /// The largest total taken back so far.
    #[schema(schema_with = schema::amount)]
    pub refunded_amount: String,
    /// The order's currency.
    #[schema(value_type = CurrencyCode)]
    pub currency: String,
    /// The latest status reported.
    #[schema(schema_with = schema::order_status)]
    pub order_status: String,
    /// When the order was placed.
    #[schema(schema_with = schema::instant)]
    pub ordered_at: String,
    /// When the edge accepted it.
    #[schema(schema_with = schema::instant)]
    pub received_at: String,
    /// Its commission, if it earns one.
    #[schema(schema_with = schema::commission_id_or_null, required)]
    pub commission_id: Option<String>,
}

fn conversion_state() -> utoipa::openapi::Object {
    schema::words(STATES.iter().copied())
}
