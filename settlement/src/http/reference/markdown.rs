//! The API in one Markdown file, `docs/api.md`: how calls are made, what there is, what is refused.

use super::operation::Proof;
use super::{guide, operations, refusal};
use shared::problem::Code;
use std::fmt::Write;

/// The file's text.
fn text() -> String {
    let mut text = String::from(
        "# The API\n\nPrinted from the code; `KHATA_BLESS=1 cargo test -p settlement markdown` prints it \
         again.\n`GET /api/v1/reference` shows the same with every field, `GET /api/v1/openapi.json` \
         to machines.\n\n",
    );
    text.push_str(&guide::text());
    text.push_str("\n## Operations\n\n| call | what it does | signed |\n|---|---|---|\n");
    for operation in operations() {
        let signed = match operation.proof {
            Proof::Signed => "yes",
            Proof::Key => "key alone",
            Proof::Shop(_) => "by the shop",
            Proof::None => "no",
        };
        let (method, path) = (operation.method_name(), operation.path);
        writeln!(text, "| `{method} /api/v1{path}` | {} | {signed} |", operation.summary)
            .expect("writing to a string cannot fail");
    }
    text.push_str(
        "\n## Refusals\n\n| status | code | in the request log | when |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let (status, told) = (code.status().0, code.as_str());
        let told = if status == 401 { "–".to_owned() } else { format!("`{told}`") };
        let (logged, meaning) = (code.log_code(), refusal::meaning(code));
        writeln!(text, "| {status} | {told} | `{logged}` | {meaning} |")
            .expect("writing to a string cannot fail");
    }
    text.push_str(
        "\nA repeat is no refusal: a known order or status is answered 202 with \
         `status: \"DUPLICATE\"`, and an order-status that its commission no longer takes is accepted \
         and ends `skipped` with `ORDER_STATUS_TRANSITION_DENIED`.\n",
    );
    text
}

#[test]
fn the_printed_api_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md");
    if std::env::var_os("KHATA_BLESS").is_some() {
        std::fs::write(path, text()).expect("docs can be written");
    }
    let printed = std::fs::read_to_string(path).expect("the printed API is there");
    assert_eq!(printed, text(), "KHATA_BLESS=1 rewrites it");
}
