//! The page holds every operation and every code, runs nothing, and asks nobody for anything.

use tests::World;

use crate::{PAGE, document, operations};

/// Bytes of the page at most, as text; compressed it is less than a tenth.
const PAGE_BYTES_MAX: usize = 600_000;

fn page() -> String {
    World::shared().shopper().visit(PAGE).send().expect_status(200).text
}

#[test]
fn every_operation_and_every_code_has_its_place() {
    let (page, document) = (page(), document(World::shared()));
    for (method, path) in operations(&document) {
        let operation = &document["paths"][&path][method.to_lowercase()];
        let id = operation["operationId"].as_str().expect("an operation has an id");
        let anchors = page.matches(&format!("id=\"{id}\"")).count();
        assert_eq!(anchors, 1, "{method} {path}");
        assert!(
            page.matches(&format!("href=\"#{id}\"")).count() >= 2,
            "{id} is not in the contents"
        );
    }
    for code in shared::problem::Code::ALL {
        assert!(page.contains(code.log_code()), "{}", code.log_code());
    }
}

#[test]
fn every_link_within_the_page_leads_somewhere() {
    let page = page();
    let mut links = 0;
    for rest in page.split("href=\"#").skip(1) {
        let anchor = rest.split('"').next().unwrap_or_default();
        assert!(page.contains(&format!("id=\"{anchor}\"")), "#{anchor} leads nowhere");
        links += 1;
    }
    assert!(links > 20, "{links} links");
}

#[test]
fn it_runs_nothing_and_loads_nothing_from_elsewhere() {
    let answer = World::shared().shopper().visit(PAGE).send().expect_status(200);
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    let page = answer.text;
    assert!(page.contains("style-src &#39;sha256-") || page.contains("style-src 'sha256-"));
    for banned in ["<script", " onclick=", " style=", "<img", "src=\"http", "@import", "url("] {
        assert!(!page.contains(banned), "{banned}");
    }
    assert!(page.len() < PAGE_BYTES_MAX, "{} bytes", page.len());
    for landmark in
        ["<html lang=\"en\"", "<main", "<nav", "class=\"skip\"", "<h1>", "name=\"viewport\""]
    {
        assert!(page.contains(landmark), "{landmark}");
    }
}
