//! The manifest of a pure room that is taken out of its crate.

use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value, toml};

/// Of what the crate's tests need, what the tests of a pure room may use.
const FOR_TESTS: [&str; 1] = ["proptest"];

/// A manifest for the room `name`: of its crate's dependencies (`own`) those that are `pure`, all
/// when `pure` is `None`, in the versions of the workspace (`root`, which lies in `folder`).
///
/// Fails when a table that it needs is missing.
pub(super) fn of_room(
    name: &str,
    pure: Option<&[&str]>,
    root: &Table,
    own: &Table,
    folder: &Path,
) -> Result<Table> {
    let workspace = root.get("workspace").and_then(Value::as_table);
    let workspace = workspace.context("the workspace has no manifest of its own")?;
    let edition = workspace.get("package").and_then(|package| package.get("edition"));
    let edition = edition.context("the workspace names no edition")?.clone();
    let mut versions = table(workspace, "dependencies")?;
    for version in versions.iter_mut().filter_map(|(_, version)| version.as_table_mut()) {
        if let Some(Value::String(path)) = version.get_mut("path") {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    }
    let mut dependencies = table(own, "dependencies")?;
    dependencies.retain(|name, _| pure.is_none_or(|pure| pure.contains(&name)));
    let mut for_tests = table(own, "dev-dependencies")?;
    for_tests.retain(|name, _| FOR_TESTS.contains(&name));
    // Building costs more than running here, and no one looks into what was built.
    let mut manifest = toml! {
        [package]
        version = "0.0.0"
        publish = false

        [profile.dev]
        debug = false

        [profile.dev.package."*"]
        opt-level = 1
    };
    if let Some(package) = manifest.get_mut("package").and_then(Value::as_table_mut) {
        package.insert("name".to_owned(), name.into());
        package.insert("edition".to_owned(), edition);
    }
    let versions = Table::from_iter([("dependencies".to_owned(), versions.into())]);
    manifest.insert("workspace".to_owned(), versions.into());
    manifest.insert("dependencies".to_owned(), dependencies.into());
    manifest.insert("dev-dependencies".to_owned(), for_tests.into());
    Ok(manifest)
}

fn table(of: &Table, name: &str) -> Result<Table> {
    let found = of.get(name).and_then(Value::as_table).cloned();
    found.with_context(|| format!("a manifest without [{name}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_keeps_the_pure_dependencies_of_its_crate_in_the_workspace_s_versions() {
        let root = toml! {
            [workspace.package]
            edition = "2024"
            [workspace.dependencies]
            shared = { path = "shared" }
            hex = { version = "0.4", default-features = false }
            sqlx = "0.9"
        };
        let own = toml! {
            [dependencies]
            shared.workspace = true
            hex = { workspace = true, features = ["alloc"] }
            sqlx.workspace = true
            [dev-dependencies]
            proptest.workspace = true
            xtask.workspace = true
        };
        let made = |kept| of_room("domain", kept, &root, &own, Path::new("/clone"));
        let pure = made(Some(&["hex", "shared"][..])).expect("both manifests are whole");
        assert_eq!(pure["package"]["name"].as_str(), Some("domain"));
        assert_eq!(pure["package"]["edition"].as_str(), Some("2024"));
        let names: Vec<_> = pure["dependencies"].as_table().into_iter().flatten().collect();
        assert_eq!(
            names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["hex", "shared"]
        );
        assert_eq!(pure["dependencies"]["hex"]["features"][0].as_str(), Some("alloc"));
        let versions = &pure["workspace"]["dependencies"];
        assert_eq!(versions["shared"]["path"].as_str(), Some("/clone/shared"));
        assert_eq!(versions["hex"]["version"].as_str(), Some("0.4"));
        let for_tests = &pure["dev-dependencies"];
        assert!(for_tests.get("proptest").is_some() && for_tests.get("xtask").is_none());
        let all = made(None).expect("both manifests are whole");
        assert!(all["dependencies"].get("sqlx").is_some());
    }
}
