//! A commission's risk as its merchant sees it; affiliates never do.

use super::schema;
use crate::domain::risk::{Reason, Review, THRESHOLD_MAX, THRESHOLD_MIN, score::POINTS_MAX};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{Array, Object, Type};

/// What the commission's latest risk score says, and who is waited for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Risk {
    /// Where it stands: below the threshold, waiting, or decided.
    #[schema(schema_with = state)]
    pub state: &'static str,
    /// The points of all reasons together, at most 100.
    #[schema(schema_with = points)]
    pub score: i32,
    /// From how many points on a person decides; the merchant's, as in force at the score.
    #[schema(schema_with = threshold)]
    pub threshold: i32,
    /// What speaks against paying at once.
    #[schema(schema_with = reasons)]
    pub reasons: Value,
    /// Who is waited for; `null`: nobody.
    #[schema(schema_with = awaits)]
    pub awaits: Option<&'static str>,
    /// When it was scored.
    #[schema(schema_with = schema::instant)]
    pub scored_at: String,
}

fn state() -> Object {
    schema::words(Review::ALL.into_iter().map(Review::as_str))
}

fn points() -> Object {
    schema::whole(0, POINTS_MAX as usize)
}

fn threshold() -> Object {
    schema::whole(THRESHOLD_MIN as usize, THRESHOLD_MAX as usize)
}

fn awaits() -> Object {
    schema::or_null(schema::words(["operator"]))
}

/// The JSON that `domain::risk::score::Weighed` is kept as.
fn reasons() -> Array {
    let told = schema::told;
    let codes = schema::words(Reason::ALL.into_iter().map(Reason::as_str));
    let sentence = told(Object::with_type(Type::String), "The reason in words.");
    let reason = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("code", told(codes, "Which reason."))
        .property("points", told(points(), "What it weighs."))
        .property("sentence", sentence)
        .required("code")
        .required("points")
        .required("sentence");
    ArrayBuilder::new().items(reason).build()
}
