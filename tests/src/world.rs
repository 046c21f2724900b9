//! The whole system running: Postgres, settlement and the edge, on free ports, for one process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context, Result};
use serde_json::Value;
use settlement::secrets::Vault;
use shared::keys::{ClickKeys, InternalKeys};
use xtask::demo_file::DemoFile;
use xtask::edge::{Edge, EdgeOptions, Runtime};
use xtask::network::free_port;
use xtask::postgres::{Server, StartOptions};
use xtask::secrets::Secrets;
use xtask::settlement::{Build, Settlement, SettlementOptions};

use crate::database::Database;
use crate::shopper::Shopper;

/// The header that tells the edge a client's address.
pub const ADDRESS_HEADER: &str = "X-Test-Address";
/// Numbers of Durable Objects; both sides must agree.
const SHARDS: [(&str, &str); 2] = [("DIRECTORY_SHARDS", "4"), ("CLICK_SHARDS", "2")];
/// Where the edge's clock stands in the configuration of plain `workerd`.
const CLOCK_BINDING: &str = r#"(name = "CLOCK_OFFSET_SECONDS", text = ""#;
/// Set to anything, it keeps the folders of ended Worlds, with their logs.
const KEEP_VARIABLE: &str = "KHATA_KEEP_WORLDS";

/// What runs, in the order in which it stops.
#[derive(Debug)]
pub struct Parts {
    /// The real worker.
    pub edge: Edge,
    /// The real service.
    pub settlement: Settlement,
    /// A real server.
    pub postgres: Server,
}

/// One running system with the demo network in it.
#[derive(Debug)]
pub struct World {
    /// A way into its database.
    pub database: Database,
    /// What was seeded.
    pub demo: DemoFile,
    /// The e-mail address of the demo network's operator.
    pub operator: String,
    parts: Mutex<Parts>,
    edge_url: String,
    settlement_url: String,
    environment: BTreeMap<String, String>,
    folder: PathBuf,
}

