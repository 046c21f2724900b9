//! The two operations that describe the others.

use super::operation::{Answer, Operation, Tag};
use crate::wire::schema;
use utoipa::openapi::{HttpMethod, Object, RefOr, Schema, Type};

const TAG: Tag =
    Tag { name: "This description", about: "Open to everybody: it holds nobody's data." };

pub(super) fn operations() -> Vec<Operation> {
    let document = open("/openapi.json", "showDocument", "This API as an OpenAPI 3.1 document");
    let page = open("/reference", "showReference", "This API as a page for people");
    vec![
        answered(document, "application/json", schema::free_object().into()),
        answered(page, "text/html", Object::with_type(Type::String).into()),
    ]
}

fn open(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    let none_match = "An `ETag` you have: answered `304` when it is still the one.";
    Operation::signed(HttpMethod::Get, path, TAG, id, summary).public().header(
        "If-None-Match",
        Object::with_type(Type::String),
        none_match,
    )
}

fn answered(mut operation: Operation, media_type: &'static str, shape: RefOr<Schema>) -> Operation {
    operation.answers.push(Answer {
        status: 200,
        when: "As it is now.",
        content: Some((media_type, shape)),
        example: None,
        headers: Vec::new(),
    });
    operation
        .carrying("ETag", "Names this version.")
        .carrying("Cache-Control", "It may be kept for a minute.")
        .answers_empty(304, "Still the one you have.")
        .carrying("ETag", "Names this version.")
}
