//! The Rust side of the tool chain: the Wasm target and the two tools that build the bundle.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::cargo::cargo;
use crate::paths;
use crate::progress::step;

/// The target that the edge is compiled to.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Goes with `worker` 0.8.7 in Cargo.toml.
const WORKER_BUILD: &str = "0.8.7";
const CARGO_MUTANTS: &str = "27.0.0";
/// The tools run for seconds: building them fast matters more than what they gain from release.
const LIGHT_PROFILE: [&str; 4] = [
    "profile.release.opt-level=1",
    "profile.release.lto=false",
    "profile.release.codegen-units=16",
    "profile.release.debug=0",
];

/// The built tools.
#[derive(Clone, Debug)]
pub struct Tools {
    /// Cloudflare's build command for Rust workers.
    pub worker_build: PathBuf,
    /// Of exactly the version that Cargo.lock names.
    pub wasm_bindgen: PathBuf,
}

/// Brings the Wasm target and the tools, whatever of them is missing.
pub fn ensure() -> Result<Tools> {
    ensure_target()?;
    let bindgen = locked_version("wasm-bindgen")?;
    Ok(Tools {
        worker_build: ensure_tool("worker-build", WORKER_BUILD, &["--locked"])?
            .join("worker-build"),
        // `--locked` names a version that the registry no longer has.
        wasm_bindgen: ensure_tool("wasm-bindgen-cli", &bindgen, &["--no-default-features"])?
            .join("wasm-bindgen"),
    })
}

/// Brings cargo-mutants; answers with the program, which wants `mutants` as its first argument.
pub fn ensure_mutants() -> Result<PathBuf> {
    Ok(ensure_tool("cargo-mutants", CARGO_MUTANTS, &["--locked"])?.join("cargo-mutants"))
}

/// Brings a component of the Rust tool chain, such as `clippy`, if `cargo <command>` lacks it.
pub fn ensure_component(component: &str, command: &str) -> Result<()> {
    let there = cargo().args([command, "--version"]).output()?.status.success();
    if there { Ok(()) } else { rustup(&["component", "add", component]) }
}

/// Brings the Wasm target.
pub fn ensure_target() -> Result<()> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .output()
        .context("rustc is missing: install Rust by https://rustup.rs")?;
    let folder = String::from_utf8(output.stdout)?;
    if output.status.success() && Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    rustup(&["target", "add", WASM_TARGET])
}

fn rustup(arguments: &[&str]) -> Result<()> {
    let line = format!("rustup {}", arguments.join(" "));
    step(&line, |step| step.run(Command::new("rustup").args(arguments)))
        .with_context(|| format!("`{line}` failed: run it by hand where rustup can download"))
}

/// Installs one tool into its versioned folder of the cache; answers with its `bin` folder. The
/// folder appears by one rename, so an aborted install is never taken for a complete one.
fn ensure_tool(name: &str, version: &str, options: &[&str]) -> Result<PathBuf> {
    let tools = paths::cache().join("tools");
    let folder = tools.join(format!("{name}-{version}"));
    if folder.is_dir() {
        return Ok(folder.join("bin"));
    }
    let _lock = paths::lock(&tools, name)?;
    if folder.is_dir() {
        return Ok(folder.join("bin"));
    }
    let partial = tools.join(format!(".partial-{name}"));
    let _ = fs::remove_dir_all(&partial);
    step(&format!("{name} {version}: built once, some minutes"), |step| {
        let mut cargo = cargo();
        cargo.args(["install", name, "--version", version]).args(options);
        cargo.arg("--root").arg(&partial).arg("--target-dir").arg(partial.join("build"));
        cargo.args(LIGHT_PROFILE.iter().flat_map(|setting| ["--config", setting]));
        step.run(cargo.current_dir(&tools))?;
        fs::remove_dir_all(partial.join("build"))?;
        fs::rename(&partial, &folder)
            .with_context(|| format!("cannot move the tool to {}", folder.display()))
    })?;
    Ok(folder.join("bin"))
}

/// The version of a crate that Cargo.lock names.
fn locked_version(name: &str) -> Result<String> {
    let text = fs::read_to_string(paths::root().join("Cargo.lock")).context("no Cargo.lock")?;
    let lock: toml::Table = text.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").and_then(toml::Value::as_str) == Some(name))
        .and_then(|package| package.get("version")?.as_str().map(str::to_owned))
        .ok_or_else(|| anyhow!("Cargo.lock does not name {name}"))
}
