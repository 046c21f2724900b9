//! The orders in which the recorded steps of one order can have followed each other.

use super::super::book::{Fact, POLICY_PREFIX};
use super::super::order::Order;
use super::play;
use super::{
    Decision, Heard, Moved, PayoutStep, Recorded, RecordedScore, RiskDecision, Stored,
    StoredTransfer,
};
use jiff::Timestamp;
use shared::event::Event;

/// Ways in which steps of equal instants may have followed each other that are tried at most.
const PLANS_MAX: usize = 256;

/// What comes next in a rebuilding.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    /// The order is opened.
    Open(&'a Heard),
    /// A report is applied; the place is that of the event whose settling applied it.
    Report(&'a Heard, u64),
    /// A person decides.
    Decide(Decision),
    /// The order is judged again, at this instant of the merchant's; when that was written.
    JudgeAgain(Timestamp, Option<Timestamp>),
    /// The release job comes; `None`: as late as can be.
    Release(Option<Timestamp>),
    /// A payout that carries the commission takes a step.
    Payout(PayoutStep),
    /// A policy takes the order for delivered; when it was written is not always known.
    Policy(&'a Fact, Option<Timestamp>),
    /// The release job scores the approved commission.
    Score(&'a RecordedScore),
    /// A person decides on the risk.
    DecideRisk(&'a RiskDecision),
}

impl Step<'_> {
    /// When it was written, in real time; `None`: that is not known.
    pub(super) fn made_at(&self) -> Option<Timestamp> {
        match self {
            Self::Open(heard) | Self::Report(heard, _) => Some(heard.settled_at),
            Self::Decide(decision) => Some(decision.made_at),
            Self::Release(at) | Self::Policy(_, at) | Self::JudgeAgain(_, at) => *at,
            Self::Payout(payout) => Some(payout.made_at),
            Self::Score(score) => Some(score.made_at),
            Self::DecideRisk(decision) => Some(decision.made_at),
        }
    }
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

/// The orders in which the recorded steps can have happened, the likeliest first.
pub(super) fn plans<'a>(
    moves: &[Moved],
    opener: &'a Heard,
    recorded: &'a Recorded,
    order: &Order,
    stored: &'a Stored,
) -> Vec<Vec<Step<'a>>> {
    let mut beginnings: Vec<Vec<Step<'a>>> = Vec::new();
    for (waited, woken) in [(false, false), (true, false), (false, true), (true, true)] {
        let beginning = events(moves, opener, recorded, waited, woken);
        if !beginnings.iter().any(|known| same_events(known, &beginning)) {
            beginnings.push(beginning);
        }
    }
    let steps = job_steps(recorded, order, stored);
    // A commission is approved once: only its first score can be a part of another step.
    let (first, later) = recorded.scores.split_at(recorded.scores.len().min(1));
    let (first, later) = (by_job(moves, first), by_job(moves, later));
    let mut plans = all_places(beginnings.clone(), steps.iter().chain(&later));
    if !first.is_empty() {
        plans.extend(all_places(beginnings, steps.iter().chain(&first).chain(&later)));
    }
    plans
}

fn same_events(one: &[Step<'_>], other: &[Step<'_>]) -> bool {
    let heard = |step: &Step<'_>| match step {
        Step::Open(heard) => Some((heard.record.seq, heard.record.seq)),
        Step::Report(heard, applied_by) => Some((heard.record.seq, *applied_by)),
        _ => None,
    };
    one.iter().map(heard).eq(other.iter().map(heard))
}

/// Puts each step, in turn, wherever it can stand.
fn all_places<'a, 's>(
    mut plans: Vec<Vec<Step<'a>>>,
    steps: impl Iterator<Item = &'s (Step<'a>, Option<Timestamp>)>,
) -> Vec<Vec<Step<'a>>>
where
    'a: 's,
{
    for (step, made_at) in steps {
        plans = plans
            .iter()
            .flat_map(|plan| places(plan, *made_at).map(move |place| (plan, place)))
            .map(|(plan, place)| {
                let mut longer = plan.clone();
                longer.insert(place, *step);
                longer
            })
            .take(PLANS_MAX)
            .collect();
    }
    plans
}

/// Scores that the release job can have made: they took effect when they were written.
fn by_job<'a>(moves: &[Moved], scores: &'a [RecordedScore]) -> Vec<(Step<'a>, Option<Timestamp>)> {
    let is_by_job = |score: &&RecordedScore| {
        let at = |seq| play::clock_before(moves, score.made_at, seq).at(score.made_at);
        [at(u64::MIN), at(u64::MAX)].contains(&score.scored.at)
    };
    let by_job = scores.iter().filter(is_by_job);
    by_job.map(|score| (Step::Score(score), Some(score.made_at))).collect()
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
        matches!(heard.record.event, Event::OrderStatus(_) | Event::Shop(_))
            && heard.record.event_id != opener.record.event_id
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
        Event::Conversion(_) | Event::Shop(_) | Event::ClockAdvance(_) => None,
    };
    (happened_at.unwrap_or(clock.at(received_at)), received_at, heard.record.seq)
}

/// Steps that came from no event of the order, with their real instants, in their own order.
fn job_steps<'a>(
    recorded: &'a Recorded,
    order: &Order,
    stored: &'a Stored,
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
        steps.push((Step::JudgeAgain(commission.created_at, made_at), made_at));
    }
    let policies = stored.facts.iter().filter(|fact| fact.event_id.starts_with(POLICY_PREFIX));
    steps.extend(policies.map(|fact| {
        let held = posted("held").filter(|transfer| transfer.effective_at == fact.received_at);
        let made_at = held.map(|transfer| transfer.created_at);
        (Step::Policy(fact, made_at), made_at)
    }));
    steps.extend(release(recorded, order, posted("approved")));
    let decided = recorded.risk_decisions.iter();
    steps.extend(decided.map(|it| (Step::DecideRisk(it), Some(it.made_at))));
    let sent = recorded.payouts.iter();
    steps.extend(sent.map(|payout| (Step::Payout(*payout), Some(payout.made_at))));
    steps
}

/// The end of the return window, if it came.
fn release<'a>(
    recorded: &Recorded,
    order: &Order,
    posted: Option<&StoredTransfer>,
) -> Option<(Step<'a>, Option<Timestamp>)> {
    let commission = order.commission.as_ref()?;
    let until = commission.hold_until?;
    let at = |made_at: Option<Timestamp>| Some((Step::Release(made_at), made_at));
    if let Some(transfer) = posted {
        return at(Some(transfer.created_at)).filter(|_| transfer.effective_at == until);
    }
    // Nothing is posted for a commission of which nothing is left; its score tells the instant.
    let scored = recorded.scores.first().filter(|score| score.scored.at == until);
    at(scored.map(|score| score.made_at)).filter(|_| commission.net.is_zero())
}

/// Where in a plan a step of an instant can stand, the last place first.
fn places(plan: &[Step<'_>], made_at: Option<Timestamp>) -> impl Iterator<Item = usize> + use<> {
    let instants: Vec<Option<Timestamp>> = plan.iter().map(Step::made_at).collect();
    (1..=plan.len()).rev().filter(move |place| {
        let Some(made_at) = made_at else { return true };
        let (before, after) = instants.split_at(*place);
        before.iter().flatten().all(|at| *at <= made_at)
            && after.iter().flatten().all(|at| *at >= made_at)
    })
}
