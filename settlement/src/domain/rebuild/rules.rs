//! Which rules there were when an order was priced.
//!
//! A rule's first version reaches back without limit, but not to orders priced before it was set:
//! they keep what they were priced at. A version is there from its instant on; one announced for
//! later is there before it. So an order is priced by what had begun by then, and where that does
//! not make the stored books, by all there is.

use super::super::book::Book;
use super::super::order::Order;
use super::super::rule::RuleVersion;
use super::{Heard, Moved, Recorded, Stored};
use jiff::Timestamp;

/// Rules known at a pricing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Those in force from this instant of the merchant's at the latest.
    By(Timestamp),
    /// Those in force from before it: set in the same instant, but after.
    Before(Timestamp),
    /// All of them: some were announced.
    All,
}

impl Known {
    /// Whether a version was known.
    pub(super) fn has(self, rule: &RuleVersion) -> bool {
        match self {
            Self::By(at) => rule.in_force_from <= at,
            Self::Before(at) => rule.in_force_from < at,
            Self::All => true,
        }
    }
}

/// What may have been known when the order was priced, the likeliest first.
pub(super) fn known(
    book: &Book,
    moves: &[Moved],
    opener: &Heard,
    recorded: &Recorded,
    order: &Order,
    stored: &Stored,
) -> Vec<Known> {
    let created = stored.transfers.get(&format!("{}:created", recorded.id.commission_id()));
    let judged_again = order.commission.as_ref().is_some_and(|c| c.created_at != order.received_at);
    let priced_at = match (recorded.decision, created) {
        (Some(decision), _) => decision.made_at,
        (None, Some(created)) if judged_again => created.created_at,
        (None, _) => opener.settled_at,
    };
    let at = super::play::clock_before(moves, priced_at, u64::MAX).at(priced_at);
    let (first, rules) = (Known::By(at), &book.rules.0);
    let mut known = vec![first];
    for other in [Known::Before(at), Known::All] {
        if rules.iter().any(|rule| other.has(rule) != first.has(rule)) {
            known.push(other);
        }
    }
    known
}
