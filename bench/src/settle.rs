//! From an HTTP batch to settled events: batches beside one transaction per event.

mod batches;
mod cost;
pub mod network;
mod orders;
mod run;
mod sender;
mod stage;
pub mod store;

use std::num::NonZero;

use anyhow::Result;

use crate::figure::{Figure, Target, median};
pub use cost::cpu_seconds_with_children;
use orders::{Load, Shape};
use run::{Run, Side};
use stage::Stage;

/// Events of a run in batches: long enough that start and end do not show.
const BATCHED_EVENTS: usize = 24_000;
/// Events of a run one by one: a tenth, for about the same time.
const SINGLE_EVENTS: usize = 2_400;
/// Merchants among whom the uniform shape divides its events.
const MERCHANTS: usize = 60;
/// What settling in batches should reach, events per second.
const RATE_MIN: f64 = 10_000.0;
/// How many times the rate of one transaction per event that should be.
const TIMES_MIN: f64 = 10.0;
/// What settlement may hold in memory when it idles, megabytes.
const IDLE_MB_MAX: f64 = 60.0;

/// Runs both shapes on both sides, alternating, and then more and more events.
pub fn measure(rounds: usize) -> Result<Vec<Figure>> {
    let mut stage = Stage::open(MERCHANTS)?;
    let mut figures = Vec::new();
    let mut idle = Vec::new();
    for shape in [Shape::Uniform, Shape::OneMerchant] {
        let (mut batched, mut single) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            batched.push(stage.run(Side::Batched, Load { shape, events: BATCHED_EVENTS })?);
            single.push(stage.run(Side::Single, Load { shape, events: SINGLE_EVENTS })?);
            let (fast, slow) = (&batched[round - 1], &single[round - 1]);
            let (fast, slow) = (fast.events_per_second(), slow.events_per_second());
            eprintln!("settle, {shape}, round {round}/{rounds}: {fast:.0} and {slow:.0} events/s");
        }
        idle.extend(batched.iter().map(|run| run.idle_mb));
        figures.extend(figures_of(shape, &batched, &single));
    }
    let doubled = [1, 2, 4].map(|times| times * BATCHED_EVENTS / 2);
    figures.push(growth(&mut stage, doubled)?);
    figures.push(Figure {
        name: "settlement, idle".into(),
        value: median(&idle),
        unit: "MB",
        target: Target::AtMost(IDLE_MB_MAX),
        note: "resident, after start".into(),
    });
    Ok(figures)
}

fn figures_of(shape: Shape, batched: &[Run], single: &[Run]) -> Vec<Figure> {
    let of =
        |runs: &[Run], value: fn(&Run) -> f64| median(&runs.iter().map(value).collect::<Vec<_>>());
    let (fast, slow) = (of(batched, Run::events_per_second), of(single, Run::events_per_second));
    let figure = |name: &str, value, unit, target, note| Figure {
        name: format!("settle, {shape}{name}"),
        value,
        unit,
        target,
        note,
    };
    let spread = spread(&batched.iter().map(Run::events_per_second).collect::<Vec<_>>());
    let cost = format!(
        "settlement {:.2} + Postgres {:.2} + this program's posts {:.2}; peak {:.0} MB",
        of(batched, |run| run.cpu.settlement),
        of(batched, |run| run.cpu.postgres),
        of(batched, |run| run.cpu.sender),
        of(batched, |run| run.peak_mb),
    );
    let cpu = of(batched, |run| run.cpu.settlement + run.cpu.postgres);
    vec![
        figure("", fast, "events/s", Target::AtLeast(RATE_MIN), spread),
        figure(
            ", to one by one",
            fast / slow,
            "×",
            Target::AtLeast(TIMES_MIN),
            format!("{fast:.0} to {slow:.0} events/s"),
        ),
        figure(", CPU of 1,000 events", cpu, "s", Target::Told, cost),
    ]
}

/// Whether more events take more than their share of time.
fn growth(stage: &mut Stage, events: [usize; 3]) -> Result<Figure> {
    let mut rates = Vec::new();
    for events in events {
        let run = stage.run(Side::Batched, Load { shape: Shape::Uniform, events })?;
        rates.push(run.events_per_second());
    }
    let told: Vec<String> =
        events.iter().zip(&rates).map(|(many, rate)| format!("{many}: {rate:.0}/s")).collect();
    Ok(Figure {
        name: "settle, 4× the events".into(),
        value: rates[2] / rates[0],
        unit: "× the rate",
        target: Target::Told,
        note: told.join(", "),
    })
}

fn spread(rates: &[f64]) -> String {
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(0.0, f64::max);
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    format!("{least:.0} to {most:.0}; {cores} cores for all, synchronous commit")
}
