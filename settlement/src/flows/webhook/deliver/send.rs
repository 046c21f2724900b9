//! Makes the attempts of one leased lane, as fast as its endpoint takes them and no faster.

use super::{Post, Work};
use crate::domain::webhook::endpoint::{EndpointKey, Format};
use crate::domain::webhook::lane::{CALLS_FIRST, Pace, Standing, calls_after};
use crate::domain::webhook::schedule::{self, Next};
use crate::domain::webhook::signature;
use crate::outbound::stopwatch::Stopwatch;
use crate::outbound::webhook::{Answer, Call};
use crate::secrets::draw;
use crate::secrets::vault::Unopenable;
use crate::store::webhook_delivery::Due;
use crate::store::webhook_lane::LeaseKey;
use crate::store::webhook_lease::Leased;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// How long a lane rests whose secret does not open: somebody has to see to the master keys.
const UNOPENABLE_REST_SECONDS: i64 = 300;

/// What was sent on a lane.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Whose lane.
    pub key: EndpointKey,
    /// The lease's token.
    pub token: Uuid,
    /// How the endpoint stands now.
    pub standing: Standing,
    /// Every attempt, in the order in which they ended.
    pub attempts: Vec<Attempted>,
}

impl Sent {
    /// The lease that it was sent on.
    pub fn lease(&self) -> LeaseKey {
        (self.key, self.token)
    }
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct Attempted {
    /// Of which delivery.
    pub delivery: Due,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// What came of it.
    pub answer: Answer,
    /// What becomes of the delivery.
    pub fate: Fate,
}

/// What an attempt makes of its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrived.
    Arrived,
    /// It is tried again then.
    Again(Timestamp),
    /// It is given up.
    Dead,
}

/// What came of beginning with a delivery.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one, and none is kept")]
enum Begun {
    /// An attempt was made.
    Made(Attempted),
    /// None was: the node stops, or the lease nears its end. The delivery is due as before.
    NotYet,
    /// None was, for want of something of ours. The delivery is due as before.
    NotAble,
}

/// One lane's sending, under way.
struct Round<'a> {
    post: &'a Post,
    lane: &'a Leased,
    secrets: Vec<String>,
    leased: Stopwatch,
    began: Stopwatch,
    now: Timestamp,
}

/// Sends what is due on a lane. It ends when all was tried, when the endpoint fails too often in a
/// row, or when the lease nears its end: of one that was got too late nothing is sent. `now` is
/// when it begins, which may be long after the lease was asked for.
pub async fn lane(post: &Post, work: Work, now: Timestamp) -> Sent {
    let Work { lane, due, leased } = work;
    let sent = |standing, attempts| Sent { key: lane.key, token: lane.token, standing, attempts };
    let secrets = match secrets(post, &lane) {
        Ok(secrets) => secrets,
        Err(fault) => {
            tracing::error!(endpoint = %lane.key.endpoint, %fault, "nothing can be signed for it");
            let rest = SignedDuration::from_secs(UNOPENABLE_REST_SECONDS);
            let rests_until = now.saturating_add(rest).ok();
            return sent(Standing { rests_until, ..lane.standing }, Vec::new());
        }
    };
    let round = Round { post, lane: &lane, secrets, leased, began: Stopwatch::start(), now };
    let (mut standing, mut calls) = (lane.standing, CALLS_FIRST);
    let mut attempts = Vec::with_capacity(due.len());
    let mut waiting = due.into_iter();
    let mut flying = FuturesUnordered::new();
    loop {
        while flying.len() < round.calls_at_once(standing, calls) {
            let Some(delivery) = waiting.next() else { break };
            flying.push(round.attempt(delivery));
        }
        match flying.next().await {
            Some(Begun::Made(attempted)) => {
                calls = calls_after(calls, attempted.duration, post.limits.calls_per_lane_max);
                standing = round.after(standing, &attempted);
                attempts.push(attempted);
            }
            Some(Begun::NotYet) => {}
            Some(Begun::NotAble) => standing = standing.after_no_attempt(round.time()),
            None => break,
        }
    }
    drop(flying);
    sent(standing, attempts)
}

fn secrets(post: &Post, lane: &Leased) -> Result<Vec<String>, Unopenable> {
    let name = lane.key.endpoint.to_string();
    let sealed = [Some(&lane.secret_sealed), lane.previous_secret_sealed.as_ref()];
    sealed.into_iter().flatten().map(|sealed| post.vault.open(&name, sealed)).collect()
}

impl Round<'_> {
    fn time(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.began.elapsed()).unwrap_or_default();
        self.now.saturating_add(elapsed).unwrap_or(self.now)
    }

    /// How many calls may be under way now, where so many would be if nothing had failed.
    fn calls_at_once(&self, standing: Standing, calls: usize) -> usize {
        if self.leased.elapsed() >= self.post.limits.begin_time_max {
            return 0;
        }
        match standing.pace(self.time()) {
            Pace::Freely => calls,
            Pace::OneAtATime => 1,
            Pace::NotYet => 0,
        }
    }

    async fn attempt(&self, delivery: Due) -> Begun {
        // Closed: the node stops.
        let Ok(_permit) = self.post.calls.acquire().await else { return Begun::NotYet };
        if self.leased.elapsed() >= self.post.limits.begin_time_max {
            return Begun::NotYet;
        }
        let (started_at, watch) = (self.time(), Stopwatch::start());
        let (id, second) = (&delivery.message_id, started_at.as_second());
        let signature = signature::header(&self.secrets, id, second, &delivery.body);
        let call = Call {
            url: &self.lane.url,
            message_id: id,
            timestamp_seconds: second,
            signature: &signature,
            body: &delivery.body,
            time_max: self.post.limits.time_max(self.lane.format),
        };
        let answer = self.post.sender.post(call).await;
        if answer == Answer::NotMade {
            return Begun::NotAble;
        }
        let fate = fate(self.lane.format, &delivery, &answer, self.time());
        let duration = watch.elapsed();
        Begun::Made(Attempted { delivery, started_at, duration, answer, fate })
    }

    fn after(&self, standing: Standing, attempted: &Attempted) -> Standing {
        match attempted.fate {
            Fate::Arrived => Standing::default(),
            Fate::Again(_) | Fate::Dead => standing.after_failure(self.time()),
        }
    }
}

fn fate(format: Format, delivery: &Due, answer: &Answer, ended_at: Timestamp) -> Fate {
    let arrived = match answer {
        Answer::Status { status, .. } => schedule::is_arrival(format, *status),
        Answer::Failed(_) | Answer::NotMade => false,
    };
    if arrived {
        return Fate::Arrived;
    }
    let failed_tries = u32::try_from(delivery.tries).unwrap_or(0).saturating_add(1);
    match schedule::after_failure(format, failed_tries, draw::jitter()) {
        Next::TryAfter(wait) => Fate::Again(ended_at.saturating_add(wait).unwrap_or(ended_at)),
        Next::GiveUp => Fate::Dead,
    }
}
