//! Where things are: the repository, the build output and the tool cache.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository's root folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's root")
}

/// Cargo's target folder: `CARGO_TARGET_DIR`, else `target` in the root.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The user's cache of built tools, shared by all clones: `$KHATA_CACHE`, else
/// `$XDG_CACHE_HOME/khata`, else `~/.cache/khata`.
pub fn cache() -> PathBuf {
    if let Some(folder) = set("KHATA_CACHE") {
        return root().join(folder);
    }
    set("XDG_CACHE_HOME")
        .unwrap_or_else(|| set("HOME").unwrap_or_else(env::temp_dir).join(".cache"))
        .join("khata")
}

/// Holds `<folder>/<name>.lock` until the file is dropped, so that one process at a time does
/// what it stands for.
pub fn lock(folder: &Path, name: &str) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(format!("{name}.lock"));
    let file = File::options().create(true).append(true).open(&path)?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

fn set(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
