//! The API's description, held to what the edge does: complete, well-formed, and true under fuzz.

mod complete;
mod fuzzed;
mod linted;
mod page;
mod served;

use serde_json::Value;
use tests::World;

/// Where the document is.
const DOCUMENT: &str = "/api/v1/openapi.json";
/// Where the page is.
const PAGE: &str = "/api/v1/reference";

/// The document as the edge serves it.
fn document(world: &World) -> Value {
    world.shopper().visit(DOCUMENT).send().expect_status(200).json()
}

/// Every method and path the document holds.
fn operations(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().expect("a document has paths");
    let mut found = Vec::new();
    for (path, item) in paths {
        let methods = item.as_object().expect("a path has operations").keys();
        found.extend(methods.map(|method| (method.to_uppercase(), path.clone())));
    }
    found.sort();
    found
}
