//! Records the attempts of some lanes in one transaction, and ends their leases with it.

use super::send::{Attempted, Fate, Sent};
use crate::error::Fault;
use crate::flows::webhook::kept_since;
use crate::flows::webhook::pause::{self, Paused};
use crate::outbound::webhook::Answer;
use crate::store::edge_stream::ensure_month_partition;
use crate::store::webhook_attempt::{self, Attempt};
use crate::store::webhook_delivery::{self, Tried};
use crate::store::webhook_lane::{self, Ended, LeaseKey};
use jiff::Timestamp;
use sqlx::{PgConnection, PgPool};
use std::collections::HashSet;
use std::time::Duration;

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    /// Leases whose lanes another transaction holds: they are to be recorded later.
    pub busy: Vec<LeaseKey>,
}

/// Records what was sent. A lane whose lease was lost meanwhile is left out: whoever leased it then
/// sends the same again. One that another transaction holds is left for later: what is long there
/// holds up no other.
pub async fn record(pool: &PgPool, sent: &[Sent], now: Timestamp) -> Result<Recorded, Fault> {
    prepare(pool, sent).await?;
    let mut transaction = pool.begin().await?;
    let (kept, busy) = hold(&mut transaction, sent).await?;
    write(&mut transaction, &kept).await?;
    let ended: Vec<Ended> = kept
        .iter()
        .map(|lane| Ended { key: lane.key, token: lane.token, standing: lane.standing })
        .collect();
    let released = webhook_lane::release(&mut transaction, &ended, kept_since(now), now).await?;
    if released != ended.len() as u64 {
        return Err(Fault::Corrupt("a locked lane is gone".to_owned()));
    }
    transaction.commit().await?;
    let mut recorded = count(&kept);
    recorded.paused = pause_failing(pool, &kept, now).await?;
    recorded.busy = busy;
    Ok(recorded)
}

/// Locks the lanes whose leases are still held; answers what was sent on them, and the leases of
/// those that are busy.
async fn hold<'a>(
    connection: &mut PgConnection,
    sent: &'a [Sent],
) -> Result<(Vec<&'a Sent>, Vec<LeaseKey>), Fault> {
    let leases: Vec<LeaseKey> = sent.iter().map(Sent::lease).collect();
    let locked: HashSet<LeaseKey> =
        webhook_lane::lock_leased(connection, &leases).await?.into_iter().collect();
    let (kept, others): (Vec<&Sent>, Vec<&Sent>) =
        sent.iter().partition(|lane| locked.contains(&lane.lease()));
    if others.is_empty() {
        return Ok((kept, Vec::new()));
    }
    let leases: Vec<LeaseKey> = others.iter().map(|lane| lane.lease()).collect();
    let busy = webhook_lane::still_leased(connection, &leases).await?;
    for lane in others.iter().filter(|lane| !busy.contains(&lane.lease())) {
        let attempts = lane.attempts.len();
        tracing::warn!(endpoint = %lane.key.endpoint, attempts, "a lane's lease was lost");
    }
    Ok((kept, busy))
}

/// Writes the attempts of lanes that are held, and what they made of their deliveries.
async fn write(connection: &mut PgConnection, kept: &[&Sent]) -> Result<(), Fault> {
    let tried: Vec<Tried> = kept.iter().flat_map(|lane| lane.attempts.iter().map(tried)).collect();
    if tried.is_empty() {
        return Ok(());
    }
    let touched = webhook_delivery::end_attempts(connection, &tried).await?;
    if touched.len() != tried.len() {
        for lane in kept {
            let deliveries = touched.iter().filter(|id| **id == lane.key.endpoint).count();
            let (endpoint, attempts) = (lane.key.endpoint, lane.attempts.len());
            if deliveries != attempts {
                tracing::error!(%endpoint, deliveries, attempts, "attempts ended no delivery");
            }
        }
    }
    let rows: Vec<Attempt<'_>> =
        kept.iter().flat_map(|lane| lane.attempts.iter().map(row)).collect();
    let written = webhook_attempt::insert(connection, &rows).await?;
    if written != rows.len() as u64 {
        for endpoint in kept.iter().map(|lane| lane.key.endpoint) {
            tracing::error!(%endpoint, written, "of a batch with this endpoint attempts are missing");
        }
    }
    Ok(())
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
        ..Recorded::default()
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
        tries: attempted.delivery.tries,
        state,
        next_attempt_at,
        ended_at: ended,
    }
}

fn row(attempted: &Attempted) -> Attempt<'_> {
    let (status, fault, answer) = match &attempted.answer {
        Answer::Status { status, start } => (Some(i32::from(*status)), None, Some(&start[..])),
        Answer::Failed(fault) => (None, Some(fault.as_str()), None),
        // Of what was not made no attempt is told.
        Answer::NotMade => (None, None, None),
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
