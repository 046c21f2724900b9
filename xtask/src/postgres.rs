//! A real Postgres from npm, started on a folder of its own.

mod account;
mod binaries;
mod cluster;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::network::{free_port, wait_until};
use crate::process::{Child, Spec, StopSignal};

pub use binaries::package;
pub use cluster::placed;

/// The user that owns the databases.
const USER: &str = "khata";
/// The database that [`Server::url`] names; it exists from the start.
const DATABASE: &str = "khata";
/// How long a server may take to accept connections; longer after a crash, when it recovers.
const READY_MAX: Duration = Duration::from_mins(1);

/// How to start a server.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// Where its files are; made when missing, used again when there.
    pub data_dir: PathBuf,
    /// On 127.0.0.1; `None` takes a free one.
    pub port: Option<u16>,
    /// Whether commits survive a power cut; tests do without and are faster.
    pub durable: bool,
    /// More settings, each as `name=value`; they win over ours.
    pub settings: Vec<String>,
    /// Whether the files go when the server stops.
    pub remove_on_stop: bool,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    data_dir: PathBuf,
    port: u16,
    password: String,
}

impl Server {
    /// Starts a server and waits until it accepts connections.
    pub fn start(options: &StartOptions) -> Result<Self> {
        let data_dir = placed(&options.data_dir)?;
        let account = account::unprivileged()?;
        let password = cluster::ensure(&data_dir, account)?;
        cluster::require_unused(&data_dir)?;
        let port = options.port.map_or_else(free_port, Ok)?;
        let mut spec = Spec::new(
            "Postgres",
            &log_of(&data_dir),
            vec![
                binaries::program("postgres")?.into_os_string(),
                "-D".into(),
                data_dir.clone().into_os_string(),
            ],
        );
        for setting in settings(port, options.durable).iter().chain(&options.settings) {
            spec.orders.program.extend(["-c".into(), setting.into()]);
        }
        spec.orders.stop = StopSignal::Interrupt;
        spec.orders.remove = options.remove_on_stop.then(|| data_dir.clone());
        (spec.orders.uid, spec.orders.gid) = (account.map(|a| a.uid), account.map(|a| a.gid));
        spec.folder.clone_from(&data_dir);
        let server = Self { child: Child::start(&spec)?, data_dir, port, password };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// `postgres://…` of the database that exists from the start.
    pub fn url(&self) -> String {
        self.database_url(DATABASE)
    }

    /// `postgres://…` of another database of this server.
    pub fn database_url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The process, to ask whether it ended, and its log.
    pub fn child(&self) -> &Child {
        &self.child
    }

    /// Where its files really are.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Kills it as a power cut would; [`Self::start_again`] recovers.
    pub fn kill_hard(&mut self) -> Result<()> {
        self.child.kill_hard()
    }

    /// Stops it in good order; [`Self::start_again`] brings it back on the same port.
    pub fn stop(&mut self) -> Result<()> {
        self.child.stop()
    }

    /// Starts it again and waits until it accepts connections.
    pub fn start_again(&mut self) -> Result<()> {
        cluster::forget_ended(&self.data_dir);
        self.child.start_again()?;
        self.wait_until_ready()
    }

    /// Postgres writes `ready` into the eighth line of its pid file (so does `pg_ctl` wait).
    fn wait_until_ready(&self) -> Result<()> {
        let pid_file = self.data_dir.join("postmaster.pid");
        wait_until(&self.child, READY_MAX, || {
            let Ok(text) = fs::read_to_string(&pid_file) else {
                return false;
            };
            let mut lines = text.lines();
            lines.next().and_then(|id| id.parse().ok()) == self.child.id()
                && lines.nth(6).is_some_and(|status| status.trim() == "ready")
        })
    }
}

fn log_of(data_dir: &Path) -> PathBuf {
    data_dir.join("khata.log")
}

fn settings(port: u16, durable: bool) -> Vec<String> {
    let mut settings = vec![
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        "max_connections=200".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
    ];
    if !durable {
        let fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
        settings.extend(fast.map(str::to_owned));
    }
    settings
}
