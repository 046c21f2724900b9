//! The loop that sends what is due: every leased lane runs by itself, and what they sent is
//! recorded together as it comes in. A slow endpoint occupies its own lane.

use super::pace::Backoff;
use crate::app::App;
use crate::error::Fault;
use crate::flows::webhook::deliver::{self, Limits, Post, Sent};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The safety net below the wake, and how late a retry may begin.
const POLL: Duration = Duration::from_millis(500);
/// How soon what could not be recorded is tried again, because somebody else held its lane.
const BUSY_POLL: Duration = Duration::from_millis(20);
/// Lanes recorded in one transaction at most.
const RECORDED_MAX: usize = 64;
/// How long calls under way may take to end after a stop signal.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// The loop's state.
struct Round {
    app: Arc<App>,
    post: Arc<Post>,
    /// Lanes being sent on.
    flying: JoinSet<Sent>,
    /// Lanes that wait to be recorded.
    landed: Vec<Sent>,
    backoff: Backoff,
}

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let post = Post::new(app.vault.clone(), app.sender.clone(), Limits::default());
    let mut round = Round {
        app,
        post: Arc::new(post),
        flying: JoinSet::new(),
        landed: Vec::new(),
        backoff: Backoff::default(),
    };
    let mut pause = Duration::ZERO;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            () = tokio::time::sleep(pause) => {}
            () = round.app.wakes.delivery.notified() => {}
            Some(sent) = round.flying.join_next() => round.land(sent),
        }
        let Err(fault) = round.go_on().await else {
            round.backoff.reset();
            pause = if round.landed.is_empty() { POLL } else { BUSY_POLL };
            continue;
        };
        tracing::error!(%fault, "deliveries could not be leased or recorded; they will be");
        pause = round.backoff.after_failure();
        // While the database is away, what lands is kept and nothing more is leased.
        if !round.landed.is_empty() {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
    round.end().await;
}

impl Round {
    fn land(&mut self, sent: Result<Sent, tokio::task::JoinError>) {
        match sent {
            Ok(sent) => self.landed.push(sent),
            // Its lease ends by itself.
            Err(cause) => tracing::error!(%cause, "a lane's sending broke off"),
        }
    }

    /// Records what landed, but for lanes that somebody else holds, then leases what there is room
    /// for.
    async fn go_on(&mut self) -> Result<(), Fault> {
        self.record().await?;
        let under_way = self.flying.len() + self.landed.len();
        let free = self.post.limits().lanes_max.saturating_sub(under_way);
        if free == 0 {
            return Ok(());
        }
        let (pool, limits) = (&self.app.pool, self.post.limits());
        let leased = deliver::lease(pool, limits, free, Timestamp::now()).await?;
        // Receivers refuse what was stamped long before it arrives, and leasing may take long.
        let now = Timestamp::now();
        for work in leased {
            let post = Arc::clone(&self.post);
            self.flying.spawn(async move { deliver::lane(&post, work, now).await });
        }
        Ok(())
    }

    async fn record(&mut self) -> Result<(), Fault> {
        while let Some(sent) = self.flying.try_join_next() {
            self.land(sent);
        }
        let mut held_up = Vec::new();
        let mut outcome = Ok(());
        while outcome.is_ok() && !self.landed.is_empty() {
            let part = self.landed.len().min(RECORDED_MAX);
            let sent = &self.landed[..part];
            outcome = deliver::record(&self.app.pool, sent, Timestamp::now()).await.map(|done| {
                let landed = self.landed.drain(..part);
                held_up.extend(landed.filter(|sent| done.busy.contains(&sent.lease())));
            });
        }
        self.landed.append(&mut held_up);
        outcome
    }

    /// Lets calls under way end, for a moment, and records them. What is cut off is sent again by
    /// another node, or by this one once it is back, when the lease is over.
    async fn end(&mut self) {
        self.post.stop();
        let landing = async {
            while let Some(sent) = self.flying.join_next().await {
                self.land(sent);
            }
        };
        let in_time = tokio::time::timeout(STOP_TIME_MAX, landing).await.is_ok();
        if !in_time {
            let lanes = self.flying.len();
            tracing::info!(lanes, "deliveries under way are cut off; they will be sent again");
        }
        self.flying.abort_all();
        if let Err(fault) = self.record().await {
            tracing::warn!(%fault, "deliveries could not be recorded; they will be sent again");
        } else if !self.landed.is_empty() {
            let lanes = self.landed.len();
            tracing::info!(lanes, "lanes held by others are not recorded; they are sent on again");
        }
    }
}
