//! What a run needs: a durable Postgres, a seeded database of its own, settlement as it ships.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use jiff::Timestamp;
use settlement::store::click::{self, NewClick};
use settlement::store::{edge_stream, migrations};
use shared::click_id::Click;
use shared::event::Event;
use shared::internal::BATCH_EVENTS_MAX;
use shared::keys::{ClickKeys, InternalKeys};
use sqlx::{Connection, PgConnection};
use tokio::runtime::Runtime;
use xtask::network::free_port;
use xtask::postgres::Server;
use xtask::secrets::Secrets;
use xtask::settlement::{Build, Settlement, SettlementOptions};

use super::batches::{Posts, frame};
use super::cost::{cpu_seconds, cpu_seconds_with_children, memory_mb};
use super::network::{self, Shop};
use super::orders::{self, GROUP_EVENTS, Load, ORDERS_PER_STATUS};
use super::run::{Cpu, Run, Side};
use super::sender;
use super::store::{self, Books};
use crate::postgres;

/// The database that every run's is a copy of.
const TEMPLATE: &str = "bench_template";
/// Groups of every shop's stream that were settled before a run.
const PAST_GROUPS: usize = 50;
const PAST_EVENTS: usize = PAST_GROUPS * GROUP_EVENTS;
/// Groups that are settled before the clock starts: connections open, statements prepared.
const WARM_UP_GROUPS: usize = 30;
/// Pause between two looks at how far settlement is.
const LOOK: Duration = Duration::from_millis(5);
/// How long a run may take.
const RUN_MAX: Duration = Duration::from_mins(2);
/// Clicks inserted in one statement.
const CLICKS_PER_INSERT: usize = 5_000;

/// What stays from run to run.
pub struct Stage {
    runtime: Runtime,
    postgres: Server,
    environment: BTreeMap<String, String>,
    folder: PathBuf,
    shops: Vec<Shop>,
    /// Whose events warm a run up.
    warm_up: Shop,
    click_keys: ClickKeys,
    internal_keys: InternalKeys,
    runs: usize,
}

/// Everything one run sends, and how often what is in it.
struct Sent {
    warm_up: Vec<Posts>,
    measured: Vec<Posts>,
    /// Groups in all.
    groups: usize,
    /// Of them, for warming up.
    warm_up_groups: usize,
    clicks: Vec<NewClick>,
}

impl Stage {
    /// Starts Postgres and seeds so many merchants.
    pub fn open(merchants: usize) -> Result<Self> {
        let (postgres, folder) = postgres::start("postgres")?;
        let secrets = Secrets::generate()?;
        let mut environment = secrets.for_settlement();
        // Nobody is there: this benchmark is the edge, and directory rows wait.
        let edge_url = format!("http://127.0.0.1:{}", free_port()?);
        environment.insert("EDGE_URL".to_owned(), edge_url);
        environment.insert("DATABASE_URL".to_owned(), postgres.database_url(TEMPLATE));
        let lookup = |name: &str| environment.get(name).cloned();
        let config = settlement::config::serve(&lookup)?;
        let runtime = Runtime::new()?;
        let mut shops = runtime.block_on(async {
            let mut connection = PgConnection::connect(&postgres.url()).await?;
            store::create(&mut connection, TEMPLATE, None).await?;
            let mut connection = PgConnection::connect(&postgres.database_url(TEMPLATE)).await?;
            migrations::run(&mut connection).await?;
            network::open(&mut connection, &config.vault, merchants + 1).await
        })?;
        let warm_up = shops.pop().context("one shop more was made")?;
        let (click_keys, internal_keys) = (config.click_keys, config.edge.internal_keys);
        let stage = Self {
            runtime,
            postgres,
            environment,
            folder,
            shops,
            warm_up,
            click_keys,
            internal_keys,
            runs: 0,
        };
        stage.remember()?;
        Ok(stage)
    }

    /// Settles some orders of every shop in the template, so that a run begins with a past, and
    /// with the statistics that autovacuum gathers in a database's first minutes.
    fn remember(&self) -> Result<()> {
        let now = Timestamp::now();
        let mut posts = Vec::new();
        for shop in self.shops.iter().chain([&self.warm_up]) {
            let events = orders::stream(shop, PAST_GROUPS, "past", &self.click_keys, now);
            let per_post = BATCH_EVENTS_MAX;
            posts.push(frame(shop.merchant, &events, 1, per_post, &self.click_keys, now)?);
        }
        let url = self.postgres.database_url(TEMPLATE);
        let mut connection = self.runtime.block_on(PgConnection::connect(&url))?;
        let mut settlement = self.start(&url, Side::Batched)?;
        let events = posts.len() * PAST_EVENTS;
        let done = self.post_until_settled(settlement.url(), &mut connection, posts, events);
        done.with_context(|| settlement.child().log_tail())?;
        settlement.stop()?;
        self.runtime.block_on(async {
            store::analyze(&mut connection).await?;
            connection.close().await?;
            Ok(())
        })
    }

    fn start(&self, database_url: &str, side: Side) -> Result<Settlement> {
        let mut environment = self.environment.clone();
        environment.insert("DATABASE_URL".to_owned(), database_url.to_owned());
        let limit = side.events_per_transaction().map(|max| max.to_string());
        environment.extend(limit.map(|max| ("SETTLE_EVENTS_MAX".to_owned(), max)));
        Settlement::start(&SettlementOptions {
            build: Build::Server,
            port: None,
            folder: self.folder.clone(),
            environment,
        })
    }

