//! `cargo xtask dev`: the whole system on this machine, until Ctrl-C.

mod guide;

use std::collections::BTreeMap;
use std::env;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::demo_file::DemoFile;
use crate::edge::{Edge, EdgeOptions, Runtime};
use crate::network::require_free;
use crate::postgres::{Server, StartOptions};
use crate::process::Child;
use crate::progress::step;
use crate::secrets::Secrets;
use crate::settlement::{Build, Settlement, SettlementOptions};
use crate::{edge, interrupt, paths, settlement};

/// Pause between two looks at the running parts.
const LOOK: Duration = Duration::from_millis(200);
/// Looks in a row at which the edge may take no connection: five seconds.
const SILENT_LOOKS_MAX: u32 = 25;
/// Numbers of Durable Objects; both sides must agree.
const SHARDS: [(&str, &str); 2] = [("DIRECTORY_SHARDS", "4"), ("CLICK_SHARDS", "2")];

/// Ports and folder.
#[derive(Args, Clone, Debug)]
pub struct DevOptions {
    /// Port of the edge
    #[arg(long, default_value_t = 8787)]
    edge_port: u16,
    /// Port of settlement
    #[arg(long, default_value_t = 8080)]
    settlement_port: u16,
    /// Port of the embedded Postgres; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    postgres_port: u16,
    /// Holds the database, the edge's objects, the logs and demo.json [default: target/dev]
    #[arg(long)]
    data: Option<PathBuf>,
}

/// The data folder of `dev`, by option or by default.
pub fn data_folder(option: Option<&Path>) -> Result<PathBuf> {
    Ok(std::path::absolute(option.map_or_else(|| paths::target().join("dev"), Path::to_owned))?)
}

/// What settlement reads from its environment, with the secrets of a data folder.
pub fn settlement_environment(
    data: &Path,
    database_url: &str,
    edge_url: &str,
) -> Result<BTreeMap<String, String>> {
    let mut environment = Secrets::load_or_create(&data.join("secrets.json"))?.for_settlement();
    environment.extend(shards());
    environment.insert("DATABASE_URL".to_owned(), database_url.to_owned());
    environment.insert("EDGE_URL".to_owned(), edge_url.to_owned());
    // Whoever tries it out receives on their own machine.
    environment.insert("WEBHOOK_REACH".to_owned(), "any".to_owned());
    Ok(environment)
}

/// Runs a command of settlement as a running `dev` would.
pub fn settlement_command(data: Option<&Path>, arguments: &[String]) -> Result<()> {
    let data = data_folder(data)?;
    let demo = DemoFile::read(&data)?;
    settlement::build()?;
    let environment = settlement_environment(&data, &demo.database_url, &demo.edge_url)?;
    let status = Command::new(settlement::binary())
        .args(arguments)
        .envs(environment)
        .status()
        .context("cannot start settlement")?;
    if status.success() { Ok(()) } else { bail!("settlement {} failed", arguments.join(" ")) }
}

/// Brings everything up, prints what to do with it, and waits until asked to stop.
pub fn dev(options: &DevOptions) -> Result<()> {
    interrupt::watch()?;
    let data = data_folder(options.data.as_deref())?;
    require_free(options.edge_port, "--edge-port")?;
    require_free(options.settlement_port, "--settlement-port")?;
    let _only_one = claim(&data)?;
    edge::ensure_built()?;
    interrupt::check()?;
    settlement::build()?;
    interrupt::check()?;
    let running = Running::start(options, &data)?;
    guide::print(&DemoFile::read(&data)?, &data)?;
    running.watch()
}

/// Two `dev` on one folder would share a database and two sets of objects.
fn claim(data: &Path) -> Result<std::fs::File> {
    std::fs::create_dir_all(data)?;
    let file = std::fs::File::options().create(true).append(true).open(data.join("dev.lock"))?;
    if file.try_lock().is_err() {
        bail!("another `cargo xtask dev` runs on {}; choose another with --data", data.display());
    }
    Ok(file)
}

/// The parts, in the order in which they stop.
struct Running {
    edge: Edge,
    settlement: Settlement,
    postgres: Option<Server>,
    edge_port: u16,
}

impl Running {
    fn start(options: &DevOptions, data: &Path) -> Result<Self> {
        let secrets = Secrets::load_or_create(&data.join("secrets.json"))?;
        let (postgres, database_url) = database(options, data)?;
        keep_database(data, postgres.is_some(), &database_url)?;
        let edge_url = format!("http://127.0.0.1:{}", options.edge_port);
        let environment = settlement_environment(data, &database_url, &edge_url)?;
        step("migrations", |_| settlement::run(&["migrate"], &environment))?;
        let settlement = step("settlement starts", |step| {
            let started = Settlement::start(&SettlementOptions {
                build: Build::Debug,
                port: Some(options.settlement_port),
                folder: data.to_owned(),
                environment: environment.clone(),
            })?;
            step.note(started.url());
            Ok(started)
        })?;
        let edge = step("the edge starts", |step| {
            let started = start_edge(options, data, &secrets, settlement.url())?;
            step.note(started.url());
            Ok(started)
        })?;
        step("demo network", |_| {
            seed(data, &edge_url, settlement.url(), &database_url, &environment)
        })?;
        Ok(Self { edge, settlement, postgres, edge_port: options.edge_port })
    }

