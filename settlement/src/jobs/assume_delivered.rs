//! The loop that takes orders nobody speaks of for delivered, where their merchants chose so.

use super::pace::{Backoff, Next, wait};
use crate::app::App;
use crate::flows::assume_delivered;
use crate::flows::settle_events::Progress;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_mins(1);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    loop {
        let pause = match assume_delivered::run_once(&app.pool, Timestamp::now()).await {
            Ok(Progress::Idle) => {
                backoff.reset();
                PERIOD
            }
            Ok(Progress::Settled(orders)) => {
                tracing::info!(orders, "orders without news count as delivered");
                backoff.reset();
                Duration::ZERO
            }
            Err(cause) => {
                tracing::warn!(%cause, "orders without news could not be looked at; they will be");
                backoff.after_failure()
            }
        };
        if wait(pause, None, &mut stopped).await == Next::Stop {
            return;
        }
    }
}
