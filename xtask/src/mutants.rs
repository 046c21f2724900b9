//! `cargo xtask mutants`: breaks the pure rooms on purpose, one small change at a time, and names
//! every change that no test of the room noticed.
//!
//! Each room becomes a package of its own under the target folder, with nothing but the crates a
//! pure room may use: a mutant then builds in seconds, and a room that is not pure does not build.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::cargo::cargo;
use crate::{paths, toolchain};

/// A pure room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Room {
    /// What crosses the wire.
    Shared,
    /// The edge's decisions.
    Gate,
    /// Settlement's decisions about money.
    Domain,
}

impl Room {
    fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Gate => "gate",
            Self::Domain => "domain",
        }
    }

    /// Where its sources are, when it is not a package anyway.
    fn source(self) -> Option<&'static str> {
        match self {
            Self::Shared => None,
            Self::Gate => Some("edge-worker/src"),
            Self::Domain => Some("settlement/src"),
        }
    }
}

/// What to break.
#[derive(Args, Clone, Debug)]
pub struct MutantsOptions {
    /// Which room
    #[arg(value_enum)]
    room: Room,
    /// More for cargo-mutants: `--file 'domain/src/domain/refund.rs'`, `--shard 1/4`, `--list`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Crates a pure room may use; the features are those of its own package.
const PURE: &str = "
hex.workspace = true
hmac.workspace = true
ipnet.workspace = true
jiff = { workspace = true, features = [\"std\", \"tzdb-bundle-always\"] }
maud.workspace = true
percent-encoding.workspace = true
rust_decimal = { workspace = true, features = [\"serde-str\"] }
serde.workspace = true
serde_json.workspace = true
sha2.workspace = true
shared.workspace = true
thiserror.workspace = true
url.workspace = true
uuid.workspace = true
";
/// Cases of each property test: a mutant is noticed by few or by none.
const PROPTEST_CASES: &str = "32";

/// Runs cargo-mutants on a room; a mutant that survived is a failure.
pub fn mutants(options: &MutantsOptions) -> Result<()> {
    let bin = toolchain::ensure_mutants()?;
    let folder = paths::target().join("mutants").join(options.room.name());
    lay_out(options.room, &folder)?;
    // Cargo finds its subcommand beside the others.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [bin].into_iter().chain(std::env::split_paths(&path));
    let mut command: Command = cargo();
    command
        .args(["mutants", "--package", options.room.name(), "--colors", "never"])
        .args(&options.arguments)
        .env("PATH", std::env::join_paths(folders)?)
        .env("PROPTEST_CASES", PROPTEST_CASES)
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(&folder);
    let status = command.status().context("cargo-mutants does not start")?;
    if status.success() { Ok(()) } else { bail!("mutants survived: see {}", folder.display()) }
}

/// A workspace of `shared` and the room, with the lock file and the printed tables tests compare.
fn lay_out(room: Room, folder: &Path) -> Result<()> {
    let repository = paths::root();
    for part in ["shared", "docs", room.name()] {
        let old = folder.join(part);
        if old.is_dir() {
            fs::remove_dir_all(&old)?;
        }
    }
    fs::create_dir_all(folder)?;
    copy(&repository.join("shared"), &folder.join("shared"))?;
    copy(&repository.join("docs"), &folder.join("docs"))?;
    fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let members = match room.source() {
        None => "members = [\"shared\"]".to_owned(),
        Some(source) => {
            let package = folder.join(room.name());
            let from = repository.join(source);
            copy(&from.join(room.name()), &package.join("src").join(room.name()))?;
            let file = format!("{}.rs", room.name());
            fs::copy(from.join(&file), package.join("src").join(&file))?;
            let lib = format!("//! The room alone.\npub mod {};\n", room.name());
            fs::write(package.join("src/lib.rs"), lib)?;
            let manifest = format!(
                "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                 [dependencies]{PURE}\n[dev-dependencies]\nproptest.workspace = true\n",
                room.name()
            );
            fs::write(package.join("Cargo.toml"), manifest)?;
            format!("members = [\"shared\", \"{}\"]", room.name())
        }
    };
    let workspace = fs::read_to_string(repository.join("Cargo.toml"))?;
    let lines = workspace.lines().filter(|line| !line.starts_with("default-members"));
    let lines = lines.map(|line| if line.starts_with("members") { &members } else { line });
    fs::write(folder.join("Cargo.toml"), lines.collect::<Vec<_>>().join("\n"))?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
