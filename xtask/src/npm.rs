//! Installs the npm parts exactly as locked, and only when the lock file changed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::progress::step;
use crate::{node, paths, postgres};

/// Brings `node_modules` to what `package-lock.json` says.
pub fn ensure() -> Result<()> {
    node::require()?;
    let root = paths::root();
    let _lock = paths::lock(&root.join("target"), "npm")?;
    let wanted = hex::encode(Sha256::digest(fs::read(root.join("package-lock.json"))?));
    let stamp = root.join("node_modules/.khata-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    step("npm parts: wrangler, esbuild, binaryen, redocly, standardwebhooks, Postgres", |step| {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(root);
        step.run(&mut npm)?;
        link_libraries(&postgres::package())?;
        Ok(fs::write(&stamp, &wanted)?)
    })
}

#[derive(Deserialize)]
struct Link {
    source: String,
    target: String,
}

/// Makes the links between Postgres' libraries that its install script would have made: npm may
/// hold install scripts back.
fn link_libraries(package: &Path) -> Result<()> {
    let list = package.join("native/pg-symlinks.json");
    let Ok(text) = fs::read_to_string(&list) else {
        return Ok(());
    };
    let links: Vec<Link> = serde_json::from_str(&text)
        .with_context(|| format!("{} is not what it was", list.display()))?;
    for link in links {
        let target = package.join(&link.target);
        if target.exists() {
            continue;
        }
        let _ = fs::remove_file(&target);
        symlink(package.join(&link.source), &target)
            .with_context(|| format!("cannot link {}", target.display()))?;
    }
    Ok(())
}
