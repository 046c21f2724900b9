//! Deliveries to a listener on this machine: as fast as they go, beside a plain loop of the same
//! client, beside a dead endpoint, and among more and more endpoints.

mod run;
pub mod sink;
mod stage;
mod store;

use anyhow::Result;

use crate::figure::{Figure, Target, median};
use run::Run;
use stage::Stage;

/// Deliveries of a run.
const DELIVERIES: usize = 20_000;
/// Endpoints of a run, unless it is about their number.
const ENDPOINTS: usize = 100;
/// Numbers of endpoints that should cost the same for each delivery.
const GROWTH: [usize; 3] = [10, 100, 1_000];
/// What should be recorded, deliveries per second.
const RATE_MIN: f64 = 2_000.0;
/// How many times as long one dead endpoint may make the others' p99.
const DEAD_TIMES_MAX: f64 = 1.2;
/// Notices each 20 ms of the steady load: 500 a second.
const STEADY_PER_PERIOD: usize = 10;

/// Measures all of it.
pub fn measure(rounds: usize) -> Result<Vec<Figure>> {
    let mut stage = Stage::open()?;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        ours.push(run::deliveries(&mut stage, ENDPOINTS, DELIVERIES)?);
        plain.push(run::plain(&stage, DELIVERIES)?);
        let (fast, plain) = (ours[round - 1].per_second, plain[round - 1].per_second);
        eprintln!("webhooks, round {round}/{rounds}: {fast:.0} and plainly {plain:.0} a second");
    }
    let mut figures = figures_of(&ours, &plain);
    figures.push(growth(&mut stage)?);
    figures.push(dead(&mut stage, rounds)?);
    Ok(figures)
}

fn figures_of(ours: &[Run], plain: &[Run]) -> Vec<Figure> {
    let of =
        |runs: &[Run], value: fn(&Run) -> f64| median(&runs.iter().map(value).collect::<Vec<_>>());
    let rate = of(ours, |run| run.per_second);
    let plain_rate = of(plain, |run| run.per_second);
    let parts = [
        of(ours, |run| run.cpu.settlement),
        of(ours, |run| run.cpu.postgres),
        of(ours, |run| run.cpu.sink),
    ];
    let plain_parts = [of(plain, |run| run.cpu.settlement), of(plain, |run| run.cpu.sink)];
    vec![
        Figure {
            name: "webhooks, every attempt recorded".into(),
            value: rate,
            unit: "/s",
            target: Target::AtLeast(RATE_MIN),
            note: format!("{ENDPOINTS} endpoints, listener and Postgres on the same cores"),
        },
        Figure {
            name: "webhooks, to a plain loop of calls".into(),
            value: rate / plain_rate,
            unit: "×",
            target: Target::Told,
            note: format!("{rate:.0} to {plain_rate:.0} a second; nothing is stored there"),
        },
        Figure {
            name: "webhooks, CPU of 1,000".into(),
            value: parts.iter().sum(),
            unit: "s",
            target: Target::Told,
            note: format!(
                "settlement {:.2} + Postgres {:.2} + listener {:.2}; plain loop {:.2} + {:.2}",
                parts[0], parts[1], parts[2], plain_parts[0], plain_parts[1]
            ),
        },
    ]
}

/// Whether a hundred times the endpoints make a delivery dearer.
fn growth(stage: &mut Stage) -> Result<Figure> {
    let mut costs = Vec::new();
    let mut told = Vec::new();
    for endpoints in GROWTH {
        let run = run::deliveries(stage, endpoints, DELIVERIES)?;
        let cost = run.cpu.settlement + run.cpu.postgres;
        told.push(format!("{endpoints}: {:.0}/s, {cost:.2} s", run.per_second));
        costs.push(cost);
    }
    Ok(Figure {
        name: "webhooks, 100× the endpoints".into(),
        value: costs[2] / costs[0],
        unit: "× the CPU of each",
        target: Target::Told,
        note: told.join("; "),
    })
}

/// What one dead endpoint does to the others.
fn dead(stage: &mut Stage, rounds: usize) -> Result<Figure> {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        without.push(run::p99_ms(stage, ENDPOINTS, 0, STEADY_PER_PERIOD)?);
        with.push(run::p99_ms(stage, ENDPOINTS - 1, 1, STEADY_PER_PERIOD)?);
    }
    let (without, with) = (median(&without), median(&with));
    Ok(Figure {
        name: "webhooks, p99 beside a dead endpoint".into(),
        value: with / without,
        unit: "×",
        target: Target::AtMost(DEAD_TIMES_MAX),
        note: format!("{with:.0} to {without:.0} ms from commit to answer, 500 a second"),
    })
}
