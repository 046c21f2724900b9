//! Releasing holds that are all due, as the service does: by its loops, until none is left.

use std::time::Instant;

use anyhow::{Context, Result};
use jiff::Timestamp;
use settlement::flows::release_holds;
use settlement::flows::settle_events::Progress;
use settlement::jobs::SETTLING_LOOPS;
use sqlx::PgPool;

use super::stage::Stage;
use super::store::{self, Affiliates, Standing};

/// Affiliates among whom the commissions are divided.
const AFFILIATES: usize = 10_000;

/// Seconds that releasing so many commissions takes.
pub fn seconds(stage: &mut Stage, commissions: usize) -> Result<f64> {
    let (pool, name) = stage.database()?;
    let took = stage.runtime.block_on(async {
        store::write(&pool, commissions, Affiliates(AFFILIATES), Standing::HoldDue).await?;
        let began = Instant::now();
        let mut loops = tokio::task::JoinSet::new();
        for _ in 0..SETTLING_LOOPS {
            loops.spawn(until_idle(pool.clone()));
        }
        while let Some(ended) = loops.join_next().await {
            ended.context("a loop panicked")??;
        }
        let took = began.elapsed().as_secs_f64();
        store::check(&pool, "payable", commissions).await?;
        anyhow::Ok(took)
    })?;
    stage.remove(&pool, &name)?;
    Ok(took)
}

async fn until_idle(pool: PgPool) -> Result<()> {
    while release_holds::run_once(&pool, Timestamp::now()).await? != Progress::Idle {}
    Ok(())
}
