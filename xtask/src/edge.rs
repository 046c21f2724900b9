//! The edge: built to Wasm, and served by `wrangler dev` or by plain `workerd`.

mod build;
pub mod capnp;
mod config;
mod stamp;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::network::{free_port, wait_until_healthy};
use crate::process::{Child, Spec};
use crate::secrets::write_private;
use crate::{node, paths};

pub use build::{build, build_for_wrangler, bundle_gzipped_bytes, ensure_built};

/// How long an edge may take to answer.
const READY_MAX: Duration = Duration::from_mins(1);

/// What serves the bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runtime {
    /// `wrangler dev`: what a developer of Workers knows, with its proxy before `workerd`.
    #[default]
    Wrangler,
    /// `workerd serve` alone: one process, for measuring and for killing.
    Workerd,
}

/// How to start an edge.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// What serves it.
    pub runtime: Runtime,
    /// On 127.0.0.1; `None` takes a free one.
    pub port: Option<u16>,
    /// Holds its configuration, its log and (in `state`) its Durable Objects; made when missing,
    /// used again when there.
    pub folder: PathBuf,
    /// Variables that add to those of `wrangler.toml`, or replace them.
    pub vars: BTreeMap<String, String>,
    /// Variables that must not be shown: they go to a file that only its owner reads.
    pub secrets: BTreeMap<String, String>,
    /// Whether the folder goes when the edge stops.
    pub remove_on_stop: bool,
}

/// A running edge.
#[derive(Debug)]
pub struct Edge {
    child: Child,
    url: String,
}

impl Edge {
    /// Starts the bundle that [`ensure_built`] left, and waits until the edge says that it is
    /// healthy.
    pub fn start(options: &EdgeOptions) -> Result<Self> {
        let port = options.port.map_or_else(free_port, Ok)?;
        let program = match options.runtime {
            Runtime::Wrangler => wrangler(options, port)?,
            Runtime::Workerd => workerd(options, port)?,
        };
        let mut spec = Spec::new("the edge", &options.folder.join("edge.log"), program);
        spec.environment = environment(&options.folder);
        spec.orders.remove = options.remove_on_stop.then(|| options.folder.clone());
        spec.folder.clone_from(&options.folder);
        let edge = Self { child: Child::start(&spec)?, url: format!("http://127.0.0.1:{port}") };
        edge.wait_until_healthy()?;
        Ok(edge)
    }

    /// Starts another worker than the shipped one on plain `workerd`, as a benchmark's twin.
    pub fn start_worker(worker: &capnp::Worker, folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let program = serve(worker, folder, port)?;
        let mut spec = Spec::new("the twin", &folder.join("edge.log"), program);
        spec.orders.remove = Some(folder.to_owned());
        let edge = Self { child: Child::start(&spec)?, url: format!("http://127.0.0.1:{port}") };
        edge.wait_until_healthy()?;
        Ok(edge)
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process, to ask whether it ended, and its log.
    pub fn child(&self) -> &Child {
        &self.child
    }

    /// Kills it as a power cut would.
    pub fn kill_hard(&mut self) -> Result<()> {
        self.child.kill_hard()
    }

    /// Stops it in good order.
    pub fn stop(&mut self) -> Result<()> {
        self.child.stop()
    }

    /// Starts it again on the same port and the same objects, and waits until it is healthy.
    pub fn start_again(&mut self) -> Result<()> {
        self.child.start_again()?;
        self.wait_until_healthy()
    }

    fn wait_until_healthy(&self) -> Result<()> {
        wait_until_healthy(&self.child, &self.url, READY_MAX)
    }
}

fn wrangler(options: &EdgeOptions, port: u16) -> Result<Vec<OsString>> {
    let bundle = build::bundle();
    let config = config::write(&options.folder, &bundle, &options.vars, &options.secrets)?;
    Ok(vec![
        node::program("wrangler").into_os_string(),
        "dev".into(),
        "--config".into(),
        config.into_os_string(),
        "--ip=127.0.0.1".into(),
        format!("--port={port}").into(),
        format!("--inspector-port={}", free_port()?).into(),
        "--persist-to".into(),
        options.folder.join("state").into_os_string(),
        "--show-interactive-dev-session=false".into(),
    ])
}

fn workerd(options: &EdgeOptions, port: u16) -> Result<Vec<OsString>> {
    let shipped = std::fs::read_to_string(paths::root().join("wrangler.toml"))?;
    let worker = capnp::Worker::from_wrangler(&shipped, &build::bundle())?;
    let variables = [&options.vars, &options.secrets].into_iter().flatten();
    serve(&worker.with_variables(variables), &options.folder, port)
}

/// The command that serves a worker with plain `workerd`, its configuration and its objects in a
/// folder.
fn serve(worker: &capnp::Worker, folder: &Path, port: u16) -> Result<Vec<OsString>> {
    let state = folder.join("state");
    std::fs::create_dir_all(&state)?;
    let config = folder.join("workerd.capnp");
    // Its variables are the edge's secrets, too.
    write_private(&config, &worker.serve(port, &state)?)?;
    Ok(vec![
        // A file that may not grow is then an error to answer, not a signal to die of.
        "sh".into(),
        "-c".into(),
        r#"trap "" XFSZ; exec "$0" "$@""#.into(),
        workerd_binary().into_os_string(),
        "serve".into(),
        config.into_os_string(),
        // A path that begins with a slash is looked for below these.
        "--import-path=/".into(),
        "--experimental".into(),
    ])
}

/// The program itself, not npm's wrapper around it: its process is measured and killed.
fn workerd_binary() -> PathBuf {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "64" };
    node::package(&format!("@cloudflare/workerd-{system}-{processor}/bin/workerd"))
}

/// Keeps wrangler quiet, offline and inside its own folder, so that several run side by side.
fn environment(folder: &Path) -> BTreeMap<String, String> {
    let inside = |name: &str| folder.join(name).to_string_lossy().into_owned();
    [
        ("WRANGLER_SEND_METRICS", "false".to_owned()),
        ("WRANGLER_SEND_ERROR_REPORTS", "false".to_owned()),
        ("WRANGLER_HIDE_BANNER", "true".to_owned()),
        ("WRANGLER_LOG_PATH", inside("wrangler-log")),
        ("WRANGLER_REGISTRY_PATH", inside("wrangler-registry")),
        ("CLOUDFLARE_CF_FETCH_ENABLED", "false".to_owned()),
        ("NO_COLOR", "1".to_owned()),
        ("CI", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
