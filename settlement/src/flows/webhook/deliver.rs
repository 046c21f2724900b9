//! Sends what is due: lease lanes, send outside of any transaction, record every attempt.
//!
//! Correctness rests on the lease's token, which every record must still hold, and on deliveries
//! that stay pending until an attempt of theirs is recorded: a node that dies in between leaves
//! them to the next, once its lease is over. So a delivery is sent at least once, each time with
//! the same id and body. That lanes are recorded together is economy.

mod record;
mod send;

use super::kept_since;
use crate::domain::webhook::endpoint::Format;
use crate::domain::webhook::lane::BREAKER_FAILURES;
use crate::domain::webhook::schedule;
use crate::error::Fault;
use crate::outbound::stopwatch::Stopwatch;
use crate::outbound::webhook::Sender;
use crate::secrets::{Vault, draw};
use crate::store::webhook_lane::Keys;
use crate::store::webhook_lease::{Lease, Leased};
use crate::store::{webhook_delivery, webhook_lease};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Semaphore;

pub use record::{Recorded, record};
pub use send::{Sent, lane};

/// How long a lane is one node's.
pub const LEASE_SECONDS: i64 = 60;
/// A lease that ends later than so long from now was given by a clock that was ahead.
const LEASE_SECONDS_MAX: i64 = 2 * LEASE_SECONDS;

/// How much is sent at once, and for how long.
#[expect(clippy::struct_field_names, reason = "a limit's name ends in max")]
#[derive(Debug, Clone)]
pub struct Limits {
    /// Lanes at once on a node.
    pub lanes_max: usize,
    /// Deliveries of one lane and lease.
    pub deliveries_per_lane_max: i64,
    /// Calls of one lane under way at once.
    pub calls_per_lane_max: usize,
    /// Calls of a node under way at once: with one for each lane, slow ones leave none without.
    pub calls_max: usize,
    /// An attempt's time, in khata's own format.
    pub khata_time_max: Duration,
    /// An attempt's time, in the affiliate order format.
    pub affiliate_order_time_max: Duration,
    /// No attempt begins later than this after its lane was leased.
    pub begin_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lanes_max: 512,
            deliveries_per_lane_max: 64,
            calls_per_lane_max: 8,
            calls_max: 512,
            khata_time_max: schedule::time_max(Format::Khata),
            affiliate_order_time_max: schedule::time_max(Format::AffiliateOrder),
            begin_time_max: Duration::from_secs(30),
        }
    }
}

impl Limits {
    fn time_max(&self, format: Format) -> Duration {
        match format {
            Format::Khata => self.khata_time_max,
            Format::AffiliateOrder => self.affiliate_order_time_max,
        }
    }
}

/// What sending needs beside the database.
#[derive(Debug)]
pub struct Post {
    vault: Vault,
    sender: Sender,
    limits: Limits,
    calls: Semaphore,
}

impl Post {
    /// A node's.
    pub fn new(vault: Vault, sender: Sender, limits: Limits) -> Self {
        let calls = Semaphore::new(limits.calls_max);
        Self { vault, sender, limits, calls }
    }

    /// Its limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// From now on no attempt begins; those under way go on.
    pub fn stop(&self) {
        self.calls.close();
    }
}

/// A leased lane with what is due on it.
#[derive(Debug, Clone)]
pub struct Work {
    /// The lane.
    pub lane: Leased,
    /// What is due, in the order in which it is tried.
    pub due: Vec<webhook_delivery::Due>,
    /// Runs since it was asked for: whatever the clock does, no lease is older than that.
    pub leased: Stopwatch,
}

/// Leases so many lanes at most that have something to send, and reads it. That may take long: what
/// is sent then asks the clock again.
pub async fn lease(
    pool: &PgPool,
    limits: &Limits,
    lanes_max: usize,
    now: Timestamp,
) -> Result<Vec<Work>, Fault> {
    let leased = Stopwatch::start();
    let after =
        |seconds| now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let lease = Lease {
        token: draw::id(now),
        until: after(LEASE_SECONDS),
        until_max: after(LEASE_SECONDS_MAX),
        lanes_max: i64::try_from(lanes_max).unwrap_or(i64::MAX),
        failures_min: BREAKER_FAILURES,
    };
    let mut transaction = pool.begin().await?;
    let lanes = webhook_lease::lease(&mut transaction, lease, now).await?;
    if lanes.is_empty() {
        return Ok(Vec::new());
    }
    let keys = Keys::of(lanes.iter().map(|lane| lane.key));
    let (per_lane, since) = (limits.deliveries_per_lane_max, kept_since(now));
    let due = webhook_delivery::due(&mut transaction, keys, per_lane, since, now).await?;
    transaction.commit().await?;
    let mut by_lane: HashMap<_, Vec<_>> = HashMap::new();
    for delivery in due {
        by_lane.entry(delivery.key).or_default().push(delivery);
    }
    let mut work = Vec::with_capacity(lanes.len());
    for lane in lanes {
        work.push(Work { due: by_lane.remove(&lane.key).unwrap_or_default(), lane, leased });
    }
    Ok(work)
}
