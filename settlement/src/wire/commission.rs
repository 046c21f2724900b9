//! A commission as merchants see it (PRODUCT §2).

use super::risk::Risk;
use super::schema::{self, CurrencyCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::{Object, Type};
use uuid::Uuid;

/// What an affiliate is credited for one conversion, at the terms frozen at the sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commission {
    /// The conversion's characters after another prefix.
    #[schema(schema_with = schema::commission_id)]
    pub id: String,
    /// For which conversion.
    #[schema(schema_with = schema::conversion_id)]
    pub conversion_id: String,
    /// The merchant's order id.
    pub external_order_id: String,
    /// Who earns it.
    #[schema(schema_with = schema::uuid)]
    pub affiliate_id: Uuid,
    /// Under which campaign.
    #[schema(schema_with = schema::uuid_or_null, required)]
    pub campaign_id: Option<Uuid>,
    /// Where it stands.
    #[schema(schema_with = schema::commission_state)]
    pub state: String,
    /// Currency of both amounts.
    #[schema(value_type = CurrencyCode)]
    pub currency: String,
    /// What the sale earned.
    #[schema(schema_with = schema::amount)]
    pub amount: String,
    /// What is left of it after refunds and corrections.
    #[schema(schema_with = schema::amount)]
    pub net_amount: String,
    /// The rule frozen at the sale.
    #[schema(schema_with = frozen_rule)]
    pub rule: serde_json::Value,
    /// When the return window ends; `null` before it runs.
    #[schema(schema_with = schema::instant_or_null, required)]
    pub hold_until: Option<String>,
    /// Why it was rejected or reduced.
    #[schema(required)]
    pub reason: Option<String>,
    /// What its risk score says; `null` before the return window is over.
    #[schema(required)]
    pub risk: Option<Risk>,
    /// When it came to be.
    #[schema(schema_with = schema::instant)]
    pub created_at: String,
    /// When it last changed.
    #[schema(schema_with = schema::instant)]
    pub updated_at: String,
}

/// The JSON that `domain::pricing::FrozenRule` is kept as.
fn frozen_rule() -> Object {
    let whole = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    let told = schema::told;
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("The rule frozen at the sale."))
        .property("level", told(schema::rule_level(), "Where it was found."))
        .property("id", told(schema::uuid(), "The rule, the same over its versions."))
        .property("version", told(whole(), "Its version, from 1."))
        .property("kind", told(schema::words(["percent", "flat"]), "How it pays."))
        .property("rateBps", told(whole(), "Basis points of a percent rule: 1000 is 10 %."))
        .property("flatAmount", told(schema::amount(), "Amount of a flat rule."))
        .property("capAmount", told(schema::amount(), "Most that it pays."))
        .property("minimumOrder", told(schema::amount(), "Order total below which it pays zero."))
        .required("level")
        .required("id")
        .required("version")
        .required("kind")
        .build()
}
