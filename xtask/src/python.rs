//! Python programs, exactly as a lock file names them, each in a versioned folder of the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::paths;
use crate::progress::step;

/// The oldest Python that the locked programs take.
const PYTHON_MINOR_MIN: u32 = 11;
/// Hex digits of the lock file's digest in the folder's name.
const DIGEST_DIGITS: usize = 12;
/// Prints the minor version, and fails without what makes an environment.
const PROBE: &str = "import sys, venv, ensurepip; print(*sys.version_info[:2], sep='.')";

/// Brings an environment with what `requirements` locks, by digest; answers its Python. Each
/// lock file and each version of Python has a folder of its own, which appears by one rename, so
/// an aborted install is never taken for a complete one.
pub fn ensure(name: &str, requirements: &Path) -> Result<PathBuf> {
    let version = require()?;
    let locked = fs::read(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let digest = hex::encode(Sha256::digest(locked));
    let tools = paths::cache().join("tools");
    let folder = tools.join(format!("{name}-{}-python{version}", &digest[..DIGEST_DIGITS]));
    let python = folder.join("bin/python");
    if folder.is_dir() {
        return Ok(python);
    }
    let _lock = paths::lock(&tools, name)?;
    if folder.is_dir() {
        return Ok(python);
    }
    let partial = tools.join(format!(".partial-{name}"));
    let _ = fs::remove_dir_all(&partial);
    step(&format!("{name}: installed once for Python {version}"), |step| {
        step.run(Command::new("python3").args(["-m", "venv"]).arg(&partial))?;
        let mut pip = Command::new(partial.join("bin/python"));
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]);
        pip.args(["--require-hashes", "--only-binary", ":all:", "--requirement"]);
        step.run(pip.arg(requirements))?;
        fs::rename(&partial, &folder)
            .with_context(|| format!("cannot move {name} to {}", folder.display()))
    })?;
    Ok(python)
}

/// The version of a Python that can make environments; says in one line what to install if there
/// is none.
fn require() -> Result<String> {
    let wanted = format!("Python 3.{PYTHON_MINOR_MIN} or later with venv");
    let output = Command::new("python3").args(["-c", PROBE]).output().ok();
    let Some(output) = output.filter(|output| output.status.success()) else {
        bail!("{wanted} is missing: install it (on Debian: apt install python3 python3-venv)");
    };
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let minor = version.strip_prefix("3.").and_then(|minor| minor.parse().ok());
    if minor.is_none_or(|minor: u32| minor < PYTHON_MINOR_MIN) {
        bail!("Python {version} is too old: install {wanted}");
    }
    Ok(version)
}
