//! Hold release and a payout run over very many commissions: once, twice and four times as many.

mod payouts;
mod release;
mod stage;
mod store;

use anyhow::Result;

use crate::figure::{Figure, Target, median};
use stage::Stage;
use store::Affiliates;

/// Commissions that the targets speak of.
const COMMISSIONS: usize = 100_000;
/// Their affiliates in a payout run.
const AFFILIATES: usize = 10_000;
/// What each of the two may take, seconds.
const SECONDS_MAX: f64 = 10.0;

/// Measures both, the largest size in every round, the smaller ones once.
pub fn measure(rounds: usize) -> Result<Vec<Figure>> {
    let mut stage = Stage::open()?;
    let mut figures = Vec::new();
    let mut seconds = Vec::new();
    for round in 1..=rounds {
        seconds.push(release::seconds(&mut stage, COMMISSIONS)?);
        eprintln!("release of holds, round {round}/{rounds}: {:.1} s", seconds[round - 1]);
    }
    figures.push(target("release of 100,000 due holds", &seconds));
    figures.push(growth("release, 4× the commissions", |times| {
        release::seconds(&mut stage, COMMISSIONS * times / 4)
    })?);
    let mut runs = Vec::new();
    for round in 1..=rounds {
        let run = payouts::steps(&mut stage, COMMISSIONS, Affiliates(AFFILIATES))?;
        eprintln!("payout run, round {round}/{rounds}: {run}");
        runs.push(run);
    }
    let of = |step: fn(&payouts::Steps) -> f64| runs.iter().map(step).collect::<Vec<_>>();
    figures.push(target("payout run over 100,000 commissions", &of(|run| run.run)));
    for (name, seconds) in [
        ("payouts of that run approved", of(|run| run.approve)),
        ("payouts of that run sent, files written", of(|run| run.process)),
        ("bank's answers to 10,000 payouts taken in", of(|run| run.answer)),
    ] {
        figures.push(Figure { target: Target::Told, ..target(name, &seconds) });
    }
    figures.push(growth("payout run, 4× the commissions", |times| {
        let affiliates = Affiliates(AFFILIATES * times / 4);
        Ok(payouts::steps(&mut stage, COMMISSIONS * times / 4, affiliates)?.run)
    })?);
    Ok(figures)
}

fn target(name: &str, seconds: &[f64]) -> Figure {
    let least = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let most = seconds.iter().copied().fold(0.0, f64::max);
    Figure {
        name: name.into(),
        value: median(seconds),
        unit: "s",
        target: Target::AtMost(SECONDS_MAX),
        note: format!("{least:.1} to {most:.1}; synchronous commit"),
    }
}

/// How many times as long four times as many take.
fn growth(name: &str, mut seconds: impl FnMut(usize) -> Result<f64>) -> Result<Figure> {
    let mut took = Vec::new();
    for times in [1, 2, 4] {
        took.push((times, seconds(times)?));
    }
    let told: Vec<String> = took
        .iter()
        .map(|(times, seconds)| format!("{}: {seconds:.2} s", COMMISSIONS * times / 4))
        .collect();
    Ok(Figure {
        name: name.into(),
        value: took[2].1 / took[0].1,
        unit: "× the time",
        target: Target::Told,
        note: told.join(", "),
    })
}
