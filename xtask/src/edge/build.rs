//! Builds the edge's bundle with pinned tools only: nothing is downloaded here.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::stamp;
use crate::cargo::forget_package;
use crate::progress::{Step, step};
use crate::toolchain::Tools;
use crate::{node, npm, paths, toolchain};

/// The files of a bundle; `index.js` imports the other one.
const BUNDLE_FILES: [&str; 2] = ["index.js", "index_bg.wasm"];

/// Brings the tools and the npm parts, then builds the edge if its sources changed.
pub fn ensure_built() -> Result<()> {
    npm::ensure()?;
    let tools = toolchain::ensure()?;
    build(&tools)
}

/// What `wrangler deploy` runs: the same build, into `edge-worker/build`.
pub fn build_for_wrangler() -> Result<()> {
    ensure_built()?;
    let output = paths::root().join("edge-worker/build");
    fs::create_dir_all(&output)?;
    for file in BUNDLE_FILES {
        fs::copy(bundle().join(file), output.join(file))?;
    }
    Ok(())
}

/// Builds the edge unless its sources are those of the last build.
pub fn build(tools: &Tools) -> Result<()> {
    // `edge-worker/build` is one for all target folders, and so is the lock.
    let _lock = paths::lock(&paths::root().join("target"), "edge-build")?;
    let sources = stamp::of_sources(paths::root())?;
    let stamp = folder().join("stamp");
    if fs::read_to_string(&stamp).is_ok_and(|built| built == sources) {
        return Ok(());
    }
    step("the edge: Rust to Wasm", |step| {
        run_worker_build(tools, step)?;
        strip_names(step)?;
        put_front_before(step)?;
        let size = publish(&paths::root().join("edge-worker/build"))?;
        step.note(format!("{} KB gzipped", size.div_ceil(1_000)));
        Ok(fs::write(&stamp, &sources)?)
    })
}

/// Where the built bundle lies.
pub(super) fn bundle() -> PathBuf {
    folder().join("bundle")
}

fn folder() -> PathBuf {
    paths::target().join("edge")
}

fn run_worker_build(tools: &Tools, step: &Step) -> Result<()> {
    let mut command = Command::new(&tools.worker_build);
    command.arg("--release").current_dir(paths::root().join("edge-worker"));
    forget_package(&mut command);
    command.env("CARGO_TARGET_DIR", paths::target());
    command.env("WASM_BINDGEN_BIN", &tools.wasm_bindgen);
    command.env("WASM_OPT_BIN", node::program("wasm-opt"));
    command.env("ESBUILD_BIN", node::program("esbuild"));
    step.run(&mut command)
}

/// Drops the names section, a quarter of the bundle; worker-build always asks wasm-opt to keep it.
/// Once more for size: what is left after inlining for speed shrinks by a hundredth.
fn strip_names(step: &Step) -> Result<()> {
    let wasm = paths::root().join("edge-worker/build/index_bg.wasm");
    let mut command = Command::new(node::program("wasm-opt"));
    command.arg(&wasm).args(["-Os", "--strip-debug", "--strip-producers"]);
    command.arg("--output").arg(&wasm);
    step.run(&mut command)
}

/// Makes `front.js` the entry of the bundle, before the one that worker-build made.
fn put_front_before(step: &Step) -> Result<()> {
    let build = paths::root().join("edge-worker/build");
    let (front, bundled) = (build.join("front.js"), build.join("bundled.js"));
    fs::copy(paths::root().join("edge-worker/src/http/front.js"), &front)?;
    let mut command = Command::new(node::program("esbuild"));
    command.current_dir(&build).args(["front.js", "--bundle", "--minify", "--format=esm"]);
    command.args(["--external:./index_bg.wasm", "--external:cloudflare:*", "--log-level=warning"]);
    step.run(command.arg("--outfile=bundled.js"))?;
    fs::rename(&bundled, build.join("index.js"))?;
    Ok(fs::remove_file(&front)?)
}

/// The bytes of the built bundle, each file gzipped.
pub fn bundle_gzipped_bytes() -> Result<u64> {
    BUNDLE_FILES.iter().map(|file| gzipped_bytes(&bundle().join(file))).sum()
}

/// Copies a build to where edges are started from; answers with its gzipped bytes.
fn publish(output: &Path) -> Result<u64> {
    fs::create_dir_all(bundle()).context("cannot make the bundle's folder")?;
    for file in BUNDLE_FILES {
        let built = output.join(file);
        fs::copy(&built, bundle().join(file))
            .with_context(|| format!("the build did not leave {}", built.display()))?;
    }
    let size = bundle_gzipped_bytes()?;
    if size == 0 {
        bail!("the bundle is empty");
    }
    Ok(size)
}

fn gzipped_bytes(file: &Path) -> Result<u64> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    io::copy(&mut File::open(file)?, &mut encoder)?;
    Ok(encoder.finish()?.len() as u64)
}