    /// Sends a load, waits until it is settled, and checks the books.
    pub fn run(&mut self, side: Side, load: Load) -> Result<Run> {
        self.runs += 1;
        let database = format!("bench_{}", self.runs);
        let sent = self.prepare(load)?;
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.postgres.url()).await?;
            store::create(&mut connection, &database, Some(TEMPLATE)).await
        })?;
        let url = self.postgres.database_url(&database);
        let mut connection = self.runtime.block_on(PgConnection::connect(&url))?;
        self.runtime.block_on(insert_clicks(&mut connection, &sent.clicks))?;
        let mut settlement = self.start(&url, side)?;
        let run = self.measure(&settlement, &mut connection, sent);
        let run = run.with_context(|| settlement.child().log_tail())?;
        settlement.stop()?;
        self.runtime.block_on(async {
            connection.close().await?;
            let mut connection = PgConnection::connect(&self.postgres.url()).await?;
            store::remove(&mut connection, &database).await
        })?;
        Ok(run)
    }

    fn prepare(&self, load: Load) -> Result<Sent> {
        let now = Timestamp::now();
        let groups = load.groups(self.shops.len());
        let streams = load.streams(self.shops.len());
        let mut clicks = Vec::new();
        let mut posts = |shop: &Shop, groups: usize| {
            let events = orders::stream(shop, groups, "run", &self.click_keys, now);
            clicks.extend(events.iter().filter_map(|event| click_of(event, &self.click_keys)));
            let (first_seq, per_post) = (PAST_EVENTS as u64 + 1, BATCH_EVENTS_MAX);
            frame(shop.merchant, &events, first_seq, per_post, &self.click_keys, now)
        };
        let measured =
            self.shops[..streams].iter().map(|shop| posts(shop, groups)).collect::<Result<_>>()?;
        let warm_up = vec![posts(&self.warm_up, WARM_UP_GROUPS)?];
        let warm_up_groups = WARM_UP_GROUPS;
        let groups = groups * streams + warm_up_groups;
        Ok(Sent { warm_up, measured, groups, warm_up_groups, clicks })
    }

    fn measure(
        &self,
        settlement: &Settlement,
        connection: &mut PgConnection,
        sent: Sent,
    ) -> Result<Run> {
        let service = settlement.child().id().context("settlement has ended")?;
        let database = self.postgres.child().id().context("Postgres has ended")?;
        let cpu = || -> Result<[f64; 3]> {
            Ok([
                cpu_seconds(service)?,
                cpu_seconds_with_children(database)?,
                cpu_seconds(std::process::id())?,
            ])
        };
        let idle_mb = memory_mb(service, "VmRSS")?;
        let before = self.runtime.block_on(Books::read(connection))?;
        let warm_up = sent.warm_up_groups * GROUP_EVENTS;
        self.post_until_settled(settlement.url(), connection, sent.warm_up, warm_up)?;
        let events = (sent.groups - sent.warm_up_groups) * GROUP_EVENTS;
        let at_start = cpu()?;
        let began = Instant::now();
        self.post_until_settled(settlement.url(), connection, sent.measured, events)?;
        let seconds = began.elapsed().as_secs_f64();
        let at_end = cpu()?;
        let expected = before.after(sent.groups * ORDERS_PER_STATUS, sent.groups)?;
        let books = self.runtime.block_on(Books::read(connection))?;
        ensure!(books == expected, "the books are wrong: {books:?} instead of {expected:?}");
        #[expect(clippy::cast_precision_loss, reason = "thousands of events fit 52 bits")]
        let of_thousand = |part: usize| (at_end[part] - at_start[part]) * 1_000.0 / events as f64;
        let cpu =
            Cpu { settlement: of_thousand(0), postgres: of_thousand(1), sender: of_thousand(2) };
        let peak_mb = memory_mb(service, "VmHWM")?;
        Ok(Run { events, seconds, cpu, idle_mb, peak_mb })
    }

    fn post_until_settled(
        &self,
        url: &str,
        connection: &mut PgConnection,
        posts: Vec<Posts>,
        events: usize,
    ) -> Result<()> {
        let until = Instant::now() + RUN_MAX;
        let goal = self.runtime.block_on(store::settled(connection))? + events;
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| sender::send(url, &self.internal_keys, posts));
            loop {
                let settled = self.runtime.block_on(store::settled(connection))?;
                if settled >= goal {
                    break;
                }
                if sending.is_finished() && Instant::now() > until {
                    bail!("only {settled} of {goal} events were settled in time");
                }
                std::thread::sleep(LOOK);
            }
            sending.join().map_err(|_| anyhow!("the sender panicked"))?
        })
    }
}

/// The record of the click that led to an order, which reaches settlement before the order does.
fn click_of(event: &Event, keys: &ClickKeys) -> Option<NewClick> {
    let Event::Conversion(event) = event else { return None };
    let click_id = event.click_id.clone()?;
    let click = Click::open(&click_id, keys).ok()?;
    Some(NewClick {
        click_id,
        link_number: i64::try_from(click.link_number).ok()?,
        clicked_at: Timestamp::from_second(i64::from(click.clicked_at_seconds)).ok()?,
        class: click.class.as_str(),
        reason: "benchmark".to_owned(),
        shopper_hash: None,
        country: None,
        private: false,
        sub_ids: serde_json::json!([]),
    })
}

async fn insert_clicks(connection: &mut PgConnection, clicks: &[NewClick]) -> Result<()> {
    let now = Timestamp::now();
    for chunk in clicks.chunks(CLICKS_PER_INSERT) {
        edge_stream::ensure_month_partition(connection, "click", chunk[0].clicked_at).await?;
        let inserted = click::insert(connection, chunk, now).await?;
        ensure!(inserted == chunk.len() as u64, "only {inserted} clicks were new");
    }
    Ok(())
}
