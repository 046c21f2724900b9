//! What a run needs: a durable Postgres, a database of its own with endpoints, settlement's jobs in
//! this process, the listener in another.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use rust_decimal::Decimal;
use settlement::app::{self, App};
use settlement::config::Config;
use settlement::domain::lifecycle::State;
use settlement::domain::notice::{Kind, Notice, Step};
use settlement::domain::order::Scope;
use settlement::secrets::draw;
use settlement::store::{instant, migrations, webhook_event};
use shared::id::{ConversionId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;
use xtask::network::free_port;
use xtask::postgres::Server;
use xtask::secrets::Secrets;

use super::sink::Sink;
use super::store::{self, Endpoint};
use crate::postgres;
use crate::process::cpu_seconds;
use crate::settle::{cpu_seconds_with_children, store as databases};

const TEMPLATE: &str = "webhooks_template";
/// Pause between two looks at whether all was sent.
const LOOK: Duration = Duration::from_millis(10);
/// How long a run may take.
const RUN_MAX: Duration = Duration::from_mins(3);
/// Notices written in one transaction, as a settled batch has them.
const NOTICES_PER_TRANSACTION: usize = 1_000;

/// What stays from run to run.
pub struct Stage {
    /// Runs what is asynchronous.
    pub runtime: Runtime,
    /// The listener.
    pub sink: Sink,
    postgres: Server,
    config: Config,
    runs: usize,
}

/// A database with endpoints in it.
pub struct Site {
    /// Its pool.
    pub pool: PgPool,
    /// The endpoints' ids, and their merchants'.
    pub endpoints: Vec<Uuid>,
    name: String,
}

/// Seconds of CPU used so far.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    /// This process: settlement's jobs, and what this program does beside them.
    pub settlement: f64,
    /// Postgres with all its processes.
    pub postgres: f64,
    /// The listener.
    pub sink: f64,
}

/// Settlement, serving.
pub struct Serving {
    /// What it shares.
    pub app: Arc<App>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

impl Stage {
    /// Starts Postgres and the listener.
    pub fn open() -> Result<Self> {
        let (postgres, _) = postgres::start("webhooks-postgres")?;
        let mut environment = Secrets::generate()?.for_settlement();
        let edge_url = format!("http://127.0.0.1:{}", free_port()?);
        environment.insert("EDGE_URL".to_owned(), edge_url);
        environment.insert("DATABASE_URL".to_owned(), postgres.database_url(TEMPLATE));
        environment.insert("WEBHOOK_REACH".to_owned(), "any".to_owned());
        let config = settlement::config::serve(&|name| environment.get(name).cloned())?;
        let runtime = Runtime::new()?;
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&postgres.url()).await?;
            databases::create(&mut connection, TEMPLATE, None).await?;
            let mut connection = PgConnection::connect(&postgres.database_url(TEMPLATE)).await?;
            migrations::run(&mut connection).await?;
            connection.close().await.context("the template's connection closes")
        })?;
        Ok(Self { runtime, sink: Sink::start()?, postgres, config, runs: 0 })
    }

    /// A fresh database with endpoints that answer, and dead ones after them.
    pub fn site(&mut self, living: usize, dead: usize) -> Result<Site> {
        self.runs += 1;
        let name = format!("webhooks_{}", self.runs);
        let made: Vec<Endpoint> = (0..living + dead)
            .map(|number| {
                let id = draw::id(Timestamp::now());
                let secret = draw::webhook_secret();
                let secret_sealed = self.config.vault.seal(&id.to_string(), &secret);
                let alive = number < living;
                let url = if alive { self.sink.url(number) } else { self.sink.dead_url() };
                Endpoint { id, url, secret_sealed }
            })
            .collect();
        let pool = self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.postgres.url()).await?;
            databases::create(&mut connection, &name, Some(TEMPLATE)).await?;
            let pool = app::pool(&self.postgres.database_url(&name))?;
            let mut connection = pool.acquire().await?;
            store::open(&mut connection, &made).await?;
            databases::analyze(&mut connection).await?;
            anyhow::Ok(pool)
        })?;
        Ok(Site { pool, endpoints: made.iter().map(|endpoint| endpoint.id).collect(), name })
    }

    /// Removes a site's database.
    pub fn remove(&self, site: &Site) -> Result<()> {
        self.runtime.block_on(async {
            site.pool.close().await;
            let mut connection = PgConnection::connect(&self.postgres.url()).await?;
            databases::remove(&mut connection, &site.name).await
        })
    }

    /// Starts settlement on a site.
    pub fn serve(&self, site: &Site) -> Result<Serving> {
        let app = Arc::new(App::new(&self.config, site.pool.clone()));
        let (stop, stopped) = oneshot::channel();
        let listener =
            self.runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let served = app::serve(Arc::clone(&app), listener, async {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stopped.await;
        });
        let ended = self.runtime.spawn(served);
        Ok(Serving { app, stop, ended })
    }

    /// Stops settlement; the site's pool is closed with it.
    pub fn stop(&self, serving: Serving) -> Result<()> {
        let _ = serving.stop.send(());
        self.runtime.block_on(serving.ended)??;
        Ok(())
    }

    /// Waits until nothing is owed and nothing waits.
    pub fn await_all_sent(&self, connection: &mut PgConnection) -> Result<()> {
        let began = Instant::now();
        while !self.runtime.block_on(store::all_sent(connection))? {
            ensure!(began.elapsed() < RUN_MAX, "not everything was sent in time");
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// A connection beside the site's pool.
    pub fn connect(&self, site: &Site) -> Result<PgConnection> {
        let url = self.postgres.database_url(&site.name);
        Ok(self.runtime.block_on(PgConnection::connect(&url))?)
    }

    /// CPU used so far.
    pub fn cpu(&self) -> Result<Cpu> {
        let postgres = self.postgres.child().id().context("Postgres has ended")?;
        Ok(Cpu {
            settlement: cpu_seconds(std::process::id())?,
            postgres: cpu_seconds_with_children(postgres)?,
            sink: cpu_seconds(self.sink.id())?,
        })
    }
}

/// A commission's step, told to one merchant.
pub fn notice(merchant: Uuid, number: usize) -> (Scope, Notice) {
    let scope = Scope { environment: Environment::Live, merchant: MerchantId(merchant) };
    let order = format!("order-{number}");
    let conversion = ConversionId::derive(scope.merchant, scope.environment, &order);
    let commission_id = conversion.commission_id();
    let step = Step {
        commission_id: &commission_id,
        from: Some(State::Pending),
        to: State::HoldRunning,
        amount: Decimal::new(29_990, 2),
        net: Decimal::new(29_990, 2),
        delta: Decimal::ZERO,
        currency: Currency::parse("NPR").expect("NPR is a currency"),
        reason: None,
        hold_until: Some(Timestamp::UNIX_EPOCH),
    };
    let notice = Notice {
        kind: Kind::CommissionHeld,
        affiliate: None,
        conversion: Some(conversion),
        about_commission: true,
        event_id: None,
        occurred_at: Timestamp::now(),
        data: step.data(conversion),
    };
    (scope, notice)
}

/// Writes notices as settled batches do.
pub async fn tell(pool: &PgPool, notices: &[(Scope, Notice)]) -> Result<()> {
    for part in notices.chunks(NOTICES_PER_TRANSACTION) {
        let part: Vec<_> = part.iter().map(|(scope, notice)| (*scope, notice)).collect();
        let mut transaction = pool.begin().await?;
        let now = instant::to_row(Timestamp::now());
        webhook_event::insert(&mut transaction, &part, now).await?;
        transaction.commit().await?;
    }
    Ok(())
}
