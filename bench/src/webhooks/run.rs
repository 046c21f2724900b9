//! The runs: as fast as it goes, beside a plain loop of the same client, and beside a dead endpoint.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::stream::{self, StreamExt};
use settlement::domain::webhook::signature;
use settlement::outbound::webhook::{Answer, Call, Reach, Sender};
use settlement::secrets::draw;

use super::stage::{Cpu, Stage, notice, tell};
use super::store;

/// Calls of the plain loop under way at once.
const PLAIN_CALLS: usize = 64;
/// How long deliveries of a steady load are measured.
const STEADY: Duration = Duration::from_secs(12);
/// How often notices of a steady load are written.
const STEADY_PERIOD: Duration = Duration::from_millis(20);
/// An attempt's time.
const CALL_MAX: Duration = Duration::from_secs(15);

/// What a run as fast as it goes took.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Deliveries recorded a second.
    pub per_second: f64,
    /// Seconds of CPU of 1,000 deliveries.
    pub cpu: Cpu,
}

/// Tells so many notices among so many endpoints, then lets settlement send them.
pub fn deliveries(stage: &mut Stage, endpoints: usize, many: usize) -> Result<Run> {
    let site = stage.site(endpoints, 0)?;
    let notices: Vec<_> =
        (0..many).map(|number| notice(site.endpoints[number % endpoints], number)).collect();
    stage.runtime.block_on(tell(&site.pool, &notices))?;
    let mut connection = stage.connect(&site)?;
    let (at_start, began) = (stage.cpu()?, Instant::now());
    let serving = stage.serve(&site)?;
    let sent = stage.await_all_sent(&mut connection);
    let (seconds, at_end) = (began.elapsed().as_secs_f64(), stage.cpu()?);
    stage.stop(serving)?;
    sent?;
    stage.runtime.block_on(store::check(&mut connection, many))?;
    drop(connection);
    stage.remove(&site)?;
    Ok(run(many, seconds, at_start, at_end))
}

/// The same calls by the same client, signed, with nothing recorded.
pub fn plain(stage: &Stage, many: usize) -> Result<Run> {
    let sender = Sender::new(Reach::Any);
    let secrets = [draw::webhook_secret()];
    let (_, notice) = notice(uuid::Uuid::nil(), 0);
    let body = notice.data.to_string();
    let (at_start, began) = (stage.cpu()?, Instant::now());
    let arrived = stage.runtime.block_on(async {
        let calls = (0..many).map(|number| {
            let (sender, secrets, body) = (&sender, &secrets, &body);
            async move {
                let message_id = format!("msg_{number}");
                let signature = signature::header(secrets, &message_id, 1, body);
                let call = Call {
                    url: &stage.sink.url(number % PLAIN_CALLS),
                    message_id: &message_id,
                    timestamp_seconds: 1,
                    signature: &signature,
                    body,
                    time_max: CALL_MAX,
                };
                matches!(sender.post(call).await, Answer::Status { status: 200, .. })
            }
        });
        let done = stream::iter(calls).buffer_unordered(PLAIN_CALLS);
        done.filter(|arrived| std::future::ready(*arrived)).count().await
    });
    let seconds = began.elapsed().as_secs_f64();
    ensure!(arrived == many, "only {arrived} of {many} arrived");
    Ok(run(many, seconds, at_start, stage.cpu()?))
}

fn run(many: usize, seconds: f64, at_start: Cpu, at_end: Cpu) -> Run {
    #[expect(clippy::cast_precision_loss, reason = "thousands of deliveries fit 52 bits")]
    let many = many as f64;
    let of_thousand = |of: fn(&Cpu) -> f64| (of(&at_end) - of(&at_start)) * 1_000.0 / many;
    let cpu = Cpu {
        settlement: of_thousand(|cpu| cpu.settlement),
        postgres: of_thousand(|cpu| cpu.postgres),
        sink: of_thousand(|cpu| cpu.sink),
    };
    Run { per_second: many / seconds, cpu }
}

/// A steady load on endpoints that answer, with so many dead ones among them: the time that 99 of
/// 100 deliveries of the living stayed below, milliseconds.
pub fn p99_ms(stage: &mut Stage, living: usize, dead: usize, per_period: usize) -> Result<f64> {
    let site = stage.site(living, dead)?;
    let mut connection = stage.connect(&site)?;
    let serving = stage.serve(&site)?;
    stage.runtime.block_on(async {
        let mut period = tokio::time::interval(STEADY_PERIOD);
        let (began, mut number) = (Instant::now(), 0);
        while began.elapsed() < STEADY {
            period.tick().await;
            let told: Vec<_> = (number..number + per_period)
                .map(|number| notice(site.endpoints[number % site.endpoints.len()], number))
                .collect();
            tell(&site.pool, &told).await?;
            serving.app.wakes.webhook.notify_one();
            number += per_period;
        }
        anyhow::Ok(())
    })?;
    let living = &site.endpoints[..living];
    let p99 = stage.runtime.block_on(store::p99_ms(&mut connection, living));
    stage.stop(serving)?;
    drop(connection);
    stage.remove(&site)?;
    p99
}
