//! The loop that lets months of old deliveries go.

use super::pace::{Next, wait};
use crate::app::App;
use crate::flows::webhook::drop_old;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_hours(1);
/// After a failure: while it waits for a table that somebody reads for long, whoever sends waits.
const AGAIN_AFTER: Duration = Duration::from_mins(10);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    loop {
        let pause = match drop_old::run_once(&app.pool, Timestamp::now()).await {
            Ok(partitions) => {
                if partitions > 0 {
                    tracing::info!(partitions, "months of old deliveries were dropped");
                }
                PERIOD
            }
            Err(fault) => {
                tracing::warn!(%fault, "old deliveries could not be dropped; they will be");
                AGAIN_AFTER
            }
        };
        if wait(pause, None, &mut stopped).await == Next::Stop {
            return;
        }
    }
}
