//! Why a conversion earned what it earned: receipt, steps, facts, and what comes next.

use super::commission::Commission;
use super::conversion::Conversion;
use super::schema;
use crate::domain::attribution::{Kind, Outcome, Reason};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{Array, Object, Type};
use uuid::Uuid;

/// A conversion with its attribution receipt and everything that happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// The conversion.
    pub conversion: Conversion,
    /// The attribution receipt: every candidate considered, and why each won or lost.
    #[schema(schema_with = receipt)]
    pub attribution: Value,
    /// Each candidate of the receipt, told to a shop owner.
    pub reasons: Vec<CandidateTold>,
    /// What a person decided in the review queue; `null` when nobody has.
    #[schema(required)]
    pub decision: Option<Ruling>,
    /// Its commission; `null` when it earns none.
    #[schema(required)]
    pub commission: Option<Commission>,
    /// How the amount came to be; `null` when nobody earns the order, so that none was reckoned.
    #[schema(required)]
    pub amount: Option<AmountTold>,
    /// The steps taken, in order.
    pub timeline: Vec<TimelineStep>,
    /// What was reported of the order, in the order in which it happened.
    pub facts: Vec<Fact>,
    /// What comes next.
    pub next: Next,
}

/// An amount in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct AmountTold {
    /// The rules and figures it was reckoned with at the sale, and what has become of it since.
    pub sentence: String,
}

/// One candidate in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandidateTold {
    /// `click`, `coupon` or `customer`.
    #[schema(schema_with = candidate_kind)]
    pub kind: &'static str,
    /// What became of it, and why.
    pub sentence: String,
}

/// A decision of the review queue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ruling {
    /// `confirm`: the candidate shown; `assign`: another affiliate; `reject`: nobody.
    #[schema(schema_with = decision_word)]
    pub decision: String,
    /// Who earns the order; `null`: nobody.
    #[schema(schema_with = schema::uuid_or_null, required)]
    pub affiliate_id: Option<Uuid>,
    /// On which campaign's terms; `null`: the merchant's own.
    #[schema(schema_with = schema::uuid_or_null, required)]
    pub campaign_id: Option<Uuid>,
    /// When it was decided.
    #[schema(schema_with = schema::instant)]
    pub decided_at: String,
}

/// One step of a conversion or its commission.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelineStep {
    /// When it took effect.
    #[schema(schema_with = schema::instant)]
    pub at: String,
    /// What happened: `commission.held`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The commission's state before; `null` where there was none.
    #[schema(schema_with = commission_state_or_null)]
    pub from: Value,
    /// The commission's state after.
    #[schema(schema_with = commission_state_or_null)]
    pub to: Value,
    /// The commission's amount.
    #[schema(schema_with = schema::amount_or_null)]
    pub amount: Value,
    /// What is left of it.
    #[schema(schema_with = schema::amount_or_null)]
    pub net_amount: Value,
    /// Why.
    #[schema(schema_with = text_or_null)]
    pub reason: Value,
}

/// One thing a merchant reported of an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// The event that reported it.
    #[schema(schema_with = schema::event_id)]
    pub event_id: String,
    /// What it reported.
    #[schema(schema_with = schema::order_status)]
    pub status: String,
    /// When that happened.
    #[schema(schema_with = schema::instant)]
    pub status_updated_at: String,
    /// When the edge accepted the report.
    #[schema(schema_with = schema::instant)]
    pub received_at: String,
    /// The total taken back so far, when the report named one.
    #[schema(schema_with = schema::amount_or_null, required)]
    pub refunded_amount: Option<String>,
    /// The units taken back, when the report named them.
    #[schema(schema_with = returned_items)]
    pub items: Value,
    /// The merchant's words.
    #[schema(required)]
    pub reason: Option<String>,
    /// What the report came to, in a sentence; `null` when it came with the order itself.
    #[schema(required)]
    pub outcome: Option<String>,
}

/// What comes next.
#[derive(Debug, Serialize, ToSchema)]
pub struct Next {
    /// In a sentence for a shop owner, in the merchant's time zone.
    pub sentence: String,
}

fn candidate_kind() -> Object {
    schema::words(Kind::ALL.into_iter().map(Kind::as_str))
}

fn decision_word() -> Object {
    schema::words(["confirm", "assign", "reject"])
}

fn commission_state_or_null() -> Object {
    schema::or_null(schema::commission_state())
}

fn text_or_null() -> Object {
    schema::or_null(Object::with_type(Type::String))
}

fn returned_items() -> Array {
    let item = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("sku", Object::with_type(Type::String))
        .property("quantity", Object::with_type(Type::Integer))
        .required("sku")
        .required("quantity");
    ArrayBuilder::new().items(item).build()
}

/// What a setting's version says.
const SETTING_VERSION: &str =
    "The version of the merchant's order of candidates; 0: the network's own.";

/// The JSON that `domain::attribution::Receipt` is kept as.
fn receipt() -> Object {
    let told = schema::told;
    let text = || Object::with_type(Type::String);
    let texts = || ArrayBuilder::new().items(text()).build();
    let pricing = told(schema::free_object(), "Base, amount and rounding, and each line's rule.");
    let facts = told(schema::free_object(), "What each candidate considered was judged by.");
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Every candidate considered, and why each won or lost."))
        .property("order", ArrayBuilder::new().items(candidate_kind()))
        .property("automatic", ArrayBuilder::new().items(candidate_kind()))
        .property("settingVersion", told(Object::with_type(Type::Integer), SETTING_VERSION))
        .property("judgedAt", told(schema::instant(), "The instant everything was judged at."))
        .property("confidence", schema::confidence())
        .property("candidates", ArrayBuilder::new().items(candidate()))
        .property("riskReasons", texts())
        .property("why", told(text(), "The result in a sentence."))
        .property("facts", facts)
        .property("pricing", pricing)
        .required("order")
        .required("judgedAt")
        .required("confidence")
        .required("candidates")
        .required("riskReasons")
        .required("why")
        .build()
}

/// Whose click id a candidate shows.
const CLICK_ID: &str = "The click id as sent; for a customer, the one of the earlier order.";

fn candidate() -> Object {
    let told = schema::told;
    let text = || Object::with_type(Type::String);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("kind", told(candidate_kind(), "What was considered."))
        .property("result", schema::words(Outcome::WORDS))
        .property("reason", told(schema::words(Reason::WORDS), "Why it lost."))
        .property("clickId", told(text(), CLICK_ID))
        .property("couponCode", told(text(), "The coupon as sent."))
        .property("conversionId", told(schema::conversion_id(), "The customer's earlier order."))
        .property("class", told(schema::click_class(), "What kind of visit it was."))
        .property("clickedAt", schema::instant())
        .property("windowUntil", told(schema::instant(), "Until when an order could earn."))
        .property("affiliateId", schema::uuid())
        .property("notes", ArrayBuilder::new().items(text()))
        .required("kind")
        .required("result")
        .build()
}
