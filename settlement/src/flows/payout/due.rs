//! Live runs by the schedule: once per instant, whichever nodes look.

use super::run::{self, NewRun, Ran};
use crate::domain::clock::later;
use crate::domain::payout::schedule::{LOOK_BACK_SECONDS, Schedule};
use crate::error::Fault;
use crate::flows::actor::Actor;
use crate::store::instant;
use crate::store::payout::run as store;
use jiff::Timestamp;
use shared::id::{Environment, MerchantId};
use sqlx::{PgConnection, PgPool};

/// How long after its instant a live run is made: objects at the edge are woken every 10 minutes,
/// and one not heard since the instant would be left out.
pub const DRAIN_SECONDS: i64 = 15 * 60;

/// Drafts the live run of the latest instant that has come and has none; `None`: there is none due.
pub async fn run_once(
    pool: &PgPool,
    schedule: &Schedule,
    now: Timestamp,
) -> Result<Option<Ran>, Fault> {
    let mut connection = pool.acquire().await?;
    let last = last(&mut connection, Environment::Live, None, now).await?;
    drop(connection);
    let Some(cut_off) = schedule.latest(last, later(now, -DRAIN_SECONDS)) else {
        return Ok(None);
    };
    let (environment, merchant) = (Environment::Live, None);
    let new = NewRun { environment, merchant, cut_off, scheduled: Some(cut_off) };
    run::run(pool, Actor::Installation, new, now).await.map(Some)
}

/// From when on instants count: after the last one that has a run, or after a look back.
pub(super) async fn last(
    connection: &mut PgConnection,
    environment: Environment,
    merchant: Option<MerchantId>,
    at: Timestamp,
) -> Result<Timestamp, sqlx::Error> {
    let merchant = merchant.map(|id| id.0);
    let last = store::last_scheduled(connection, environment.as_str(), merchant).await?;
    let back = later(at, -LOOK_BACK_SECONDS);
    Ok(last.map_or(back, |last| instant::from_row(last).max(back)))
}
