//! The settling loop: what came in, what waited, and holds whose time has come.

use super::pace::{Backoff, Next, wait};
use crate::app::App;
use crate::flows::settle_events::Progress;
use crate::flows::{release_holds, resume_parked, settle_events};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The safety net below the wake of each batch.
const POLL: Duration = Duration::from_millis(500);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    loop {
        let pause = match round(&app, Timestamp::now()).await {
            Ok(0) => {
                backoff.reset();
                POLL
            }
            Ok(_) => {
                app.wakes.webhook.notify_one();
                backoff.reset();
                Duration::ZERO
            }
            Err(cause) => {
                tracing::error!(%cause, "a settling round failed");
                backoff.after_failure()
            }
        };
        if wait(pause, Some(&app.wakes.settle), &mut stopped).await == Next::Stop {
            return;
        }
    }
}

/// One round; answers how much moved.
async fn round(app: &App, now: Timestamp) -> Result<usize, sqlx::Error> {
    let (keys, events_max) = (&app.click_keys, app.settle_events_max);
    let settled = settle_events::run_once(&app.pool, keys, events_max, now).await?;
    let resumed = resume_parked::run_once(&app.pool, &app.click_keys, now).await?;
    let released = release_holds::run_once(&app.pool, now).await?;
    Ok([settled, resumed, released].into_iter().map(moved).sum())
}

fn moved(progress: Progress) -> usize {
    match progress {
        Progress::Idle => 0,
        Progress::Settled(moved) => moved,
    }
}
