//! Both edges running at once, and the rounds in which they are loaded in turn.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use hyper::StatusCode;
use tempfile::TempDir;
use xtask::edge::capnp::Worker;
use xtask::edge::{Edge, EdgeOptions, Runtime};

use super::shop::{ADDRESS_HEADER, SHARDS, Shop};
use super::sink::Sink;
use crate::figure::median;
use crate::load::{self, Load, Measured, Sent};
use crate::process::cpu_seconds;

/// How long one side is loaded in one round.
const ROUND: Duration = Duration::from_secs(3);
/// How long each side is loaded before the first round, unmeasured.
const WARM_UP: Duration = Duration::from_secs(2);
/// The twin's modules; the first is its entry.
const TWIN: [&str; 7] =
    ["twin.js", "batch.js", "click.js", "crypto.js", "intake.js", "objects.js", "outbox.js"];

/// One of the two.
pub struct Side {
    /// The running worker.
    pub edge: Edge,
    /// Where it answers, on 127.0.0.1.
    pub port: u16,
    /// Where it sends its batches.
    pub sink: Sink,
}

/// The shipped edge and its twin.
pub struct Pair {
    /// What ships.
    pub ours: Side,
    /// The same work in JavaScript.
    pub twin: Side,
    /// What both serve.
    pub shop: Shop,
    _folder: TempDir,
}

/// One side's medians over all rounds.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Answers a second.
    pub per_second: f64,
    /// CPU time of `workerd` per answer, in microseconds.
    pub cpu_us: f64,
    /// The latency below which 99 of 100 answers stayed, in milliseconds.
    pub p99_ms: f64,
}

/// Both sides' medians, and the medians of each round's ratios.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// What ships.
    pub ours: Cost,
    /// The twin.
    pub twin: Cost,
    /// Answers a second, ours over the twin's.
    pub throughput: f64,
    /// CPU time per answer, the twin's over ours.
    pub cpu: f64,
    /// Answers of ours and of the twin, warming up included: each must have left its trace.
    pub answered: (u64, u64),
}

impl Pair {
    /// Starts both on fresh storage, with the same merchants and links.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(xtask::paths::target())?;
        let shop = Shop::open()?;
        let ours = start_ours(&shop, &folder.path().join("ours"))?;
        shop.push_to(ours.port, now_seconds())?;
        let twin = start_twin(&shop, &folder.path().join("twin"))?;
        Ok(Self { ours, twin, shop, _folder: folder })
    }

    /// Loads both sides in turn, and who begins alternates.
    pub fn compare(
        &self,
        rounds: usize,
        connections: u64,
        status: StatusCode,
        make: &dyn Fn(u64) -> Sent,
    ) -> Result<Compared> {
        let mut first = 0;
        let mut load = |side: &Side, lasts| -> Result<(Measured, f64)> {
            let load = Load { port: side.port, connections, lasts, status, make, first };
            let before = side.cpu_seconds()?;
            let measured = load::run(&load)?;
            first += measured.answered + connections;
            let used = side.cpu_seconds()? - before;
            Ok((measured, used))
        };
        let mut answered =
            (load(&self.ours, WARM_UP)?.0.answered, load(&self.twin, WARM_UP)?.0.answered);
        let (mut ours, mut twin) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            if round % 2 == 0 {
                ours.push(load(&self.ours, ROUND)?);
                twin.push(load(&self.twin, ROUND)?);
            } else {
                twin.push(load(&self.twin, ROUND)?);
                ours.push(load(&self.ours, ROUND)?);
            }
        }
        answered.0 += ours.iter().map(|(measured, _)| measured.answered).sum::<u64>();
        answered.1 += twin.iter().map(|(measured, _)| measured.answered).sum::<u64>();
        Ok(compared(&ours, &twin, answered))
    }
}

