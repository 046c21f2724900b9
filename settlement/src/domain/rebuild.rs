//! One order's books rebuilt from what was recorded of it, to be compared with what is stored
//! (MONEY §12).
//!
//! Inputs are rows: the events it was told, in the order they were settled; moves of the clock; a
//! person's decision; what its risk scores were made of; people's decisions on its risk; what a
//! policy took for granted; when the release job reached it. What an input's absence means: no
//! settled event, nothing happened; no decision, nobody decided; no score, it is to be scored yet;
//! no posted release, the job has not come.
//!
//! Jobs write no event of their own, so their place among the events is told by instants: a step
//! lies after everything settled before it, and before everything settled after it. Where instants
//! are equal, each place is tried, and the books must equal one of them.

mod compare;
pub mod entered;
mod plan;
mod play;
mod risk;
mod rules;

pub use compare::Difference;
pub use risk::{RecordedScore, RiskDecision};

use super::book::{Book, Fact, Record};
use super::clock::Move;
use super::lifecycle;
use super::order::Order;
use super::review::Ruling;
use jiff::Timestamp;
use rules::{Known, Whole};
use rust_decimal::Decimal;
use shared::event::Event;
use shared::id::ConversionId;
use std::collections::BTreeMap;
use uuid::Uuid;

/// An event of an order with its recorded outcome.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The event.
    pub record: Record,
    /// When it got its outcome, in real time.
    pub settled_at: Timestamp,
    /// The outcome's code.
    pub code: String,
}

/// A person's decision on an order.
#[derive(Debug, Clone, Copy)]
pub struct Decision {
    /// What was said.
    pub ruling: Ruling,
    /// When it took effect, in the merchant's time.
    pub at: Timestamp,
    /// When it was written, in real time.
    pub made_at: Timestamp,
}

/// A payout that carries the order's commission takes a step.
#[derive(Debug, Clone, Copy)]
pub struct PayoutStep {
    /// What it is to the commission.
    pub event: lifecycle::Event,
    /// What of the commission it carries.
    pub amount: Decimal,
    /// When it took effect, in the merchant's time.
    pub at: Timestamp,
    /// When it was written, in real time.
    pub made_at: Timestamp,
}

/// Everything recorded of one order.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Which.
    pub id: ConversionId,
    /// Its settled events, in any order.
    pub heard: Vec<Heard>,
    /// What a person decided.
    pub decision: Option<Decision>,
    /// Its commission's risk scores, as they were written.
    pub scores: Vec<RecordedScore>,
    /// What people decided on its risk, as it was written.
    pub risk_decisions: Vec<RiskDecision>,
    /// Steps of the payouts that carry its commission, in their order.
    pub payouts: Vec<PayoutStep>,
}

/// A move of the merchant's clock, and when it was settled.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    /// When it was settled, in real time.
    pub settled_at: Timestamp,
    /// Its place in its stream.
    pub seq: u64,
    /// The move.
    pub by: Move,
}

/// A transfer as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTransfer {
    /// ISO 4217.
    pub currency: String,
    /// When it took effect, in the merchant's time.
    pub effective_at: Timestamp,
    /// When it was written, in real time.
    pub created_at: Timestamp,
    /// By account: whose, how much.
    pub entries: BTreeMap<String, (Option<Uuid>, Decimal)>,
}

/// What is stored of one order.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The conversion with its commission; `None`: there is none.
    pub order: Option<Order>,
    /// Its facts.
    pub facts: Vec<Fact>,
    /// Its commission's transfers by key.
    pub transfers: BTreeMap<String, StoredTransfer>,
}

/// Rebuilds an order on a book that holds the rules, links, clicks and campaigns it may meet, and
/// lists how the stored books differ; empty: they are the same.
pub fn differences(
    book: &mut Book,
    moves: &[Moved],
    recorded: &Recorded,
    stored: &Stored,
) -> Vec<Difference> {
    let Some(order) = &stored.order else { return compare::without_order(recorded, stored) };
    let opener = recorded.heard.iter().find(|heard| heard.record.event_id == order.event_id);
    let Some(opener) =
        opener.filter(|heard| matches!(heard.record.event, Event::Conversion(_) | Event::Shop(_)))
    else {
        return vec![Difference::new(recorded.id, "event_id", &order.event_id, "no such event")];
    };
    let plans = plan::plans(moves, opener, recorded, order, stored);
    let known = rules::known(book, moves, opener, recorded, order, stored);
    if known == [Known::All] {
        return closest(book, moves, recorded, (order, stored), &plans);
    }
    let whole = Whole::of(book);
    let mut first = None;
    for known in known {
        whole.show(book, known);
        let found = closest(book, moves, recorded, (order, stored), &plans);
        let is_same = found.is_empty();
        first = first.filter(|_| !is_same).or(Some(found));
        if is_same {
            break;
        }
    }
    whole.restore(book);
    first.unwrap_or_default()
}

/// The differences of the first plan, or none when any plan makes what is stored.
fn closest(
    book: &mut Book,
    moves: &[Moved],
    recorded: &Recorded,
    (order, stored): (&Order, &Stored),
    plans: &[Vec<plan::Step<'_>>],
) -> Vec<Difference> {
    let mut first = None;
    for plan in plans {
        let found = match play::run(book, moves, recorded, order, plan) {
            Ok(rebuilt) => compare::all(recorded, stored, order, &rebuilt),
            Err(difference) => vec![difference],
        };
        if found.is_empty() {
            return found;
        }
        first.get_or_insert(found);
    }
    first.unwrap_or_default()
}
