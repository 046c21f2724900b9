//! The operations that tell what became of events and orders.

mod examples;

use super::operation::{Operation, Tag};
use crate::http::merchants::{FILTER_CHARACTERS_MAX, LIMIT_DEFAULT, LIMIT_MAX, WAIT_SECONDS_MAX};
use crate::wire::commission::Commission;
use crate::wire::conversion::{self, Conversion};
use crate::wire::event::Event;
use crate::wire::explain::Explanation;
use crate::wire::schema::{self, told};
use shared::problem::Code;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{HttpMethod, Object, Type};

/// What a filter by state says.
pub(super) const LISTED: &str = "Only those in this state.";

const TAG: Tag = Tag {
    name: "Read outcomes",
    about: "What became of events and orders: outcomes, conversions, commissions, and why.",
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        list_events(),
        show_event(),
        list_conversions(),
        show_conversion(),
        explain_conversion(),
        list_commissions(),
        show_commission(),
    ]
}

fn read(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::signed(HttpMethod::Get, path, TAG, id, summary)
}

fn list_events() -> Operation {
    let operation = read("/events", "listEvents", "List events by outcome")
        .query("state", schema::event_state(), LISTED)
        .query("type", schema::event_type(), "Only those of this type.")
        .query("code", filter(), "Only those with this outcome code.");
    paged::<Event>(operation, examples::EVENTS)
}

fn show_event() -> Operation {
    let wait =
        format!("`wait=N` waits up to N seconds, at most {WAIT_SECONDS_MAX}, for an outcome.");
    read("/events/{id}", "showEvent", "Show an event's outcome")
        .about(
            "`received` is not settled yet; `applied` and `skipped` are final, and `code` says why; \
             `parked` waits for its missing half; `failed` is our fault and will be tried again.",
        )
        .header("Prefer", Object::with_type(Type::String), &wait)
        .answers::<Event>(200, "The event and its outcome.", examples::EVENT)
        .carrying("Preference-Applied", "How long it was ready to wait.")
        .cached()
        .refuses(&[Code::NotFound])
}

fn list_conversions() -> Operation {
    let operation = read("/conversions", "listConversions", "List conversions");
    let states = schema::words(conversion::STATES.iter().copied());
    listed::<Conversion>(operation, states, examples::CONVERSIONS)
}

fn show_conversion() -> Operation {
    read("/conversions/{id}", "showConversion", "Show a conversion")
        .answers::<Conversion>(200, "The conversion.", examples::CONVERSION)
        .cached()
        .refuses(&[Code::NotFound])
}

fn explain_conversion() -> Operation {
    read("/conversions/{id}/explain", "explainConversion", "Explain a conversion")
        .about(
            "The attribution receipt with every candidate considered and the rule levels tried, the \
             terms frozen at the sale, every step since, and what comes next.",
        )
        .answers::<Explanation>(200, "The explanation.", examples::EXPLANATION)
        .cached()
        .refuses(&[Code::NotFound])
}

fn list_commissions() -> Operation {
    let operation = read("/commissions", "listCommissions", "List commissions");
    listed::<Commission>(operation, schema::commission_state(), examples::COMMISSIONS)
}

fn show_commission() -> Operation {
    read("/commissions/{id}", "showCommission", "Show a commission")
        .answers::<Commission>(200, "The commission.", examples::COMMISSION)
        .cached()
        .refuses(&[Code::NotFound])
}

fn listed<T: ToSchema>(operation: Operation, states: Object, example: &'static str) -> Operation {
    let filtered = operation
        .query("conversionId", filter(), "Only that of this conversion.")
        .query("externalOrderId", filter(), "Only that of this order.")
        .query("state", states, LISTED);
    paged::<T>(filtered, example)
}

/// A filter that takes any text.
pub(super) fn filter() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(FILTER_CHARACTERS_MAX))
        .pattern(Some("^[^\\x00]+$"))
        .build()
}

/// A list's parameters and its answer: a page of `T`, newest first.
pub(super) fn paged<T: ToSchema>(mut operation: Operation, example: &'static str) -> Operation {
    let size = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut limit = schema::whole(1, size(LIMIT_MAX));
    limit.default = Some(LIMIT_DEFAULT.into());
    let cursor = schema::pattern("^([0-9a-f]{2})+$");
    let row = operation.shape::<T>();
    let next = schema::or_null(Object::with_type(Type::String));
    let says = "Where the next page begins; `null` on the last one.";
    let page = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("data", ArrayBuilder::new().items(row).max_items(Some(size(LIMIT_MAX))))
        .property("nextCursor", told(next, says))
        .required("data")
        .required("nextCursor");
    operation
        .query("limit", limit, "How many at most.")
        .query("cursor", cursor, "The `nextCursor` of the page before.")
        .refuses(&[Code::ValidationError])
        .answers_with(200, "One page, newest first.", page.into(), example)
        .cached()
}
