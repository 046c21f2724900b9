//! Node and the programs that npm put into `node_modules`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::paths;

/// The oldest Node that the pinned wrangler takes.
const NODE_MAJOR_MIN: u32 = 20;

/// Checks that a recent enough Node is there; says in one line what to install if not.
pub fn require() -> Result<()> {
    let version =
        Command::new("node").arg("--version").output().ok().filter(|o| o.status.success());
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let Some(version) = version else {
        bail!("Node is missing: install Node {NODE_MAJOR_MIN} or later (https://nodejs.org)");
    };
    let major = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    if major.is_none_or(|major: u32| major < NODE_MAJOR_MIN) {
        bail!("Node {version} is too old: install Node {NODE_MAJOR_MIN} or later");
    }
    Ok(())
}

/// A program that an npm package brings, such as `wrangler`.
pub fn program(name: &str) -> PathBuf {
    paths::root().join("node_modules/.bin").join(name)
}

/// The folder of an installed npm package.
pub fn package(name: &str) -> PathBuf {
    paths::root().join("node_modules").join(name)
}
