//! The directory loop: changed rows as they come, and snapshots for shards that want one.

use super::pace::{Backoff, Next, wait};
use crate::app::App;
use crate::error::Fault;
use crate::flows::push_directory;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Operators' commands run in processes of their own, so changes are also looked for.
const POLL: Duration = Duration::from_secs(1);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    // A shard may have been wiped while settlement was away.
    let mut wanted: BTreeSet<u32> = (0..app.edge.directory_shards).collect();
    loop {
        let asked = app.wakes.take_snapshots();
        wanted.extend(asked.into_iter().filter(|shard| *shard < app.edge.directory_shards));
        let pause = match round(&app, &mut wanted, Timestamp::now()).await {
            Ok(Round::Done) => {
                backoff.reset();
                POLL
            }
            Ok(Round::More) => {
                backoff.reset();
                Duration::ZERO
            }
            Err(fault) => {
                tracing::warn!(%fault, "the directory could not be pushed; it will be again");
                backoff.after_failure()
            }
        };
        if wait(pause, Some(&app.wakes.push), &mut stopped).await == Next::Stop {
            return;
        }
    }
}

enum Round {
    Done,
    More,
}

/// Changes go first: a revocation must not wait behind a snapshot.
async fn round(app: &App, wanted: &mut BTreeSet<u32>, now: Timestamp) -> Result<Round, Fault> {
    let pushed = push_directory::run_once(&app.pool, &app.edge, now).await?;
    wanted.extend(&pushed.without_snapshot);
    if pushed.more {
        return Ok(Round::More);
    }
    let Some(shard) = wanted.first().copied() else {
        return Ok(Round::Done);
    };
    let rows = push_directory::snapshot(&app.pool, &app.edge, shard, now).await?;
    tracing::info!(shard, rows, "a directory shard got its snapshot");
    wanted.remove(&shard);
    Ok(if wanted.is_empty() { Round::Done } else { Round::More })
}
