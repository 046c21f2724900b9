//! Derives a running edge's configuration from `wrangler.toml`, so that what runs is what ships.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use crate::paths;
use crate::secrets::write_private;

/// Writes `wrangler.toml` and `.dev.vars` into a folder; answers with the former's path.
pub(super) fn write(
    folder: &Path,
    bundle: &Path,
    vars: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, String>,
) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let shipped = fs::read_to_string(paths::root().join("wrangler.toml"))?;
    let path = folder.join("wrangler.toml");
    fs::write(&path, derive(&shipped, bundle, vars)?)?;
    write_private(&folder.join(".dev.vars"), &dotenv(secrets)?)?;
    Ok(path)
}

/// Drops `[build]` (it is built already), names the bundle, adds variables.
fn derive(shipped: &str, bundle: &Path, vars: &BTreeMap<String, String>) -> Result<String> {
    let mut config: Table = shipped.parse().context("wrangler.toml is not TOML")?;
    config.remove("build");
    let main = bundle.join("index.js").to_string_lossy().into_owned();
    config.insert("main".to_owned(), Value::String(main));
    let table = config.entry("vars").or_insert_with(|| Value::Table(Table::new()));
    let table = table.as_table_mut().context("wrangler.toml: vars is not a table")?;
    for (name, value) in vars {
        table.insert(name.clone(), Value::String(value.clone()));
    }
    Ok(toml::to_string(&config)?)
}

fn dotenv(secrets: &BTreeMap<String, String>) -> Result<String> {
    let mut text = String::new();
    for (name, value) in secrets {
        if value.contains(['"', '\\', '\n', '$']) {
            bail!("the secret {name} holds a character that .dev.vars cannot carry");
        }
        writeln!(text, "{name}=\"{value}\"")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_configuration_is_the_shipped_one_with_other_variables() {
        let shipped = include_str!("../../../wrangler.toml");
        let vars = [("EDGE_MODE", "dev"), ("CLOCK_OFFSET_SECONDS", "60")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let derived = derive(shipped, Path::new("/bundle"), &vars.into()).unwrap();
        let derived: Table = derived.parse().unwrap();
        let shipped: Table = shipped.parse().unwrap();
        assert_eq!(derived.get("build"), None);
        assert_eq!(derived["main"].as_str(), Some("/bundle/index.js"));
        assert_eq!(derived["vars"]["EDGE_MODE"].as_str(), Some("dev"));
        assert_eq!(derived["vars"]["CLOCK_OFFSET_SECONDS"].as_str(), Some("60"));
        assert_eq!(derived["durable_objects"], shipped["durable_objects"]);
        assert_eq!(derived["migrations"], shipped["migrations"]);
    }

    #[test]
    fn a_secret_that_would_change_its_meaning_is_refused() {
        let secrets = |value: &str| BTreeMap::from([("KEY".to_owned(), value.to_owned())]);
        assert_eq!(dotenv(&secrets("1:ab")).unwrap(), "KEY=\"1:ab\"\n");
        assert!(dotenv(&secrets("a\"b")).is_err());
    }
}
