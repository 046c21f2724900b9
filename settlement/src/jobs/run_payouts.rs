//! The loop that drafts live payouts by the schedule, and plays those of the sandbox by each
//! merchant's own clock.

use super::pace::{Backoff, Next, wait};
use crate::app::App;
use crate::error::Fault;
use crate::flows::payout::run::Ran;
use crate::flows::payout::sandbox::Played;
use crate::flows::payout::{due, sandbox};
use crate::store::payout::open;
use jiff::Timestamp;
use shared::id::MerchantId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_secs(60);

pub(super) async fn run(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut backoff = Backoff::default();
    loop {
        let pause = match round(&app, Timestamp::now()).await {
            Ok(()) => {
                backoff.reset();
                PERIOD
            }
            Err(fault) => {
                tracing::error!(%fault, "payouts could not be drafted; they will be");
                backoff.after_failure()
            }
        };
        if wait(pause, None, &mut stopped).await == Next::Stop {
            return;
        }
    }
}

async fn round(app: &App, now: Timestamp) -> Result<(), Fault> {
    if let Some(Ran::Drafted(drafted)) = due::run_once(&app.pool, &app.payout_schedule, now).await?
    {
        let (run, payouts, left_out) = (drafted.run, drafted.payouts, drafted.left_out.len());
        tracing::info!(%run, payouts, left_out, "payouts were drafted by the schedule");
    }
    let mut connection = app.pool.acquire().await?;
    let merchants = open::test_merchants(&mut connection).await?;
    drop(connection);
    for merchant in merchants.into_iter().map(MerchantId) {
        let played = sandbox::run_due(&app.pool, &app.payout_schedule, merchant, now).await?;
        if let Played::Settled(payouts) = played {
            tracing::info!(%merchant, payouts, "the sandbox paid out");
        }
    }
    Ok(())
}
