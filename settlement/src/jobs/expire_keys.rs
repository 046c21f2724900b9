//! The loop that marks rotated keys as revoked once their time is over. The edge needs no telling:
//! this is for those who read.

use super::pace::{Backoff, Next, wait};
use crate::app::App;
use crate::flows::rotate_key;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_secs(30);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    loop {
        let pause = match rotate_key::expire_once(&app.pool, Timestamp::now()).await {
            Ok(keys) => {
                if keys > 0 {
                    tracing::info!(keys, "rotated keys came to their end");
                }
                backoff.reset();
                PERIOD
            }
            Err(fault) => {
                tracing::warn!(%fault, "expired keys could not be marked; they will be");
                backoff.after_failure()
            }
        };
        if wait(pause, None, &mut stopped).await == Next::Stop {
            return;
        }
    }
}
