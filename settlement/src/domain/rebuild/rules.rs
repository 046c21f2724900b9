//! Which rules and windows there were when an order was judged and priced.
//!
//! A rule's first version reaches back without limit, but not to orders priced before it was set:
//! they keep what they were priced at. A version is there from its instant on; one announced for
//! later is there before it. So an order is priced by what had begun by then, and where that does
//! not make the stored books, by all there is.

use super::super::book::{Book, LinkFacts, TermsVersion};
use super::super::order::Order;
use super::super::rule::{RuleBook, RuleVersion, Subject};
use super::{Heard, Moved, Recorded, Stored};
use jiff::Timestamp;
use shared::id::CampaignId;
use std::collections::HashMap;

/// Versions of rules and windows that an order was judged and priced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Those in force by a moment.
    By(Moment),
    /// All of them: some were announced.
    All,
}

/// A moment on both clocks: the platform's rules are in real time, all else in the merchant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    real: Timestamp,
    merchants: Timestamp,
}

impl Moment {
    fn has_rule(self, rule: &RuleVersion) -> bool {
        match rule.subject {
            Subject::Platform => rule.in_force_from <= self.real,
            Subject::Product(_) | Subject::Campaign(_) | Subject::Merchant => {
                rule.in_force_from <= self.merchants
            }
        }
    }
}

impl Known {
    fn has_rule(self, rule: &RuleVersion) -> bool {
        match self {
            Self::By(moment) => moment.has_rule(rule),
            Self::All => true,
        }
    }

    fn has(self, version: &TermsVersion) -> bool {
        match self {
            Self::By(moment) => version.in_force_from <= moment.merchants,
            Self::All => true,
        }
    }
}

/// What a book held before some of it was put away.
pub(super) struct Whole {
    rules: RuleBook,
    links: HashMap<u64, LinkFacts>,
    campaigns: HashMap<CampaignId, Vec<TermsVersion>>,
}

impl Whole {
    /// Takes a book's versions out of it.
    pub(super) fn of(book: &mut Book) -> Self {
        Self {
            rules: std::mem::take(&mut book.rules),
            links: std::mem::take(&mut book.links),
            campaigns: std::mem::take(&mut book.candidates.campaigns),
        }
    }

    /// Puts the known ones in; windows have a first version from the beginning.
    pub(super) fn show(&self, book: &mut Book, known: Known) {
        let rules = self.rules.0.iter().filter(|rule| known.has_rule(rule));
        book.rules = RuleBook(rules.cloned().collect());
        let cut = |versions: &[TermsVersion]| -> Vec<TermsVersion> {
            let is_known = |place: usize, version: &TermsVersion| place == 0 || known.has(version);
            let versions = versions.iter().enumerate().filter(|(at, v)| is_known(*at, v));
            versions.map(|(_, version)| *version).collect()
        };
        book.links.clone_from(&self.links);
        book.links.values_mut().for_each(|link| link.versions = cut(&link.versions));
        let campaigns = self.campaigns.iter();
        book.candidates.campaigns = campaigns.map(|(id, v)| (*id, cut(v))).collect();
    }

    /// Puts all of it back.
    pub(super) fn restore(self, book: &mut Book) {
        book.rules = self.rules;
        book.links = self.links;
        book.candidates.campaigns = self.campaigns;
    }
}

/// Whether nothing in a book is from after an instant.
fn is_known_by(book: &Book, moment: Moment) -> bool {
    let links = book.links.values().flat_map(|link| &link.versions);
    let windows = links.chain(book.candidates.campaigns.values().flatten());
    windows.map(|version| version.in_force_from).all(|from| from <= moment.merchants)
        && book.rules.0.iter().all(|rule| moment.has_rule(rule))
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
    let merchants = super::play::clock_before(moves, priced_at, u64::MAX).at(priced_at);
    let moment = Moment { real: priced_at, merchants };
    if is_known_by(book, moment) { vec![Known::All] } else { vec![Known::By(moment), Known::All] }
}
