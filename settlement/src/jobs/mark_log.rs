//! The loop that notes how far the log of notices was given out, for those who pull it.

use super::pace::{Backoff, Next, wait};
use crate::app::App;
use crate::flows::webhook::mark_log;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_secs(1);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    loop {
        let pause = match mark_log::run_once(&app.pool, Timestamp::now()).await {
            Ok(()) => {
                backoff.reset();
                PERIOD
            }
            Err(fault) => {
                tracing::warn!(%fault, "the log of notices could not be marked; it will be");
                backoff.after_failure()
            }
        };
        if wait(pause, None, &mut stopped).await == Next::Stop {
            return;
        }
    }
}
