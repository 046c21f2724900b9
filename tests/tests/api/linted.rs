//! The document is well-formed `OpenAPI` 3.1, its examples included, in a linter's judgement.

use std::fs;
use std::process::Command;

use tests::World;
use tests::world::folder;

use crate::document;

#[test]
fn the_linter_finds_nothing() {
    let document = document(World::shared());
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    let folder = folder();
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let file = folder.join("openapi.json");
    fs::write(&file, document.to_string()).expect("the folder is there");
    let config = xtask::paths::root().join("tests/tests/api/redocly.yaml");
    let output = Command::new(xtask::node::program("redocly"))
        .args(["lint", "--format", "stylish", "--config"])
        .args([&config, &file])
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
        .output()
        .expect("npm put the linter where it is");
    let (told, more) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{more}");
    fs::remove_dir_all(&folder).expect("the folder is there");
}
