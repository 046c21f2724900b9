//! The benchmark's program: runs the chosen sections and prints one table.

mod edge;
mod figure;
mod load;
mod money;
mod postgres;
mod process;
mod settle;
mod table;
mod webhooks;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use figure::Figure;

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// A click's redirect beside a JavaScript twin.
    Redirect,
    /// A signed order's 202 beside a JavaScript twin, and batches beside single orders.
    Intake,
    /// The bundle's size and a cold start.
    Cold,
    /// From an HTTP batch to settled events.
    Settle,
    /// Release of holds and a payout run, over very many commissions.
    Money,
    /// Deliveries to webhook endpoints.
    Webhooks,
}

/// Measures Khata beside its twins on this machine.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// Only these sections [default: all]
    #[arg(value_enum)]
    sections: Vec<Section>,
    /// Rounds of each side; sides alternate
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

fn main() -> Result<()> {
    if webhooks::sink::is_asked_for() {
        return webhooks::sink::serve();
    }
    let arguments = Arguments::parse();
    let sections = match arguments.sections.as_slice() {
        [] => Section::value_variants(),
        chosen => chosen,
    };
    let mut figures: Vec<Figure> = Vec::new();
    for section in sections {
        figures.extend(measure(*section, arguments.rounds)?);
    }
    print!("{}", table::of(&figures));
    Ok(())
}

fn measure(section: Section, rounds: usize) -> Result<Vec<Figure>> {
    match section {
        Section::Redirect => edge::redirect(rounds),
        Section::Intake => {
            let mut figures = edge::intake(rounds)?;
            figures.extend(edge::batch(rounds)?);
            figures.extend(edge::per_event()?);
            Ok(figures)
        }
        Section::Cold => edge::cold(rounds),
        Section::Settle => settle::measure(rounds),
        Section::Money => money::measure(rounds),
        Section::Webhooks => webhooks::measure(rounds),
    }
}
