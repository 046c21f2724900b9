//! Plain `workerd`'s configuration, derived from `wrangler.toml`: what is measured is what ships.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

/// A worker with Durable Objects, as `workerd serve` takes it.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Its modules by the names they import each other by; the first is the entry.
    pub modules: Vec<(String, PathBuf)>,
    /// `2026-04-01`.
    pub compatibility_date: String,
    /// Bindings of text, secrets included.
    pub variables: BTreeMap<String, String>,
    /// Binding and class of each kind of object.
    pub objects: Vec<(String, String)>,
}

impl Worker {
    /// The worker that `wrangler.toml` describes, with its bundle.
    pub fn from_wrangler(shipped: &str, bundle: &Path) -> Result<Self> {
        let config: Table = shipped.parse().context("wrangler.toml is not TOML")?;
        let date = config.get("compatibility_date").and_then(Value::as_str);
        let vars = config.get("vars").and_then(Value::as_table).into_iter().flatten();
        let variables = vars
            .map(|(name, value)| Ok((name.clone(), text(value, name)?)))
            .collect::<Result<_>>()?;
        let bindings = config
            .get("durable_objects")
            .and_then(|objects| objects.get("bindings")?.as_array())
            .context("wrangler.toml binds no Durable Objects")?;
        let objects = bindings
            .iter()
            .map(|binding| Ok((field(binding, "name")?, field(binding, "class_name")?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            modules: ["./index.js", "./index_bg.wasm"]
                .map(|name| (name.to_owned(), bundle.join(name)))
                .into(),
            compatibility_date: date.context("wrangler.toml has no compatibility_date")?.to_owned(),
            variables,
            objects,
        })
    }

    /// Adds variables, or replaces them.
    #[must_use]
    pub fn with_variables<'a>(
        mut self,
        variables: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Self {
        let added = variables.into_iter().map(|(name, value)| (name.clone(), value.clone()));
        self.variables.extend(added);
        self
    }

    /// The configuration that serves it on a port of 127.0.0.1, its objects kept in a folder.
    pub fn serve(&self, port: u16, state: &Path) -> Result<String> {
        let mut modules = String::new();
        for (name, file) in &self.modules {
            let is_wasm = Path::new(name).extension().is_some_and(|extension| extension == "wasm");
            let kind = if is_wasm { "wasm" } else { "esModule" };
            let (name, file) = (quoted(name)?, path(file)?);
            writeln!(modules, "      (name = {name}, {kind} = embed {file}),")?;
        }
        let mut bindings = String::new();
        for (name, value) in &self.variables {
            writeln!(bindings, "      (name = {}, text = {}),", quoted(name)?, quoted(value)?)?;
        }
        let mut namespaces = String::new();
        for (binding, class) in &self.objects {
            let (binding, class) = (quoted(binding)?, quoted(class)?);
            writeln!(bindings, "      (name = {binding}, durableObjectNamespace = {class}),")?;
            writeln!(
                namespaces,
                "      (className = {class}, uniqueKey = {class}, enableSql = true),"
            )?;
        }
        let (date, state) = (quoted(&self.compatibility_date)?, path(state)?);
        // Settlement stands on a private address in dev and in tests.
        Ok(format!(
            r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "disk", disk = (path = {state}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "worker")],
);

const worker :Workerd.Worker = (
    modules = [
{modules}    ],
    compatibilityDate = {date},
    bindings = [
{bindings}    ],
    durableObjectNamespaces = [
{namespaces}    ],
    durableObjectStorage = (localDisk = "disk"),
);
"#
        ))
    }
}

fn field(binding: &Value, name: &str) -> Result<String> {
    text(binding.get(name).with_context(|| format!("a binding has no {name}"))?, name)
}

fn text(value: &Value, name: &str) -> Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("{name} is not a text"))
}

fn path(path: &Path) -> Result<String> {
    quoted(path.to_str().context("a path is not UTF-8")?)
}

/// A text in Cap'n Proto's own notation.
fn quoted(text: &str) -> Result<String> {
    if text.contains(char::is_control) {
        bail!("a configured text holds a control character");
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_served_worker_is_the_shipped_one() {
        let shipped = include_str!("../../../wrangler.toml");
        let worker = Worker::from_wrangler(shipped, Path::new("/bundle")).unwrap();
        let secret = BTreeMap::from([("HASH_KEY".to_owned(), "ab".to_owned())]);
        let config = worker.with_variables(&secret).serve(8787, Path::new("/state")).unwrap();
        for part in [
            r#"(name = "./index.js", esModule = embed "/bundle/./index.js")"#,
            r#"(name = "HASH_KEY", text = "ab")"#,
            r#"(name = "EDGE_MODE", text = "production")"#,
            r#"(name = "CLICK_OUTBOX", durableObjectNamespace = "ClickOutbox")"#,
            r#"(className = "MerchantIntake", uniqueKey = "MerchantIntake", enableSql = true)"#,
            r#"compatibilityDate = "2026-04-01""#,
            r#"address = "127.0.0.1:8787""#,
        ] {
            assert!(config.contains(part), "{part} is missing in {config}");
        }
    }

    #[test]
    fn a_text_never_ends_itself() {
        assert_eq!(quoted("1:ab").unwrap(), r#""1:ab""#);
        let escaped = r#""{\"a\":\"\\\"}""#;
        assert_eq!(quoted(r#"{"a":"\"}"#).unwrap(), escaped);
        assert!(quoted("a\nb").is_err());
    }
}
