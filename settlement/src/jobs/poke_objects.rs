//! The poking loop: every known object at the edge, at the start and every ten minutes.

use super::pace::{Backoff, Next, wait};
use crate::app::App;
use crate::flows::poke_objects;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_mins(10);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    loop {
        let pause = match poke_objects::run_once(&app.pool, &app.edge, Timestamp::now()).await {
            Ok(objects) => {
                tracing::debug!(objects, "objects at the edge were poked");
                backoff.reset();
                PERIOD
            }
            Err(fault) => {
                tracing::warn!(%fault, "objects could not be poked; they will be again");
                backoff.after_failure()
            }
        };
        if wait(pause, None, &mut stopped).await == Next::Stop {
            return;
        }
    }
}