fn compared(ours: &[(Measured, f64)], twin: &[(Measured, f64)], answered: (u64, u64)) -> Compared {
    let cost = |(measured, used): &(Measured, f64)| Cost {
        per_second: measured.per_second(),
        cpu_us: used * 1e6 / (measured.per_second() * measured.seconds),
        p99_ms: measured.latency_ms(0.99),
    };
    let (ours, twin): (Vec<Cost>, Vec<Cost>) =
        (ours.iter().map(cost).collect(), twin.iter().map(cost).collect());
    let of = |costs: &[Cost], field: fn(&Cost) -> f64| {
        median(&costs.iter().map(field).collect::<Vec<_>>())
    };
    let medians = |costs: &[Cost]| Cost {
        per_second: of(costs, |cost| cost.per_second),
        cpu_us: of(costs, |cost| cost.cpu_us),
        p99_ms: of(costs, |cost| cost.p99_ms),
    };
    let rounds = ours.iter().zip(&twin);
    let throughput: Vec<f64> = rounds.clone().map(|(o, t)| o.per_second / t.per_second).collect();
    let cpu: Vec<f64> = rounds.map(|(ours, twin)| twin.cpu_us / ours.cpu_us).collect();
    Compared {
        ours: medians(&ours),
        twin: medians(&twin),
        throughput: median(&throughput),
        cpu: median(&cpu),
        answered,
    }
}

impl Side {
    fn new(edge: Edge, sink: Sink) -> Result<Self> {
        let port = edge.url().rsplit(':').next().and_then(|port| port.parse().ok());
        Ok(Self { port: port.context("an edge's URL ends in its port")?, edge, sink })
    }

    fn cpu_seconds(&self) -> Result<f64> {
        cpu_seconds(self.edge.child().id().context("an edge ended")?)
    }
}

/// Starts what ships on fresh storage, its Directory still empty.
pub fn start_ours(shop: &Shop, folder: &Path) -> Result<Side> {
    let sink = Sink::start()?;
    let mut vars = BTreeMap::from([
        ("EDGE_MODE".to_owned(), "production".to_owned()),
        ("SETTLEMENT_URL".to_owned(), sink.url().to_owned()),
        ("CLIENT_ADDRESS_HEADER".to_owned(), ADDRESS_HEADER.to_owned()),
    ]);
    vars.extend(SHARDS.map(|(name, number)| (name.to_owned(), number.to_string())));
    let edge = Edge::start(&EdgeOptions {
        runtime: Runtime::Workerd,
        port: None,
        folder: folder.to_owned(),
        vars,
        secrets: shop.secrets.for_edge(),
        remove_on_stop: true,
    })?;
    Side::new(edge, sink)
}

fn start_twin(shop: &Shop, folder: &Path) -> Result<Side> {
    let sink = Sink::start()?;
    let secrets = shop.secrets.for_edge();
    let first = |name: &str| {
        let (number, key) = secrets[name].split_once(':').context("a list of keys")?;
        Ok::<_, anyhow::Error>((number.to_owned(), key.to_owned()))
    };
    let (number, click_key) = first("CLICK_KEYS")?;
    let (_, internal_key) = first("INTERNAL_KEYS")?;
    let mut variables: BTreeMap<String, String> = [
        ("CLICK_KEY_NUMBER", number),
        ("CLICK_KEY", click_key),
        ("HASH_KEY", secrets["HASH_KEY"].clone()),
        ("INTERNAL_KEY", internal_key),
        ("SETTLEMENT_URL", sink.url().to_owned()),
        ("CLIENT_ADDRESS_HEADER", ADDRESS_HEADER.to_owned()),
        ("LINKS", shop.links_json()?),
        ("KEYS", shop.keys_json()?),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    variables.extend(SHARDS.map(|(name, number)| (name.to_owned(), number.to_string())));
    let twins = xtask::paths::root().join("bench/twins");
    let shipped = std::fs::read_to_string(xtask::paths::root().join("wrangler.toml"))?;
    let mut worker = Worker::from_wrangler(&shipped, &twins)?.with_variables(&variables);
    worker.modules = TWIN.map(|name| (format!("./{name}"), twins.join(name))).into();
    worker.objects.retain(|(binding, _)| binding != "DIRECTORY");
    Side::new(Edge::start_worker(&worker, folder)?, sink)
}

/// The clock, Unix seconds.
pub fn now_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
