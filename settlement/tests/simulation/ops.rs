//! Everything that can happen in a history, drawn from a seed with weights.

use crate::random::Random;

/// One thing that happens. Numbers pick among what is there when it happens.
#[derive(Debug, Clone, Copy)]
pub enum Op {
    /// A merchant reports an order, a new one or one already reported.
    Order { scope: usize },
    /// A merchant reports a status of an order, there or not yet.
    Report { scope: usize },
    /// The test clock moves forward.
    Advance { seconds: i64 },
    /// What the edge stored cannot be read.
    Garbage { scope: usize },
    /// The edge sends what it holds; its acknowledgement may get lost, and all of it comes again.
    Drain { scope: usize, is_lost: bool },
    /// Records of clicks come, late.
    Clicks,
    /// One node settles, or two at once, so many events at most; it may die after so many steps.
    Settle { events_max: usize, nodes: usize, dies_after: Option<usize> },
    /// Return windows end.
    Release { dies_after: Option<usize> },
    /// What waits is taken up.
    Resume { dies_after: Option<usize> },
    /// Time passes.
    Wait { milliseconds: i64 },
    /// Time passes to just before, at, or after the end of a return window.
    WaitForHold { milliseconds_after: i64 },
    /// A rule is set or ended.
    Rule { scope: usize },
    /// A campaign's windows change.
    Windows { scope: usize },
    /// A step with payouts.
    Payouts { dies_after: Option<usize> },
    /// Somebody decides on a commission's risk.
    DecideRisk { scope: usize },
    /// Somebody decides who earns an order that waits.
    DecideReview { scope: usize },
    /// An affiliate is suspended, or no longer.
    Suspend,
    /// A correction is asked for and decided on.
    Correct { scope: usize },
    /// Orders without news count as delivered.
    Assume,
    /// A link that clicks name already becomes known.
    LateLink,
}

/// Books of a history: two merchants, one of them in both environments.
pub const SCOPES: usize = 3;
/// The book with the test clock.
pub const TEST_SCOPE: usize = 1;
/// The book of the merchant whose orders count as delivered after some days.
pub const ASSUMING_SCOPE: usize = 2;

impl Op {
    pub fn draw(random: &mut Random) -> Self {
        let scope = random.below(SCOPES);
        match random.below(1_000) {
            0..240 => Self::Order { scope },
            240..750 => Self::Report { scope },
            750..766 => Self::DecideRisk { scope },
            766..774 => Self::DecideReview { scope },
            774 => Self::Suspend,
            775..778 => Self::Correct { scope },
            778..780 => Self::Assume,
            780..784 => Self::Advance { seconds: advance(random) },
            784..787 => Self::Garbage { scope },
            787..860 => Self::Drain { scope, is_lost: random.percent(20) },
            860..880 => Self::Clicks,
            880..920 => Self::Settle {
                events_max: random.of(&[1, 3, 10, 50, 2_000]),
                nodes: random.of(&[1, 1, 1, 2]),
                dies_after: dies(random),
            },
            920..932 => Self::Release { dies_after: dies(random) },
            932..940 => Self::Resume { dies_after: dies(random) },
            940..980 => Self::Wait { milliseconds: wait(random) },
            980..988 => Self::WaitForHold { milliseconds_after: random.of(&[-1, 0, 0, 1]) },
            988..994 => Self::Rule { scope },
            994..997 => Self::Windows { scope },
            997 => Self::LateLink,
            _ => Self::Payouts { dies_after: dies(random) },
        }
    }
}

fn dies(random: &mut Random) -> Option<usize> {
    random.percent(15).then(|| random.below(25))
}

fn advance(random: &mut Random) -> i64 {
    match random.below(4) {
        0 => random.between(1, 59),
        1 => random.between(60, 86_399),
        2 => 86_400 * random.between(1, 30),
        _ => random.between(1, 120 * 86_400),
    }
}

fn wait(random: &mut Random) -> i64 {
    match random.below(10) {
        0..3 => random.between(1, 999),
        3..6 => random.between(1_000, 3_600_000),
        6..9 => random.between(3_600_000, 48 * 3_600_000),
        _ => random.between(1, 40 * 86_400_000),
    }
}
