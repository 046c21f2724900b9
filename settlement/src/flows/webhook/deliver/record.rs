//! Records the attempts of some lanes in one transaction, and ends their leases with it.

use super::send::{Attempted, Fate, Sent};
use crate::domain::webhook::endpoint::EndpointKey;
use crate::error::Fault;
use crate::flows::webhook::pause::{self, Paused};
use crate::outbound::webhook::Answer;
use crate::store::edge_stream::ensure_month_partition;
use crate::store::webhook_attempt::{self, Attempt};
use crate::store::webhook_delivery::{self, Tried};
use crate::store::webhook_lane::{self, Ended};
use jiff::Timestamp;
use sqlx::PgPool;
use std::collections::HashSet;
use std::time::Duration;

/// What was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recorded {
    /// Lanes that were sent on.
    pub lanes: usize,
    /// Attempts made.
    pub attempts: usize,
    /// Of them, those that arrived.
    pub arrived: usize,
    /// Deliveries given up.
    pub dead: usize,
    /// Endpoints paused because nothing arrives there.
    pub paused: usize,
}

/// Records what was sent. A lane whose lease was lost meanwhile is left out: whoever leased it then
/// sends the same again.
pub async fn record(pool: &PgPool, sent: &[Sent], now: Timestamp) -> Result<Recorded, Fault> {
    prepare(pool, sent).await?;
    let mut transaction = pool.begin().await?;
    let leases = sent.iter().map(|lane| (lane.key, lane.token));
    let held: HashSet<EndpointKey> =
        webhook_lane::lock_leased(&mut transaction, leases).await?.into_iter().collect();
    let (kept, lost): (Vec<&Sent>, Vec<&Sent>) =
        sent.iter().partition(|lane| held.contains(&lane.key));
    for lane in lost {
        let attempts = lane.attempts.len();
        tracing::warn!(endpoint = %lane.key.endpoint, attempts, "a lane's lease was lost");
    }
    let tried: Vec<Tried> = kept.iter().flat_map(|lane| lane.attempts.iter().map(tried)).collect();
    if !tried.is_empty() {
        webhook_delivery::end_attempts(&mut transaction, &tried).await?;
        let rows: Vec<Attempt<'_>> =
            kept.iter().flat_map(|lane| lane.attempts.iter().map(row)).collect();
        webhook_attempt::insert(&mut transaction, &rows).await?;
    }
    let ended: Vec<Ended> = kept
        .iter()
        .map(|lane| Ended { key: lane.key, token: lane.token, standing: lane.standing })
        .collect();
    if webhook_lane::release(&mut transaction, &ended).await? != ended.len() as u64 {
        return Err(Fault::Corrupt("a locked lane is gone".to_owned()));
    }
    transaction.commit().await?;
    let mut recorded = count(&kept);
    recorded.paused = pause_failing(pool, &kept, now).await?;
    Ok(recorded)
}

/// The partitions of the months in which attempts began.
async fn prepare(pool: &PgPool, sent: &[Sent]) -> Result<(), Fault> {
    let started =
        || sent.iter().flat_map(|lane| lane.attempts.iter().map(|tried| tried.started_at));
    let (Some(first), Some(last)) = (started().min(), started().max()) else { return Ok(()) };
    let mut connection = pool.acquire().await?;
    for at in [first, last] {
        ensure_month_partition(&mut connection, "webhook_attempt", at).await?;
    }
    Ok(())
}

async fn pause_failing(pool: &PgPool, sent: &[&Sent], now: Timestamp) -> Result<usize, Fault> {
    let mut paused = 0;
    for lane in sent.iter().filter(|lane| lane.standing.is_to_be_paused(now)) {
        match pause::failing(pool, lane.key, lane.standing, now).await? {
            Paused::Now => paused += 1,
            Paused::NotActive => {}
        }
    }
    Ok(paused)
}

fn count(sent: &[&Sent]) -> Recorded {
    let fates = |wanted: fn(Fate) -> bool| {
        let attempts = sent.iter().flat_map(|lane| &lane.attempts);
        attempts.filter(|tried| wanted(tried.fate)).count()
    };
    Recorded {
        lanes: sent.len(),
        attempts: fates(|_| true),
        arrived: fates(|fate| fate == Fate::Arrived),
        dead: fates(|fate| fate == Fate::Dead),
        paused: 0,
    }
}

fn ended_at(attempted: &Attempted) -> Timestamp {
    attempted.started_at.saturating_add(attempted.duration).unwrap_or(attempted.started_at)
}

fn tried(attempted: &Attempted) -> Tried {
    let (state, next_attempt_at, ended) = match attempted.fate {
        Fate::Arrived => ("delivered", None, Some(ended_at(attempted))),
        Fate::Again(at) => ("pending", Some(at), None),
        Fate::Dead => ("dead", None, Some(ended_at(attempted))),
    };
    Tried {
        key: attempted.delivery.key,
        sequence: attempted.delivery.sequence,
        created_at: attempted.delivery.created_at,
        attempt: attempted.delivery.attempts + 1,
        state,
        next_attempt_at,
        ended_at: ended,
    }
}

fn row(attempted: &Attempted) -> Attempt<'_> {
    let (status, fault, answer) = match &attempted.answer {
        Answer::Status { status, start } => (Some(i32::from(*status)), None, Some(&start[..])),
        Answer::Failed(fault) => (None, Some(fault.as_str()), None),
    };
    Attempt {
        key: attempted.delivery.key,
        sequence: attempted.delivery.sequence,
        number: attempted.delivery.attempts + 1,
        started_at: attempted.started_at,
        duration_ms: milliseconds(attempted.duration),
        status,
        fault,
        answer,
    }
}

fn milliseconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
