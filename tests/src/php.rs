//! A PHP to run examples with: the machine's own, else one that npm brings, as Wasm on Node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use xtask::paths;

/// Where the npm parts of a PHP are locked.
const LOCKED: [&str; 2] = ["package.json", "package-lock.json"];

/// A command that runs a PHP file given as its next argument.
pub fn command() -> Result<Command> {
    let own = Command::new("php").arg("--version").output();
    if own.is_ok_and(|output| output.status.success()) {
        return Ok(Command::new("php"));
    }
    let mut command = Command::new("node");
    // Its own warnings about experimental parts of Node are not the example's output.
    command.arg("--no-warnings").arg(installed()?.join("node_modules/@php-wasm/cli/php-wasm.js"));
    Ok(command)
}

/// Installs the locked parts into a versioned folder of the cache, once; a rename makes it appear
/// whole.
fn installed() -> Result<PathBuf> {
    let locked = paths::root().join("tests/php");
    let lock = fs::read(locked.join(LOCKED[1])).context("the lock of PHP's parts is missing")?;
    let tools = paths::cache().join("tools");
    let version = &hex::encode(Sha256::digest(lock))[..12];
    let folder = tools.join(format!("php-{version}"));
    let _lock = paths::lock(&tools, "php")?;
    if !folder.is_dir() {
        let partial = tools.join(".partial-php");
        let _ = fs::remove_dir_all(&partial);
        install(&locked, &partial)?;
        fs::rename(&partial, &folder)?;
    }
    Ok(folder)
}

fn install(locked: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for file in LOCKED {
        fs::copy(locked.join(file), folder.join(file))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder);
    let output = npm.output().context("npm does not start")?;
    if !output.status.success() {
        bail!("npm ci failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
