//! One measured figure: a median, what it is compared with, and what it should reach.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(1_500);
const LOOKS_MAX: usize = 20;

/// Which side of its target a figure should be on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// At least this much.
    AtLeast(f64),
    /// At most this much.
    AtMost(f64),
    /// Printed for the reader; nothing is asked of it.
    Told,
}

/// A line of the table.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was measured, as a reader would name it.
    pub name: String,
    /// The median.
    pub value: f64,
    /// What `value` counts: `events/s`, `ms`, `×`, `KB`.
    pub unit: &'static str,
    /// What it should reach.
    pub target: Target,
    /// Both sides of a ratio, the spread, or the reason of a miss.
    pub note: String,
}

impl Figure {
    /// Whether the figure is where it should be.
    pub fn is_met(&self) -> bool {
        match self.target {
            Target::AtLeast(least) => self.value >= least,
            Target::AtMost(most) => self.value <= most,
            Target::Told => true,
        }
    }
}

/// The middle of some measurements; the lower middle of an even number. 0 for none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

/// Waits until something holds at one of many looks, at most half a minute.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) -> Result<()> {
    for _ in 0..LOOKS_MAX {
        thread::sleep(LOOK);
        if holds() {
            return Ok(());
        }
    }
    bail!("not in time: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        for (values, expected) in
            [(&[][..], 0.0), (&[3.0], 3.0), (&[9.0, 1.0, 5.0], 5.0), (&[4.0, 1.0, 3.0, 2.0], 2.0)]
        {
            assert!((median(values) - expected).abs() < f64::EPSILON, "{values:?}");
        }
    }
}
