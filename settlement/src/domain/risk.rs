//! The risk of a commission that is about to become payable (MONEY §15).
//!
//! What is known at the sale is frozen as `Signals`; what grows afterwards is counted (`Counts`).
//! `score` weighs both by a versioned table; a person decides from the merchant's threshold on.

pub mod amounts;
pub mod desk;
pub mod needs;
pub mod score;
pub mod signals;
pub mod tally;
pub mod weights;

use super::lifecycle::State;
use jiff::Timestamp;
use shared::id::ConversionId;
use std::collections::BTreeSet;

pub use score::{Counts, Facts, Outcome, Score};
pub use signals::Signals;
pub use weights::{Reason, WEIGHTS, Weights};

/// Points at or above which a commission waits for a person, where its merchant set nothing else.
pub const THRESHOLD_DEFAULT: u32 = 60;
/// The least threshold a merchant can have: above what one shared address can come to.
pub const THRESHOLD_MIN: u32 = 40;
/// The highest threshold; a score is at most 100.
pub const THRESHOLD_MAX: u32 = 100;
/// All that a refused commission says of why, to the merchant's and the affiliate's endpoints.
pub const REFUSED: &str = "Refused in risk review.";

/// Where a commission stands with its risk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// Reasons a person has cleared; `None`: nobody has decided.
    pub cleared: Option<BTreeSet<Reason>>,
    /// Whether it is approved and still to be scored.
    pub due: bool,
    /// What a score would be made of, loaded for this step and never stored here.
    pub view: Option<View>,
}

/// What a score is made of, as it is known for one step.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// What is weighed.
    pub facts: Facts,
    /// By which table.
    pub weights: &'static Weights,
    /// The merchant's thresholds, oldest first, in the merchant's time.
    pub thresholds: Vec<(Timestamp, u32)>,
}

impl View {
    /// The threshold in force at an instant.
    pub fn threshold(&self, at: Timestamp) -> u32 {
        let in_force = self.thresholds.iter().rev().find(|(from, _)| *from <= at);
        in_force.map_or(THRESHOLD_DEFAULT, |(_, threshold)| *threshold)
    }
}

/// A score as it is to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The commission's conversion.
    pub conversion: ConversionId,
    /// When it took effect, in the merchant's time.
    pub at: Timestamp,
    /// Points and reasons.
    pub score: Score,
    /// The threshold in force then.
    pub threshold: u32,
    /// What it was made of.
    pub facts: Facts,
    /// What follows from it.
    pub outcome: Outcome,
}

/// Where the review of a scored commission stands, for its merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// The score was below the threshold; nobody has to look.
    Clear,
    /// It waits for a person.
    Waiting,
    /// A person cleared it.
    Cleared,
    /// A person refused it.
    Refused,
    /// It was rejected for another reason before anybody decided.
    Ended,
}

impl Review {
    /// Every case, in the order in which they are listed.
    pub const ALL: [Self; 5] =
        [Self::Clear, Self::Waiting, Self::Cleared, Self::Refused, Self::Ended];

    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Waiting => "in_review",
            Self::Cleared => "cleared",
            Self::Refused => "refused",
            Self::Ended => "ended",
        }
    }

    /// From the latest score, the commission's state on the wire, and whether a person refused it.
    pub fn of(outcome: Outcome, state: &str, refused: bool) -> Self {
        match (outcome, state, refused) {
            (_, _, true) => Self::Refused,
            (Outcome::Clear, _, false) => Self::Clear,
            (Outcome::Review, "approved", false) => Self::Waiting,
            (Outcome::Review, "rejected", false) => Self::Ended,
            (Outcome::Cleared | Outcome::Review, _, false) => Self::Cleared,
        }
    }
}

/// All that an affiliate is told of its commission's risk: never a reason, never a score.
pub fn for_affiliate(state: State) -> Option<&'static str> {
    (state == State::Approved).then_some("Under review.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_affiliate_learns_that_it_is_reviewed_and_nothing_else() {
        for state in State::ALL {
            let expected = (state == State::Approved).then_some("Under review.");
            assert_eq!(for_affiliate(state), expected, "{state:?}");
        }
    }

    #[test]
    fn a_review_stands_where_score_state_and_decision_put_it() {
        use Outcome as O;
        let cases = [
            (O::Clear, "payable", false, Review::Clear),
            (O::Clear, "rejected", true, Review::Refused),
            (O::Clear, "rejected", false, Review::Clear),
            (O::Cleared, "paid", false, Review::Cleared),
            (O::Review, "approved", false, Review::Waiting),
            (O::Review, "payable", false, Review::Cleared),
            (O::Review, "paid", false, Review::Cleared),
            (O::Review, "rejected", true, Review::Refused),
            (O::Review, "rejected", false, Review::Ended),
        ];
        for (outcome, state, refused, expected) in cases {
            assert_eq!(Review::of(outcome, state, refused), expected, "{outcome:?} {state}");
        }
    }

    #[test]
    fn every_standing_of_a_review_has_its_word() {
        let words = Review::ALL.map(Review::as_str);
        assert_eq!(words, ["clear", "in_review", "cleared", "refused", "ended"]);
    }

    #[test]
    fn the_threshold_in_force_at_the_instant_counts() {
        let at = |second| Timestamp::from_second(second).expect("a second of the test");
        let facts = Facts { signals: Signals::default(), counts: Counts::default() };
        let view = View { facts, weights: WEIGHTS, thresholds: vec![(at(10), 80), (at(20), 40)] };
        for (second, expected) in [(9, 60), (10, 80), (19, 80), (20, 40)] {
            assert_eq!(view.threshold(at(second)), expected, "{second}");
        }
    }
}
