//! Finds the `xtask` binary that serves as keeper, building it first when that is not ourselves.

use std::env;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::paths;

static KEEPER: OnceLock<PathBuf> = OnceLock::new();

/// The keeper's path; builds it once per process unless this process is it.
pub fn build_keeper() -> Result<PathBuf> {
    if let Some(path) = KEEPER.get() {
        return Ok(path.clone());
    }
    let own = env::current_exe().context("this program does not know its own path")?;
    let path = if own.file_stem().is_some_and(|name| name == "xtask") { own } else { build()? };
    Ok(KEEPER.get_or_init(|| path).clone())
}

fn build() -> Result<PathBuf> {
    let output = cargo()
        .args(["build", "--quiet", "--package", "xtask", "--bin", "xtask"])
        .current_dir(paths::root())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the keeper does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(paths::target().join("debug/xtask"))
}
