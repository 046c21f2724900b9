//! Finds Postgres' programs among the npm parts, where the account that runs them can read them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::account;
use crate::{node, paths};

/// The npm package that carries Postgres for this machine.
pub fn package() -> PathBuf {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    node::package(&format!("@embedded-postgres/{system}-{processor}"))
}

/// One of `initdb`, `pg_ctl`, `postgres`.
pub(super) fn program(name: &str) -> Result<PathBuf> {
    let native = package().join("native");
    if !native.is_dir() {
        bail!("npm brings no Postgres for this machine: set DATABASE_URL to a server of yours");
    }
    let needs_copy = account::unprivileged()?.is_some() && !account::reachable(&native);
    let native = if needs_copy { copied(&native)? } else { native };
    Ok(native.join("bin").join(name))
}

/// The programs, copied to where everyone may read: a clone in `/root` is closed to `nobody`.
fn copied(native: &Path) -> Result<PathBuf> {
    let manifest = std::fs::read_to_string(package().join("package.json"))?;
    let manifest: serde_json::Value = serde_json::from_str(&manifest)?;
    let version = manifest["version"].as_str().context("the package has no version")?;
    let folder = env::temp_dir().join("khata-postgres");
    let copy = folder.join(version);
    let _lock = paths::lock(&folder, "copy")?;
    if !copy.is_dir() {
        let partial = folder.join(".partial");
        let _ = std::fs::remove_dir_all(&partial);
        let status = Command::new("cp").arg("-R").arg(native).arg(&partial).status()?;
        if !status.success() {
            bail!("cannot copy Postgres to {}", partial.display());
        }
        std::fs::rename(&partial, &copy)?;
    }
    Ok(copy)
}
