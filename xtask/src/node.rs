//! Node and the programs that npm put into `node_modules`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::paths;

/// The oldest Node that the pinned npm parts take, major and minor.
const NODE_MIN: (u32, u32) = (20, 19);

/// Checks that a recent enough Node is there; says in one line what to install if not.
pub fn require() -> Result<()> {
    let version =
        Command::new("node").arg("--version").output().ok().filter(|o| o.status.success());
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let (major_min, minor_min) = NODE_MIN;
    let wanted = format!("Node {major_min}.{minor_min} or later");
    let Some(version) = version else {
        bail!("Node is missing: install {wanted} (https://nodejs.org)");
    };
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|n| n.parse().ok());
    let found: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < NODE_MIN {
        bail!("Node {version} is too old: install {wanted}");
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