    /// Waits until asked to stop, or until a part ends by itself.
    fn watch(self) -> Result<()> {
        let mut silent_looks = 0;
        while !interrupt::requested() {
            // The edge's own parent does not always notice that the edge is gone.
            let silent = TcpStream::connect(("127.0.0.1", self.edge_port)).is_err();
            silent_looks = if silent { silent_looks + 1 } else { 0 };
            if silent_looks > SILENT_LOOKS_MAX {
                bail!("the edge answers no more; everything is stopped");
            }
            for child in self.children() {
                if let Some(how) = child.ended() {
                    let (name, log) = (child.name(), child.log_tail());
                    bail!("{log}\n{name} ended ({how}); everything is stopped. Its log is above");
                }
            }
            std::thread::sleep(LOOK);
        }
        step("stopping", |_| {
            drop(self);
            Ok(())
        })
    }

    fn children(&self) -> impl Iterator<Item = &Child> {
        let postgres = self.postgres.as_ref().map(Server::child);
        [self.edge.child(), self.settlement.child()].into_iter().chain(postgres)
    }
}

/// The server named by `DATABASE_URL`, else one of our own.
fn database(options: &DevOptions, data: &Path) -> Result<(Option<Server>, String)> {
    if let Some(url) = env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()) {
        eprintln!("  Postgres: the server of DATABASE_URL, {}", place(&url));
        return Ok((None, url));
    }
    let port = match options.postgres_port {
        0 => known_port(data),
        port => {
            require_free(port, "--postgres-port")?;
            Some(port)
        }
    };
    let server = step("Postgres starts", |step| {
        let data_dir = data.join("postgres");
        let options = StartOptions {
            data_dir,
            port,
            durable: true,
            settings: Vec::new(),
            remove_on_stop: false,
        };
        let server = Server::start(&options)?;
        step.note(format!("in {}", server.data_dir().display()));
        Ok(server)
    })?;
    let url = server.url();
    Ok((Some(server), url))
}

/// A URL without its user and password.
fn place(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, place)| place)
}

/// The edge's objects hold the links and keys of one database and would refuse another's.
fn keep_database(data: &Path, is_embedded: bool, url: &str) -> Result<()> {
    let note = data.join("database");
    let name = if is_embedded { "embedded" } else { place(url) };
    match std::fs::read_to_string(&note) {
        Ok(known) if known != name => bail!(
            "{} belongs to another database ({known}); choose another folder with --data",
            data.display()
        ),
        Ok(_) => Ok(()),
        Err(_) => Ok(std::fs::write(&note, name)?),
    }
}

/// The port of the last start if it is still free: the database keeps its URL.
fn known_port(data: &Path) -> Option<u16> {
    let url = DemoFile::read(data).ok()?.database_url;
    let port = url.rsplit_once('@')?.1.split_once(':')?.1.split('/').next()?.parse().ok()?;
    require_free(port, "--postgres-port").is_ok().then_some(port)
}

fn start_edge(
    options: &DevOptions,
    data: &Path,
    secrets: &Secrets,
    settlement_url: &str,
) -> Result<Edge> {
    let mut vars = shards();
    vars.insert("EDGE_MODE".to_owned(), "dev".to_owned());
    vars.insert("SETTLEMENT_URL".to_owned(), settlement_url.to_owned());
    Edge::start(&EdgeOptions {
        runtime: Runtime::Wrangler,
        port: Some(options.edge_port),
        folder: data.join("edge"),
        vars,
        secrets: secrets.for_edge(),
        remove_on_stop: false,
    })
}

/// Seeds the demo network; what is there stays. Its secrets are readable only when they are
/// made, so a lost or foreign demo.json has them renewed.
fn seed(
    data: &Path,
    edge_url: &str,
    settlement_url: &str,
    database_url: &str,
    environment: &BTreeMap<String, String>,
) -> Result<String> {
    let out = data.join("demo.json");
    let out = out.to_str().context("the data folder's path is not UTF-8")?;
    let mut arguments = vec!["demo", "seed", "--out", out, "--edge-url", edge_url];
    arguments.extend(["--settlement-url", settlement_url]);
    if DemoFile::read(data).map_or(true, |known| known.database_url != database_url) {
        arguments.push("--renew-secrets");
    }
    settlement::run(&arguments, environment)
}

fn shards() -> BTreeMap<String, String> {
    SHARDS.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