impl World {
    /// The World that all tests of this process share; nobody may stop a part of it, and each
    /// test keeps to merchants, orders and clocks of its own. Its edge is plain `workerd`: the
    /// proxy of `wrangler dev` answers 503 by itself when a crowd makes it lose a connection.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<World, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| {
            Self::start(false, Runtime::Workerd).map_err(|cause| format!("{cause:#}"))
        });
        started.as_ref().unwrap_or_else(|cause| panic!("the shared World does not start: {cause}"))
    }

    /// A World of one's own, to break, its edge in `wrangler dev`. Its commits survive the kill of
    /// Postgres.
    pub fn fresh() -> Self {
        Self::start(true, Runtime::Wrangler).expect("a fresh World starts")
    }

    /// A World of one's own whose edge is plain `workerd`: one process, killed in one blow.
    pub fn on_workerd() -> Self {
        Self::start(true, Runtime::Workerd).expect("a fresh World starts")
    }

    fn start(durable: bool, runtime: Runtime) -> Result<Self> {
        prepare();
        let folder = folder();
        fs::create_dir_all(&folder)?;
        let remove_on_stop = std::env::var_os(KEEP_VARIABLE).is_none();
        let data_dir = folder.join("postgres");
        let postgres = Server::start(&StartOptions {
            data_dir,
            port: None,
            durable,
            settings: Vec::new(),
            remove_on_stop,
        })?;
        let secrets = Secrets::load_or_create(&folder.join("secrets.json"))?;
        // Each needs the other's address before either runs.
        let (edge_port, settlement_port) = (free_port()?, free_port()?);
        let edge_url = format!("http://127.0.0.1:{edge_port}");
        let mut environment = secrets.for_settlement();
        environment.extend(SHARDS.map(|(name, value)| (name.to_owned(), value.to_owned())));
        environment.insert("DATABASE_URL".to_owned(), postgres.url());
        environment.insert("EDGE_URL".to_owned(), edge_url.clone());
        // Sinks are on this machine.
        environment.insert("WEBHOOK_REACH".to_owned(), "any".to_owned());
        xtask::settlement::run(&["migrate"], &environment)?;
        let settlement = Settlement::start(&SettlementOptions {
            build: Build::Debug,
            port: Some(settlement_port),
            folder: folder.clone(),
            environment: environment.clone(),
        })?;
        let mut vars = edge_vars(settlement.url());
        // Named, so that a test can move it.
        vars.insert("CLOCK_OFFSET_SECONDS".to_owned(), "0".to_owned());
        let edge = Edge::start(&EdgeOptions {
            runtime,
            port: Some(edge_port),
            folder: folder.clone(),
            vars,
            secrets: secrets.for_edge(),
            remove_on_stop,
        })?;
        let (demo, operator) = seed(&folder, &edge_url, settlement.url(), &environment)?;
        let database = Database::new(&postgres.url())?;
        let settlement_url = settlement.url().to_owned();
        let parts = Mutex::new(Parts { edge, settlement, postgres });
        let world =
            Self { database, demo, operator, parts, edge_url, settlement_url, environment, folder };
        world.await_directory();
        Ok(world)
    }

    /// Where shoppers and merchants call, without a slash at the end.
    pub fn edge_url(&self) -> &str {
        &self.edge_url
    }

    /// Where settlement answers, without a slash at the end.
    pub fn settlement_url(&self) -> &str {
        &self.settlement_url
    }

    /// What runs, to stop and start it.
    pub fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a command of the settlement binary; panics with what it printed when it fails.
    pub fn command(&self, arguments: &[&str]) -> String {
        self.try_command(arguments).unwrap_or_else(|cause| panic!("{cause}"))
    }

    /// Runs a command of the settlement binary; the error is what it printed.
    pub fn try_command(&self, arguments: &[&str]) -> Result<String, String> {
        xtask::settlement::run(arguments, &self.environment).map_err(|cause| format!("{cause:#}"))
    }

    /// Runs a command as the operator.
    pub fn operate(&self, arguments: &[&str]) -> String {
        self.command(&[arguments, &["--as", &self.operator]].concat())
    }

    /// A shopper at this World's edge.
    pub fn shopper(&self) -> Shopper {
        Shopper::new(&self.edge_url)
    }

    /// The keys of calls between the two services.
    pub fn internal_keys(&self) -> InternalKeys {
        InternalKeys::parse(&self.environment["INTERNAL_KEYS"])
            .expect("xtask writes well-formed keys")
    }

    /// The keys that seal this World's click ids.
    pub fn click_keys(&self) -> ClickKeys {
        ClickKeys::parse(&self.environment["CLICK_KEYS"]).expect("xtask writes well-formed keys")
    }

    /// What seals and opens this World's signing secrets.
    pub fn vault(&self) -> Vault {
        let lookup = |name: &str| self.environment.get(name).cloned();
        settlement::config::vault(&lookup).expect("the World's environment is complete").vault
    }

    /// Waits until the edge has acknowledged every change of links and keys so far.
    pub fn await_directory(&self) {
        crate::eventually(crate::BOUND, "the edge has every link and key", || {
            let query = "select name from directory_row where pushed_version < version limit 3";
            let waiting = self.database.rows(query, &[]);
            if waiting.is_empty() { Ok(()) } else { Err(format!("{waiting:?}")) }
        });
    }

    /// Starts again what a test has stopped.
    pub fn mend(&self) -> Result<()> {
        let mut parts = self.parts();
        if parts.postgres.child().id().is_none() {
            parts.postgres.start_again()?;
        }
        if parts.settlement.child().id().is_none() {
            parts.settlement.start_again()?;
        }
        if parts.edge.child().id().is_none() {
            parts.edge.start_again()?;
        }
        Ok(())
    }

    /// Stops the edge, sets variables of its configuration, or takes away those with `None`, and
    /// starts it again on the same objects. For a World whose edge is `wrangler dev`.
    pub fn restart_edge_with(&self, vars: &[(&str, Option<&str>)]) -> Result<()> {
        let mut parts = self.parts();
        parts.edge.stop()?;
        let path = self.folder.join("wrangler.toml");
        let mut text = fs::read_to_string(&path)?;
        for (name, value) in vars {
            let assigned = format!("{name} = ");
            let others = text.lines().filter(|line| !line.starts_with(&assigned));
            text = others.flat_map(|line| [line, "\n"]).collect();
            if let Some(value) = value {
                text = text.replacen("[vars]\n", &format!("[vars]\n{assigned}\"{value}\"\n"), 1);
            }
        }
        fs::write(&path, text)?;
        parts.edge.start_again()
    }

    /// Everything that settlement and the edge have printed.
    pub fn logs(&self) -> String {
        let parts = self.parts();
        let logs = [parts.settlement.child().log(), parts.edge.child().log()];
        logs.map(|log| fs::read_to_string(log).expect("a log can be read")).concat()
    }

    /// Kills an edge of plain `workerd` and starts it with its clock so many seconds ahead.
    pub fn move_edge_clock(&self, seconds: i64) {
        let mut parts = self.parts();
        parts.edge.kill_hard().expect("the edge runs");
        let file = self.folder.join("workerd.capnp");
        let config = fs::read_to_string(&file).expect("workerd has its configuration");
        let (before, rest) = config.split_once(CLOCK_BINDING).expect("the clock is configured");
        let (_, after) = rest.split_once('"').expect("a text ends");
        let moved = format!("{before}{CLOCK_BINDING}{seconds}\"{after}");
        fs::write(&file, moved).expect("the folder is ours");
        parts.edge.start_again().expect("the edge starts again");
    }

    /// Where the edge keeps its objects.
    pub fn edge_state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Removes everything the stopped edge had stored, as a lost disk would.
    pub fn wipe_edge(&self) -> Result<()> {
        assert_eq!(self.parts().edge.child().id(), None, "stop the edge first");
        fs::remove_dir_all(self.edge_state()).context("the edge has no state")
    }
}

