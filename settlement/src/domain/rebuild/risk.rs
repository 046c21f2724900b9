//! Risk in a rebuilding: a recorded score says what it was made of, the score itself is made again.

use super::super::commission::{Cause, Commission, Steps};
use super::super::lifecycle::{Event, Verdict};
use super::super::risk::desk::Loaded;
use super::super::risk::{REFUSED, Reason, Scored, View, WEIGHTS, Weights};
use super::{Difference, Recorded};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A risk score as it was written.
#[derive(Debug, Clone)]
pub struct RecordedScore {
    /// The score with what it was made of.
    pub scored: Scored,
    /// When it was written, in real time.
    pub made_at: Timestamp,
}

/// A person's decision on a commission's risk.
#[derive(Debug, Clone)]
pub struct RiskDecision {
    /// What it is to the commission: risk clear, or risk refused.
    pub event: Event,
    /// The reasons shown then: what a clearance covers.
    pub reasons: BTreeSet<Reason>,
    /// When it took effect, in the merchant's time.
    pub at: Timestamp,
    /// When it was written, in real time.
    pub made_at: Timestamp,
}

impl RecordedScore {
    /// What the score is made of again; by a table that is not known, by the newest.
    pub(super) fn view(&self) -> View {
        let scored = &self.scored;
        View {
            facts: scored.facts.clone(),
            weights: Weights::of_version(scored.score.weights_version).unwrap_or(WEIGHTS),
            thresholds: vec![(Timestamp::MIN, scored.threshold)],
        }
    }
}

/// What a desk knows at a step of this instant, when so many scores have been made before it and so
/// many are steps of their own: the next score, if that was written by this step.
pub(super) fn loaded(
    recorded: &Recorded,
    made: usize,
    own_steps: usize,
    made_at: Option<Timestamp>,
) -> Loaded {
    let within = recorded.scores.len().saturating_sub(own_steps);
    let next = recorded.scores[..within].get(made);
    let next = next.filter(|score| Some(score.made_at) == made_at);
    Loaded::Recorded(next.map(|score| Box::new(score.view())))
}

/// Carries out a person's decision on a commission's risk, after what had come due by then.
pub(super) fn decide(
    recorded: &Recorded,
    commission: Option<&mut Commission>,
    decision: &RiskDecision,
    steps: &mut Steps,
) -> Result<(), Difference> {
    let word = format!("{:?}", decision.event);
    let cannot = |was: &str| Difference::new(recorded.id, "risk decision", &word, was);
    let commission = commission.ok_or_else(|| cannot("no commission"))?;
    let at = decision.at;
    commission.release_if_due(at, steps);
    let before = commission.state;
    let verdict = match decision.event {
        Event::RiskClear => commission.clear_risk(decision.reasons.clone(), at, steps),
        event => commission.apply(event, Cause { at, reason: Some(REFUSED) }, steps),
    };
    match verdict {
        Verdict::Move(_) | Verdict::Remembered => Ok(()),
        _ => Err(cannot(&format!("{verdict:?} of {before:?}"))),
    }
}
