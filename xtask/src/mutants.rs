//! `cargo xtask mutants`: breaks the pure rooms one expression at a time; a test must notice.

mod manifest;
mod room;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cargo::forget_package;
use crate::{paths, toolchain};
use room::Room;

/// Cases of each property, unless the caller sets them: enough to notice what is broken outright.
const PROPERTY_CASES: &str = "16";
/// What cargo-mutants answers when a mutant survived.
const SURVIVORS: i32 = 2;
/// What cargo-mutants answers when no mutant survived and one ran out of time.
const TIMEOUTS: i32 = 3;

/// Which rooms to break, and how.
#[derive(Args, Clone, Debug)]
pub struct MutantsOptions {
    /// The rooms to break [default: all of them]
    #[arg(value_enum)]
    rooms: Vec<Room>,
    /// Passed on to `cargo mutants`: --file 'src/domain/refund.rs', --list, --iterate
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Breaks one room after the other; fails when a mutant survived in any of them.
pub fn mutants(options: &MutantsOptions) -> Result<()> {
    let program = toolchain::ensure_mutants()?;
    let rooms = if options.rooms.is_empty() { &Room::ALL[..] } else { &options.rooms };
    let mut wanting = Vec::new();
    for room in rooms {
        let folder = room::write(*room)?;
        eprintln!("\n── {} ({}) ──", room.name(), folder.display());
        let status = break_it(&program, &folder, &options.arguments)?;
        match status.code() {
            Some(0) => {}
            Some(SURVIVORS | TIMEOUTS) => wanting.push(room.name()),
            _ => bail!("cargo mutants failed in {} ({status})", folder.display()),
        }
    }
    if wanting.is_empty() {
        return Ok(());
    }
    bail!("mutants survived or ran out of time in {}; listed above", wanting.join(", "))
}

fn break_it(program: &Path, folder: &Path, arguments: &[String]) -> Result<ExitStatus> {
    let mut command = Command::new(program);
    // The room is a copy, so it may be changed where it lies.
    command.arg("mutants").arg("--in-place").current_dir(folder);
    command.arg("--config").arg(paths::root().join(".cargo/mutants.toml")).args(arguments);
    forget_package(&mut command);
    command.env("CARGO_TARGET_DIR", room::built());
    if std::env::var_os("PROPTEST_CASES").is_none() {
        command.env("PROPTEST_CASES", PROPERTY_CASES);
    }
    fs::create_dir_all(room::built()).context("cannot make the folder of the builds")?;
    command.status().context("cannot start cargo mutants")
}
