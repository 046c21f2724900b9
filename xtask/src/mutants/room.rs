//! The pure rooms, and each as a package of its own: that it builds shows what it does not need.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::manifest;
use crate::paths;

/// A room whose code only decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Room {
    /// What crosses the wire
    Shared,
    /// The edge's decisions
    Gate,
    /// The decisions about money
    Domain,
}

impl Room {
    /// Every room.
    pub const ALL: [Self; 3] = [Self::Shared, Self::Gate, Self::Domain];

    /// Its name, and that of its package.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Gate => "gate",
            Self::Domain => "domain",
        }
    }

    /// The folder of the crate that it is in.
    fn home(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Gate => "edge-worker",
            Self::Domain => "settlement",
        }
    }

    /// The dependencies of that crate that it may use; `None` for all of them.
    fn pure(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Shared => None,
            Self::Gate => Some(&[
                "hex",
                "hmac",
                "ipnet",
                "jiff",
                "percent-encoding",
                "serde",
                "serde_json",
                "sha2",
                "shared",
                "url",
            ]),
            Self::Domain => Some(&[
                "base64",
                "cronexpr",
                "csv",
                "deunicode",
                "hmac",
                "iban_validate",
                "jiff",
                "quick-xml",
                "rust_decimal",
                "serde",
                "serde_json",
                "sha2",
                "shared",
                "thiserror",
                "url",
                "uuid",
            ]),
        }
    }
}

/// Where the packages are written.
fn folder() -> PathBuf {
    paths::target().join("mutants")
}

/// Where they are built: one folder for all, so that what they depend on is built once.
pub(super) fn built() -> PathBuf {
    folder().join("build")
}

/// Writes a room as a package; answers with its folder. What cargo-mutants left there stays, for
/// `--iterate`.
pub(super) fn write(room: Room) -> Result<PathBuf> {
    let package = folder().join(room.name());
    let crate_folder = paths::root().join(room.home());
    let sources = package.join("src");
    let _ = fs::remove_dir_all(&sources);
    match room {
        Room::Shared => copy(&crate_folder.join("src"), &sources)?,
        Room::Gate | Room::Domain => {
            let name = room.name();
            copy(&crate_folder.join("src").join(name), &sources.join(name))?;
            let file = format!("{name}.rs");
            fs::copy(crate_folder.join("src").join(&file), sources.join(&file))?;
            fs::write(sources.join("lib.rs"), format!("pub mod {name};\n"))?;
        }
    }
    // A test compares its room with a page that is printed from it.
    copy(&paths::root().join("docs"), &folder().join("docs"))?;
    let (workspace, own) = (read(paths::root())?, read(&crate_folder)?);
    let made = manifest::of_room(room.name(), room.pure(), &workspace, &own, paths::root())?;
    fs::write(package.join("Cargo.toml"), made.to_string())?;
    // The versions of the workspace; what the room does not need drops out of it.
    fs::copy(paths::root().join("Cargo.lock"), package.join("Cargo.lock"))?;
    Ok(package)
}

fn read(folder: &Path) -> Result<toml::Table> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path);
    Ok(text.with_context(|| format!("cannot read {}", path.display()))?.parse()?)
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let (entry, target) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if entry.is_dir() {
            copy(&entry, &target)?;
        } else {
            fs::copy(&entry, &target)?;
        }
    }
    Ok(())
}