/// The edge's variables that are no secrets.
pub fn edge_vars(settlement_url: &str) -> BTreeMap<String, String> {
    let vars = [
        ("EDGE_MODE", "dev"),
        ("SETTLEMENT_URL", settlement_url),
        ("CLIENT_ADDRESS_HEADER", ADDRESS_HEADER),
    ];
    vars.iter().chain(&SHARDS).map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// Builds what a World consists of, once per process.
pub fn prepare() {
    static PREPARED: OnceLock<Result<(), String>> = OnceLock::new();
    let done =
        PREPARED.get_or_init(|| xtask::prepare_tests().map_err(|cause| format!("{cause:#}")));
    done.as_ref().unwrap_or_else(|cause| panic!("what a World needs does not build: {cause}"));
}

/// A folder of its own below the target folder; the edge's keeper removes it.
pub fn folder() -> PathBuf {
    static WORLDS: AtomicU32 = AtomicU32::new(0);
    let number = WORLDS.fetch_add(1, Ordering::Relaxed);
    xtask::paths::target().join("worlds").join(format!("{}-{number}", std::process::id()))
}

fn seed(
    folder: &Path,
    edge_url: &str,
    settlement_url: &str,
    environment: &BTreeMap<String, String>,
) -> Result<(DemoFile, String)> {
    let out = folder.join("demo.json");
    let text = out.to_str().context("the target folder's path is not UTF-8")?;
    let urls = ["--edge-url", edge_url, "--settlement-url", settlement_url];
    xtask::settlement::run(&[&["demo", "seed", "--out", text], &urls[..]].concat(), environment)?;
    let json: Value = serde_json::from_str(&fs::read_to_string(&out)?)?;
    let operator = json["operator"]["email"].as_str().context("demo.json names no operator")?;
    Ok((DemoFile::read(folder)?, operator.to_owned()))
}
