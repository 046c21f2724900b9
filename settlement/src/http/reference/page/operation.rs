//! One operation on the page: what to send, what comes back, and both by example.

use super::super::document::{BASE, place};
use super::super::operation::{Answer, Body, Operation, Proof};
use super::super::refusal;
use super::fields::{self, Row};
use super::text::{inline, json, prose};
use maud::{Markup, html};
use utoipa::openapi::Required;
use utoipa::openapi::path::ParameterIn;

/// The method as a badge.
pub(super) fn method(operation: &Operation) -> Markup {
    let name = operation.method_name();
    html! { b class={ "method " (name.to_lowercase()) } { (name) } }
}

/// The whole operation.
pub(super) fn article(operation: &Operation) -> Markup {
    html! {
        article aria-labelledby=(operation.id) {
            div.told {
                h3 id=(operation.id) { a href={ "#" (operation.id) } { (operation.summary) } }
                p.place {
                    (method(operation)) " "
                    code { (BASE) wbr; (breakable(operation.path)) }
                }
                (prose(&operation.description))
                @if operation.proof == Proof::None {
                    p.note { "Open to everybody: it needs no key and no signature." }
                } @else if operation.proof == Proof::Key {
                    p.note { "It needs the id of a test key, and neither timestamp nor signature." }
                } @else if !operation.is_once() && operation.body.is_some() {
                    p.note { "May be sent again as it is: it is never taken for a replay." }
                }
                (parameters(operation))
                @if let Some(body) = &operation.body { (sent(body, operation)) }
                @for answer in &operation.answers { (given(answer, operation)) }
                (refusals(operation))
            }
            div.shown {
                (request(operation))
                @for answer in &operation.answers {
                    @if let Some(example) = answer.example {
                        figure {
                            figcaption { "Answer " span.status { (answer.status) } }
                            pre tabindex="0" { code { (json(example)) } }
                        }
                    }
                }
            }
        }
    }
}

/// A path that may be broken before each slash.
fn breakable(path: &str) -> Markup {
    html! { @for part in path.split('/').skip(1) { wbr; "/" (part) } }
}

fn parameters(operation: &Operation) -> Markup {
    let rows: Vec<_> = operation
        .parameters
        .iter()
        .map(|parameter| {
            let is_required = matches!(parameter.required, Required::True);
            let schema = parameter.schema.clone().unwrap_or_default();
            let mut row = fields::of_value(&parameter.name, &schema, is_required);
            row.says = parameter.description.clone().unwrap_or_default();
            row.limits.insert(0, place(&parameter.parameter_in).to_owned());
            row
        })
        .collect();
    html! { @if !rows.is_empty() { h4 { "Parameters" } (table("Parameters", &rows)) } }
}

fn sent(body: &Body, operation: &Operation) -> Markup {
    let rows = fields::rows(&body.schema, &operation.schemas);
    html! {
        h4 { "Body" }
        p.quiet { "JSON, at most " (body.bytes_max / 1024) " KiB." }
        (table("Fields of the body", &rows))
    }
}

fn given(answer: &Answer, operation: &Operation) -> Markup {
    let rows = answer
        .content
        .as_ref()
        .map(|(_, schema)| fields::rows(schema, &operation.schemas))
        .unwrap_or_default();
    html! {
        h4 { "Answer " span.status { (answer.status) } }
        p { (inline(answer.when)) }
        @if !answer.headers.is_empty() {
            ul.headers {
                @for (name, says) in &answer.headers { li { code { (name) } ": " (inline(says)) } }
            }
        }
        @if !rows.is_empty() {
            details {
                summary { (rows.len()) " fields" }
                (table("Fields of the answer", &rows))
            }
        }
    }
}

fn table(caption: &str, rows: &[Row]) -> Markup {
    html! {
        table.fields role="table" {
            caption.hidden { (caption) }
            thead.hidden { tr { th scope="col" { "Name" } th scope="col" { "Meaning" } } }
            tbody role="rowgroup" { @for row in rows { (field(row)) } }
        }
    }
}

fn field(row: &Row) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" {
                code { (breakable_name(&row.path)) }
                @if row.is_required { " " span.required { "required" } }
            }
            td role="cell" {
                span.kind { (row.kind) @for limit in &row.limits { " · " (limit) } }
                @if !row.says.is_empty() { " " span.says { (inline(&row.says)) } }
                @if !row.words.is_empty() {
                    span.words { @for word in &row.words { code { (word) } " " } }
                }
            }
        }
    }
}

/// A field's path that may be broken after each dot.
fn breakable_name(path: &str) -> Markup {
    html! {
        @for (at, part) in path.split('.').enumerate() {
            @if at > 0 { "." wbr; }
            (part)
        }
    }
}

fn refusals(operation: &Operation) -> Markup {
    let codes = operation.refusals();
    html! {
        @if !codes.is_empty() {
            h4 { "Refusals" }
            ul.refusals {
                @for (status, _, codes) in refusal::by_status(&codes) {
                    li {
                        a.status href="#errors" { (status) } " "
                        @if status == 401 {
                            span.quiet { (codes.len()) " causes, told only in the request log" }
                        } @else {
                            @for code in codes { code { (code.as_str()) } " " }
                        }
                    }
                }
            }
        }
    }
}

/// The call as it goes over the wire.
fn request(operation: &Operation) -> Markup {
    let path = match operation.path.split_once('{').zip(operation.path.split_once('}')) {
        Some(((before, _), (_, after))) => {
            let after = after.replace("{sequence}", "41");
            format!("{before}{}{after}", example_id(operation))
        }
        None => operation.path.to_owned(),
    };
    let in_query = |name: &str| {
        let is_named = |known: &utoipa::openapi::path::Parameter| {
            known.name == name && known.parameter_in == ParameterIn::Query
        };
        operation.parameters.iter().any(is_named)
    };
    let query = if in_query("limit") { "?limit=20" } else { "" };
    let mut head = format!("{} {BASE}{path}{query}\n", operation.method_name());
    if operation.proof != Proof::None {
        head.push_str("X-Api-Key: pk_test_7c1e…\n");
    }
    if operation.proof == Proof::Signed {
        head.push_str("X-Timestamp: 1781408701\nX-Signature: 9f2b6c…\n");
    }
    if operation.body.is_some() {
        head.push_str("Content-Type: application/json\n");
    }
    html! {
        figure {
            figcaption { "Request" }
            pre tabindex="0" {
                code {
                    (head)
                    @if let Some(body) = &operation.body { "\n" (json(body.example)) }
                }
            }
        }
    }
}

/// The id of the example answer, so that request and answer belong together.
fn example_id(operation: &Operation) -> &'static str {
    // What is answered below an endpoint is not the endpoint.
    if operation.path.starts_with("/webhook-endpoints/{id}/") {
        return "0197a1c4-7e55-7c02-8d13-4b5c6d7e8f92";
    }
    let answered = operation.answers.iter().find_map(|answer| answer.example).unwrap_or_default();
    let mut strings = answered.split('"').skip(1).step_by(2);
    let is_id = |name: &&str| matches!(*name, "id" | "eventId" | "code" | "sku");
    let _name = strings.find(is_id);
    strings.next().unwrap_or("1")
}
