//! What happens by itself. A loop only waits and paces; each round is a flow's `run_once`.

mod assume_delivered;
mod deliver_webhooks;
mod drop_old_deliveries;
mod expire_keys;
mod mark_log;
mod number_webhooks;
mod pace;
mod poke_objects;
mod push_directory;
mod run_payouts;
mod settle;

use crate::app::App;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Settling loops side by side: while one decides or waits for the disk, Postgres writes for the
/// others. A stream is one loop's at a time anyway.
pub const SETTLING_LOOPS: usize = 3;

/// Starts every loop; each ends soon after `stopped` turns true.
pub fn start(app: &Arc<App>, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    for _ in 0..SETTLING_LOOPS {
        jobs.spawn(settle::run(Arc::clone(app), stopped.clone()));
    }
    jobs.spawn(push_directory::run(Arc::clone(app), stopped.clone()));
    jobs.spawn(mark_log::run(Arc::clone(app), stopped.clone()));
    jobs.spawn(expire_keys::run(Arc::clone(app), stopped.clone()));
    jobs.spawn(assume_delivered::run(Arc::clone(app), stopped.clone()));
    jobs.spawn(poke_objects::run(Arc::clone(app), stopped.clone()));
    jobs.spawn(run_payouts::run(Arc::clone(app), stopped.clone()));
    jobs.spawn(number_webhooks::run(Arc::clone(app), stopped.clone()));
    jobs.spawn(deliver_webhooks::run(Arc::clone(app), stopped.clone()));
    jobs.spawn(drop_old_deliveries::run(Arc::clone(app), stopped.clone()));
    jobs
}
