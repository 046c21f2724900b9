//! One order's books rebuilt from what was recorded of it, to be compared with what is stored
//! (MONEY §12).
//!
//! Inputs are rows: the events it was told, in the order they were settled; moves of the clock; a
//! person's decision; when the release job reached it. What an input's absence means: no settled
//! event, nothing happened; no decision, nobody decided; no posted release, the job has not come.
//!
//! Jobs write no event of their own, so their place among the events is told by instants: a step
//! lies after everything settled before it, and before everything settled after it. Where instants
//! are equal, each place is tried, and the books must equal one of them.

mod compare;
mod play;
mod rules;

pub use compare::Difference;

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

/// Ways in which steps of equal instants may have followed each other that are tried at most.
const PLANS_MAX: usize = 256;

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

/// What comes next in a rebuilding.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    /// The order is opened.
    Open(&'a Heard),
    /// A report is applied; the place is that of the event whose settling applied it.
    Report(&'a Heard, u64),
    /// A person decides.
    Decide(Decision),
    /// The order is judged again, at this instant of the merchant's.
    JudgeAgain(Timestamp),
    /// The release job comes; `None`: as late as can be.
    Release(Option<Timestamp>),
    /// A payout that carries the commission takes a step.
    Payout(PayoutStep),
}

/// Codes of events that leave a fact.
const WITH_FACT: [&str; 7] = [
    "APPLIED",
    "NO_CHANGE",
    "RECORDED",
    "ORDER_STATUS_TRANSITION_DENIED",
    "STALE_DECISION",
    "NO_COMMISSION",
    "REFUND_AMOUNT_INVALID",
];

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
    let Some(opener) = opener.filter(|heard| matches!(heard.record.event, Event::Conversion(_)))
    else {
        return vec![Difference::new(recorded.id, "event_id", &order.event_id, "no such event")];
    };
    let plans = plans(moves, opener, recorded, order, stored);
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
    plans: &[Vec<Step<'_>>],
) -> Vec<Difference> {
    let mut first = None;
    for plan in plans {
        let found = match play::run(book, moves, recorded.id, order, plan) {
            Ok(rebuilt) => compare::all(recorded.id, stored, order, &rebuilt),
            Err(difference) => vec![difference],
        };
        if found.is_empty() {
            return found;
        }
        first.get_or_insert(found);
    }
    first.unwrap_or_default()
}

/// The orders in which the recorded steps can have happened, the likeliest first.
fn plans<'a>(
    moves: &[Moved],
    opener: &'a Heard,
    recorded: &'a Recorded,
    order: &Order,
    stored: &Stored,
) -> Vec<Vec<Step<'a>>> {
    let orders = [(false, false), (true, false), (false, true), (true, true)];
    let mut plans: Vec<Vec<Step<'a>>> =
        orders.map(|(waited, woken)| events(moves, opener, recorded, waited, woken)).into();
    for (step, made_at) in job_steps(recorded, order, stored) {
        plans = plans
            .iter()
            .flat_map(|plan| places(plan, made_at).map(move |place| (plan, place)))
            .map(|(plan, place)| {
                let mut longer = plan.clone();
                longer.insert(place, step);
                longer
            })
            .take(PLANS_MAX)
            .collect();
    }
    plans
}

/// The order's opening and its reports as they were applied; `waited`: the order itself had waited
/// for its click's link, so everything settled with it had waited for the order; `woken`: what was
/// settled together had waited for a payout, and went on as it had happened.
fn events<'a>(
    moves: &[Moved],
    opener: &'a Heard,
    recorded: &'a Recorded,
    waited: bool,
    woken: bool,
) -> Vec<Step<'a>> {
    let reports = recorded.heard.iter().filter(|heard| {
        matches!(heard.record.event, Event::OrderStatus(_))
            && WITH_FACT.contains(&heard.code.as_str())
    });
    let (mut parked, mut after): (Vec<&Heard>, Vec<&Heard>) = reports.partition(|heard| {
        heard.settled_at < opener.settled_at
            || (heard.settled_at == opener.settled_at
                && (waited || heard.record.seq < opener.record.seq))
    });
    parked.sort_by_cached_key(|heard| as_it_happened(moves, heard));
    after.sort_by_key(|heard| (heard.settled_at, heard.record.seq));
    if woken {
        after.sort_by_cached_key(|heard| (heard.settled_at, as_it_happened(moves, heard)));
    }
    let parked = parked.into_iter().map(|heard| Step::Report(heard, opener.record.seq));
    let after = after.into_iter().map(|heard| Step::Report(heard, heard.record.seq));
    std::iter::once(Step::Open(opener)).chain(parked).chain(after).collect()
}

/// When it happened in the merchant's time, when it came, its place.
fn as_it_happened(moves: &[Moved], heard: &Heard) -> (Timestamp, Timestamp, u64) {
    let received_at = heard.record.received_at;
    let clock = play::clock_before(moves, heard.settled_at, u64::MAX);
    let happened_at = match &heard.record.event {
        Event::OrderStatus(report) => report.status_updated_at,
        Event::Conversion(_) | Event::ClockAdvance(_) => None,
    };
    (happened_at.unwrap_or(clock.at(received_at)), received_at, heard.record.seq)
}

/// Steps that came from no event of the order, with their real instants, in their own order.
fn job_steps<'a>(
    recorded: &Recorded,
    order: &Order,
    stored: &Stored,
) -> Vec<(Step<'a>, Option<Timestamp>)> {
    let mut steps = Vec::new();
    let id = recorded.id.commission_id();
    let posted = |step: &str| stored.transfers.get(&format!("{id}:{step}"));
    if let Some(decision) = recorded.decision {
        steps.push((Step::Decide(decision), Some(decision.made_at)));
    } else if let Some(commission) = &order.commission
        && commission.created_at != order.received_at
    {
        let made_at = posted("created").map(|transfer| transfer.created_at);
        steps.push((Step::JudgeAgain(commission.created_at), made_at));
    }
    let held = order.commission.as_ref().filter(|c| c.hold_until.is_some());
    if let Some(commission) = held {
        let released = posted("approved").filter(|t| Some(t.effective_at) == commission.hold_until);
        // Nothing is posted for a commission of which nothing is left.
        if let Some(made_at) = released.map(|transfer| transfer.created_at) {
            steps.push((Step::Release(Some(made_at)), Some(made_at)));
        } else if posted("approved").is_none() && commission.net.is_zero() {
            steps.push((Step::Release(None), None));
        }
    }
    let sent = recorded.payouts.iter();
    steps.extend(sent.map(|payout| (Step::Payout(*payout), Some(payout.made_at))));
    steps
}

/// Where in a plan a step of an instant can stand, the last place first.
fn places(plan: &[Step<'_>], made_at: Option<Timestamp>) -> impl Iterator<Item = usize> + use<> {
    let instants: Vec<Option<Timestamp>> = plan
        .iter()
        .map(|step| match step {
            Step::Open(heard) | Step::Report(heard, _) => Some(heard.settled_at),
            Step::Decide(decision) => Some(decision.made_at),
            Step::Release(at) => *at,
            Step::Payout(payout) => Some(payout.made_at),
            Step::JudgeAgain(_) => None,
        })
        .collect();
    (1..=plan.len()).rev().filter(move |place| {
        let Some(made_at) = made_at else { return true };
        let (before, after) = instants.split_at(*place);
        before.iter().flatten().all(|at| *at <= made_at)
            && after.iter().flatten().all(|at| *at >= made_at)
    })
}
