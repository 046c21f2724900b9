//! Settlement: built, run for one command, or started as a server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::bench::SERVER_PROFILE;
use crate::cargo::cargo;
use crate::network::{free_port, wait_until_healthy};
use crate::paths;
use crate::process::{Child, Spec};
use crate::progress::step;

/// How long settlement may take to answer.
const READY_MAX: Duration = Duration::from_secs(30);

/// Builds the binary.
pub fn build() -> Result<()> {
    step("settlement", |step| {
        let mut command = cargo();
        command.args(["build", "--package", "settlement", "--bin", "settlement"]);
        step.run(command.current_dir(paths::root()))
    })
}

/// The binary that [`build`] leaves.
pub fn binary() -> PathBuf {
    Build::Debug.binary()
}

/// Runs one command, such as `["migrate"]`, to its end; answers with what it printed.
pub fn run(arguments: &[&str], environment: &BTreeMap<String, String>) -> Result<String> {
    let output = Command::new(binary())
        .args(arguments)
        .envs(environment)
        .current_dir(paths::root())
        .output()
        .context("settlement is not built")?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("settlement {} failed:\n{printed}{errors}", arguments.join(" "));
    }
    Ok(printed)
}

/// Which build of settlement to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Build {
    /// What [`build`] leaves: quick to build, for dev and tests.
    #[default]
    Debug,
    /// What ships, for benchmarks; `cargo xtask bench` builds it.
    Server,
}

impl Build {
    /// Where cargo leaves it.
    pub fn binary(self) -> PathBuf {
        let profile = match self {
            Self::Debug => "debug",
            Self::Server => SERVER_PROFILE,
        };
        paths::target().join(profile).join("settlement")
    }
}

/// How to start the server.
#[derive(Clone, Debug)]
pub struct SettlementOptions {
    /// Which build.
    pub build: Build,
    /// On 127.0.0.1; `None` takes a free one.
    pub port: Option<u16>,
    /// Gets its log.
    pub folder: PathBuf,
    /// `DATABASE_URL`, `EDGE_URL`, the secrets and the rest; `LISTEN` is added here.
    pub environment: BTreeMap<String, String>,
}

/// A running settlement server.
#[derive(Debug)]
pub struct Settlement {
    child: Child,
    url: String,
}

impl Settlement {
    /// Starts `settlement serve` and waits until it says that it is healthy.
    pub fn start(options: &SettlementOptions) -> Result<Self> {
        let port = options.port.map_or_else(free_port, Ok)?;
        let log = options.folder.join("settlement.log");
        let program = vec![options.build.binary().into_os_string(), "serve".into()];
        let mut spec = Spec::new("settlement", &log, program);
        spec.environment.clone_from(&options.environment);
        spec.environment.insert("LISTEN".to_owned(), format!("127.0.0.1:{port}"));
        spec.environment.insert("NO_COLOR".to_owned(), "1".to_owned());
        let url = format!("http://127.0.0.1:{port}");
        let settlement = Self { child: Child::start(&spec)?, url };
        settlement.wait_until_healthy()?;
        Ok(settlement)
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

    /// Starts it again on the same port and waits until it is healthy.
    pub fn start_again(&mut self) -> Result<()> {
        self.child.start_again()?;
        self.wait_until_healthy()
    }

    fn wait_until_healthy(&self) -> Result<()> {
        wait_until_healthy(&self.child, &self.url, READY_MAX)
    }
}
