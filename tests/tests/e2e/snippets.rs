//! The snippets for shops, each run with just what its platform would give it.

use std::process::Command;

use serde_json::{Value, json};
use tests::php;

fn path(of: &str) -> String {
    let path = xtask::paths::root().join(of);
    path.to_str().expect("the repository's path is UTF-8").to_owned()
}

fn printed(mut command: Command, script: &str, snippet: &str) -> Value {
    let output = command
        .args([path(&format!("tests/tests/e2e/scripts/{script}")), path(snippet)])
        .current_dir(xtask::paths::root())
        .output()
        .unwrap_or_else(|cause| panic!("{command:?} does not start: {cause}"));
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    serde_json::from_str(printed.trim()).unwrap_or_else(|_| panic!("{printed}{errors}"))
}

#[test]
fn the_wordpress_plugin_carries_a_click_id_from_landing_to_either_checkout() {
    let php = php::command().expect("there is a PHP, or npm brings one");
    let metas = printed(php, "wordpress.php", "examples/wordpress/khata-click-id.php");
    assert_eq!(metas, json!(["clk_visit", "clk_visit", null, null, null]));
}

#[test]
fn the_shopify_snippet_carries_a_click_id_from_landing_to_the_cart() {
    let updates =
        printed(Command::new("node"), "shopify.mjs", "examples/shopify/khata-click-id.js");
    assert_eq!(updates, json!(["clk_first", "clk_first", "clk_unkept", "clk_full"]));
}
