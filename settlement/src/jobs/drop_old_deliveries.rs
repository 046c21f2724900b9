//! The loop that lets months of old deliveries go.

use super::pace::{Backoff, Next, wait};
use crate::app::App;
use crate::flows::webhook::drop_old;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_hours(1);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    loop {
        let pause = match drop_old::run_once(&app.pool, Timestamp::now()).await {
            Ok(partitions) => {
                if partitions > 0 {
                    tracing::info!(partitions, "months of old deliveries were dropped");
                }
                backoff.reset();
                PERIOD
            }
            Err(fault) => {
                tracing::warn!(%fault, "old deliveries could not be dropped; they will be");
                backoff.after_failure()
            }
        };
        if wait(pause, None, &mut stopped).await == Next::Stop {
            return;
        }
    }
}
