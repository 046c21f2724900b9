//! What every request and job shares, and how the server starts and stops.

use crate::config::Config;
use crate::domain::payout::schedule::Schedule;
use crate::error::Fault;
use crate::flows::accept_events::Intake;
use crate::outbound::edge::Edge;
use crate::outbound::webhook::{Reach, Sender};
use crate::secrets::Vault;
use crate::store::transaction;
use crate::{http, jobs};
use shared::keys::{ClickKeys, InternalKeys};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

/// Connections to Postgres at most.
const CONNECTIONS_MAX: u32 = 20;
/// How long a request waits for a connection before it is answered 503.
const ACQUIRE_SECONDS_MAX: u64 = 5;
/// How long open requests and jobs may take to end after a stop signal.
const STOP_SECONDS_MAX: u64 = 10;

/// What every request and job shares.
#[derive(Debug)]
pub struct App {
    /// Postgres.
    pub pool: PgPool,
    /// Keys of calls from the edge.
    pub internal_keys: InternalKeys,
    /// Keys of click ids.
    pub click_keys: ClickKeys,
    /// Seals secrets at rest.
    pub vault: Vault,
    /// What taking in batches needs.
    pub intake: Intake,
    /// The edge.
    pub edge: Edge,
    /// Events settled in one transaction at most.
    pub settle_events_max: usize,
    /// When runs of payouts are due.
    pub payout_schedule: Schedule,
    /// Where webhook endpoints may be.
    pub webhook_reach: Reach,
    /// Sends to webhook endpoints.
    pub sender: Sender,
    /// What wakes the jobs before their time.
    pub wakes: Wakes,
}

/// What wakes the jobs before their time. Losing one costs a moment: every job also polls.
#[derive(Debug, Default)]
pub struct Wakes {
    /// Events came in.
    pub settle: Notify,
    /// Directory rows changed, or a snapshot is wanted.
    pub push: Notify,
    /// Notices were written, or a delivery is to be tried now.
    pub webhook: Notify,
    /// Deliveries were numbered.
    pub delivery: Notify,
    snapshots: Mutex<BTreeSet<u32>>,
}

impl Wakes {
    /// Asks for a snapshot of a shard.
    pub fn want_snapshot(&self, shard: u32) {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).insert(shard);
        self.push.notify_one();
    }

    /// Takes the shards that a snapshot was asked for.
    pub fn take_snapshots(&self) -> BTreeSet<u32> {
        std::mem::take(&mut self.snapshots.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl App {
    /// Everything from a configuration and a pool.
    pub fn new(config: &Config, pool: PgPool) -> Self {
        Self {
            pool,
            internal_keys: config.edge.internal_keys.clone(),
            click_keys: config.click_keys.clone(),
            vault: config.vault.clone(),
            intake: Intake::new(config.click_keys.clone()),
            edge: Edge::new(&config.edge),
            settle_events_max: config.settle_events_max,
            payout_schedule: config.payout_schedule.clone(),
            webhook_reach: config.webhook_reach,
            sender: Sender::new(config.webhook_reach),
            wakes: Wakes::default(),
        }
    }
}

/// A pool that connects when it is first used.
pub fn pool(database_url: &str) -> Result<PgPool, Fault> {
    Ok(pool_options().connect_lazy(database_url)?)
}

/// How settlement pools connections.
///
/// A request that is dropped while its transaction begins (its client hung up) leaves a connection
/// that nobody rolls back: what used it next would write into that transaction, unseen and holding
/// its locks. So a connection that comes back inside a transaction is closed.
pub fn pool_options() -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(Duration::from_secs(ACQUIRE_SECONDS_MAX))
        .after_release(|connection, _| {
            Box::pin(async move { transaction::is_outside(connection).await })
        })
}

/// Answers requests and runs the jobs until `stop` resolves, then ends both in good order.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let jobs = jobs::start(&app, &stopped);
    let mut signalled = stopped.clone();
    let server =
        axum::serve(listener, http::router(Arc::clone(&app))).with_graceful_shutdown(async move {
            // An error means that the sender is gone, which is a stop as well.
            let _ = signalled.wait_for(|stopping| *stopping).await;
        });
    tokio::spawn(async move {
        stop.await;
        tracing::info!("settlement stops");
        let _ = stopping.send(true);
    });
    let mut last = stopped;
    let ends = async {
        let ended = server.await;
        jobs.join_all().await;
        ended
    };
    let too_long = async {
        let _ = last.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(Duration::from_secs(STOP_SECONDS_MAX)).await;
    };
    let result = tokio::select! {
        ended = ends => ended,
        () = too_long => {
            tracing::warn!("requests or jobs still ran when settlement stopped");
            Ok(())
        }
    };
    app.pool.close().await;
    result
}
