//! The reference as a page for people: no script, one style, readable on any width and in the dark.

mod fields;
mod operation;
mod text;

use super::document::{BASE, tags};
use super::guide::{self, Section};
use super::operation::Operation;
use super::{operations, refusal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use shared::problem::Code;
use text::prose;

const STYLE: &str = include_str!("page/style.css");

/// Only the page's own style, by its digest, and nothing else from anywhere.
pub(super) fn content_security_policy() -> String {
    format!("{}; frame-ancestors 'none'", page_policy())
}

/// What of the policy a page can say itself, for whoever passes it on without its headers.
fn page_policy() -> String {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; \
         form-action 'none'"
    )
}

/// The whole page.
pub(super) fn html() -> String {
    let (operations, sections) = (operations(), guide::sections());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head())
            body {
                a.skip href="#content" { "Skip to the content" }
                header.top {
                    p.brand { strong { "Khata" } " " span { "merchant API" } }
                    a.file href={ (BASE) "/openapi.json" } { "OpenAPI 3.1 document" }
                }
                details.menu {
                    summary { "Contents" }
                    nav aria-label="Contents" { (contents(&operations, &sections)) }
                }
                div.columns {
                    nav.side aria-label="Contents" { (contents(&operations, &sections)) }
                    main #content tabindex="-1" { (main(&operations, &sections)) }
                }
                footer { p { "Printed from the code that answers. Every example is checked against it." } }
            }
        }
    };
    page.into_string()
}

fn head() -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta http-equiv="Content-Security-Policy" content=(page_policy());
            meta name="color-scheme" content="light dark";
            meta name="description" content="Report orders and read what became of them.";
            title { "Khata merchant API – reference" }
            link rel="icon" href="data:,";
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn contents(operations: &[Operation], sections: &[Section]) -> Markup {
    html! {
        h2 { "Guide" }
        ul {
            @for section in sections {
                li { a href={ "#" (section.id) } { (section.title) } }
            }
            li { a href="#errors" { "Errors" } }
        }
        @for tag in tags(operations) {
            h2 { (tag.name) }
            ul {
                @for operation in operations.iter().filter(|operation| operation.tag == tag) {
                    li {
                        a href={ "#" (operation.id) } {
                            (operation::method(operation)) " " span { (operation.summary) }
                        }
                    }
                }
            }
        }
    }
}

fn main(operations: &[Operation], sections: &[Section]) -> Markup {
    html! {
        h1 { "Merchant API" }
        p.lead {
            "Report orders, and read what became of them: who earned each, how much, and when it is "
            "payable. JSON over HTTPS, every call signed."
        }
        @for section in sections {
            section.guide aria-labelledby=(section.id) {
                h2 id=(section.id) { (section.title) }
                @for paragraph in &section.paragraphs { (prose(paragraph)) }
                @if section.id == "signing" {
                    (figure("A signed report", guide::EXAMPLE))
                    (figure("A signed read", guide::EXAMPLE_READ))
                }
            }
        }
        (errors())
        @for tag in tags(operations) {
            section.tag {
                h2.tag { (tag.name) }
                p { (tag.about) }
                @for operation in operations.iter().filter(|operation| operation.tag == tag) {
                    (operation::article(operation))
                }
            }
        }
    }
}

/// Something to copy, under its title.
fn figure(title: &str, copied: &str) -> Markup {
    html! {
        figure {
            figcaption { (title) }
            pre tabindex="0" { code { (copied) } }
        }
    }
}

/// The error table, from the one list of codes.
fn errors() -> Markup {
    html! {
        section.guide aria-labelledby="errors" {
            h2 id="errors" { "Errors" }
            (prose(
                "Every refusal there is. The answer's `code` is the machine's word for it; a `401` has \
                 none, and its cause stands in the request log under the log code."
            ))
            table.errors role="table" {
                caption { "Codes by status" }
                thead { tr { th scope="col" { "Status" } th scope="col" { "Code" } th scope="col" { "When" } } }
                tbody role="rowgroup" {
                    @for code in Code::ALL {
                        @let (status, word) = code.status();
                        tr role="row" {
                            td role="cell" { span.status { (status) } " " span.quiet { (word) } }
                            td role="cell" {
                                @if status == 401 {
                                    span.quiet { "in the log: " } code { (code.log_code()) }
                                } @else {
                                    code { (code.as_str()) }
                                }
                            }
                            td role="cell" { (text::inline(refusal::meaning(code))) }
                        }
                    }
                }
            }
        }
    }
}
