//! `cargo xtask bench`: brings the parts in release builds, then runs the benchmark's program.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cargo::cargo;
use crate::process::build_keeper;
use crate::progress::step;
use crate::{edge, paths};

/// The cargo profile that settlement ships from.
pub const SERVER_PROFILE: &str = "server";

/// What to pass on.
#[derive(Args, Clone, Debug)]
pub struct BenchOptions {
    /// Sections and options of the benchmark; `--help` after `--` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds everything the way it ships and measures it.
pub fn bench(options: &BenchOptions) -> Result<()> {
    edge::ensure_built()?;
    build_keeper()?;
    step("settlement and the benchmark, as they ship", |step| {
        let mut cargo = cargo();
        cargo.args(["build", "--profile", SERVER_PROFILE, "--package", "settlement"]);
        step.run(cargo.args(["--package", "bench"]).current_dir(paths::root()))
    })?;
    let status = Command::new(paths::target().join(SERVER_PROFILE).join("bench"))
        .args(&options.arguments)
        .current_dir(paths::root())
        .status()
        .context("the benchmark does not start")?;
    if status.success() { Ok(()) } else { bail!("the benchmark failed") }
}
