//! The loop that numbers deliveries as notices are written, and lets go what waited too long on
//! paused endpoints.

use super::pace::{Backoff, Next, wait};
use crate::app::App;
use crate::error::Fault;
use crate::flows::webhook::fan_out::{self, Numbered};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The safety net below the wake: other nodes write notices too.
const POLL: Duration = Duration::from_millis(500);
/// How often what waited too long is looked for.
const LET_GO_PERIOD: SignedDuration = SignedDuration::from_mins(10);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    let mut let_go_at = Timestamp::MIN;
    loop {
        let pause = match round(&app, &mut let_go_at, Timestamp::now()).await {
            Ok(numbered) => {
                // Also without any: a delivery may have been put back on its schedule.
                app.wakes.delivery.notify_one();
                backoff.reset();
                match numbered {
                    Numbered::Nothing => POLL,
                    Numbered::Deliveries(_) => Duration::ZERO,
                }
            }
            Err(fault) => {
                tracing::error!(%fault, "deliveries could not be numbered; they will be");
                backoff.after_failure()
            }
        };
        if wait(pause, Some(&app.wakes.webhook), &mut stopped).await == Next::Stop {
            return;
        }
    }
}

async fn round(app: &App, let_go_at: &mut Timestamp, now: Timestamp) -> Result<Numbered, Fault> {
    if *let_go_at <= now {
        fan_out::let_go_once(&app.pool, now).await?;
        *let_go_at = now.saturating_add(LET_GO_PERIOD).unwrap_or(now);
    }
    fan_out::run_once(&app.pool, now).await
}
