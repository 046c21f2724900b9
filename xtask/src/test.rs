//! `cargo xtask test`: everything that must hold, step by step, stopping at the first failure.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::toolchain::{WASM_TARGET, ensure_component};
use crate::{paths, prepare, toolchain};

/// What to leave out or to pass on.
#[derive(Args, Clone, Debug)]
pub struct TestOptions {
    /// Leave out format and clippy
    #[arg(long)]
    no_lint: bool,
    /// Passed on to `cargo test --workspace`
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// A title and the arguments of one `cargo`.
type CargoStep<'a> = (&'a str, Vec<&'a str>);

/// Runs all steps.
pub fn test(options: &TestOptions) -> Result<()> {
    let began = Instant::now();
    if !options.no_lint {
        ensure_component("rustfmt", "fmt")?;
        ensure_component("clippy", "clippy")?;
        toolchain::ensure_target()?;
        for (title, arguments) in lints() {
            cargo(title, &arguments)?;
        }
    }
    headline("tools, npm parts, edge, settlement");
    prepare::prepare_tests()?;
    let mut arguments = vec!["test", "--workspace"];
    arguments.extend(options.arguments.iter().map(String::as_str));
    cargo("tests", &arguments)?;
    eprintln!("\n✓ everything holds ({} s)", began.elapsed().as_secs());
    Ok(())
}

fn lints() -> [CargoStep<'static>; 3] {
    let native = vec!["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let wasm =
        ["clippy", "--package", "edge-worker", "--target", WASM_TARGET, "--", "-D", "warnings"];
    [
        ("format", vec!["fmt", "--all", "--check"]),
        ("clippy", native),
        ("clippy of the edge as Wasm", wasm.to_vec()),
    ]
}

fn cargo(title: &str, arguments: &[&str]) -> Result<()> {
    headline(title);
    let status = crate::cargo::cargo()
        .args(arguments)
        .current_dir(paths::root())
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("{title} failed; again by itself: cargo {}", arguments.join(" "));
    }
    Ok(())
}

fn headline(title: &str) {
    eprintln!("\n── {title} ──");
}
