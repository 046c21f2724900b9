//! Plays the recorded steps of one order with the code that settles.

use super::super::attribution::{self, ClickFacts, Facts, Receipt, SeenLink};
use super::super::book::{Book, Changes, Fact};
use super::super::clock::Clock;
use super::super::commission::Steps;
use super::super::lifecycle::{self, Verdict};
use super::super::order::{self, Order, Reported};
use super::super::outcome::Code;
use super::super::report;
use super::super::risk::desk::{Desk, Loaded};
use super::super::settle::shop::{merged, tell};
use super::super::settle::status_inside;
use super::super::shop::{self, Reading};
use super::plan::Step;
use super::{Decision, Difference, Heard, Moved, PayoutStep, Recorded, risk};
use jiff::Timestamp;
use shared::event::{Conversion, Event};
use shared::id::ConversionId;
use shared::shop::ShopEvent;

/// An order rebuilt.
#[derive(Debug)]
pub struct Rebuilt {
    /// The conversion with its commission.
    pub order: Order,
    /// Its facts.
    pub facts: Vec<Fact>,
    /// Postings and notices.
    pub steps: Steps,
    /// Events whose outcome came to another code: which, stored, rebuilt.
    pub outcomes: Vec<(String, String, String)>,
}

/// Plays a plan; an order that cannot be opened as it is stored is a difference.
pub(super) fn run(
    book: &mut Book,
    moves: &[Moved],
    recorded: &Recorded,
    stored: &Order,
    plan: &[Step<'_>],
) -> Result<Rebuilt, Difference> {
    book.orders.clear();
    book.changes = Changes::default();
    book.risk = Desk::default();
    let own_scores = plan.iter().filter(|step| matches!(step, Step::Score(_))).count();
    let mut rebuilt: Option<Rebuilt> = None;
    for step in plan {
        let made = rebuilt.as_ref().map_or(0, |rebuilt| rebuilt.steps.scores.len());
        book.risk.loaded = risk::loaded(recorded, made, own_scores, step.made_at());
        match (step, &mut rebuilt) {
            (Step::Open(heard), _) => {
                book.clock = clock_before(moves, heard.settled_at, heard.record.seq);
                let judged_late = plan.iter().any(|step| matches!(step, Step::JudgeAgain(..)));
                rebuilt = Some(open(book, recorded.id, stored, heard, judged_late)?);
            }
            (_, None) => {}
            (step, Some(rebuilt)) => go_on(book, moves, recorded, step, rebuilt)?,
        }
    }
    rebuilt.ok_or_else(|| Difference::new(recorded.id, "conversion", "there", "never opened"))
}

/// A step on an open order.
fn go_on(
    book: &mut Book,
    moves: &[Moved],
    recorded: &Recorded,
    step: &Step<'_>,
    rebuilt: &mut Rebuilt,
) -> Result<(), Difference> {
    let id = recorded.id;
    if let Step::Score(score) = step {
        book.risk.loaded = Loaded::Recorded(Some(Box::new(score.view())));
    }
    book.risk.show(&mut rebuilt.order, &book.clock);
    let commission = &mut rebuilt.order.commission;
    match step {
        Step::Open(_) => {}
        Step::Report(heard, applied_by) => {
            book.clock = clock_before(moves, heard.settled_at, *applied_by);
            match &heard.record.event {
                Event::Shop(event) => {
                    let code = apply_news(book, rebuilt, heard, event);
                    compare_code(rebuilt, heard, code);
                }
                _ => apply(&book.clock, id, rebuilt, heard),
            }
        }
        Step::Policy(fact, _) => assume(rebuilt, fact),
        Step::Decide(decision) => decide(book, id, rebuilt, *decision)?,
        Step::JudgeAgain(at, _) => judge_again(book, id, rebuilt, *at),
        Step::Payout(payout) => carry(id, rebuilt, *payout)?,
        Step::Release(made_at) => {
            let now = made_at.map(|at| clock_before(moves, at, u64::MAX).at(at));
            if let Some(commission) = commission {
                let now = now.or(commission.hold_until).unwrap_or(Timestamp::MIN);
                commission.release_if_due(now, &mut rebuilt.steps);
            }
        }
        Step::Score(score) => {
            if let Some(commission) = commission {
                commission.score(score.scored.at, &mut rebuilt.steps);
            }
        }
        Step::DecideRisk(decision) => {
            risk::decide(recorded, commission.as_mut(), decision, &mut rebuilt.steps)?;
        }
    }
    Ok(())
}

/// What a policy took for granted.
fn assume(rebuilt: &mut Rebuilt, fact: &Fact) {
    let (event_id, received_at) = (fact.event_id.as_str(), fact.received_at);
    let reported = report::Reported { event_id, report: &fact.report, received_at };
    report::apply(&mut rebuilt.order, reported, &mut rebuilt.steps);
    rebuilt.facts.push(fact.clone());
}

fn decide(
    book: &mut Book,
    id: ConversionId,
    rebuilt: &mut Rebuilt,
    decision: Decision,
) -> Result<(), Difference> {
    let facts = in_order(&rebuilt.facts);
    book.orders.insert(id, rebuilt.order.clone());
    let ruled = book.rule_on(id, decision.ruling, &facts, decision.at);
    if !ruled.stands() {
        let word = decision.ruling.as_str();
        return Err(Difference::new(id, "decision", word, &format!("{ruled:?}")));
    }
    take_back(book, id, rebuilt);
    Ok(())
}

/// A payout's step: its books are its own, the commission only moves.
fn carry(id: ConversionId, rebuilt: &mut Rebuilt, payout: PayoutStep) -> Result<(), Difference> {
    let moved = rebuilt.order.commission.as_mut().and_then(|commission| {
        let Verdict::Move(to) = lifecycle::step(commission.state, payout.event) else {
            return None;
        };
        commission.state = to;
        commission.updated_at = commission.updated_at.max(payout.at);
        (commission.net == payout.amount).then_some(())
    });
    let told = || {
        let commission = rebuilt.order.commission.as_ref();
        format!("{:?}", commission.map(|commission| (commission.state, commission.net)))
    };
    let step = format!("{:?} of {}", payout.event, payout.amount);
    moved.ok_or_else(|| Difference::new(id, "payout of the commission", &step, &told()))
}

/// The clock as an event of this place met it: with the moves settled before.
pub(super) fn clock_before(moves: &[Moved], settled_at: Timestamp, seq: u64) -> Clock {
    let known = moves.iter().filter(|moved| (moved.settled_at, moved.seq) < (settled_at, seq));
    Clock::new(known.map(|moved| moved.by).collect())
}

fn open(
    book: &mut Book,
    id: ConversionId,
    stored: &Order,
    heard: &Heard,
    judged_late: bool,
) -> Result<Rebuilt, Difference> {
    let (environment, coupon) = (book.scope.environment, stored.coupon_code.as_deref());
    let Some(event) = shop::conversion_with(&heard.record.event, environment, coupon) else {
        return Err(Difference::new(id, "conversion", "there", "its event is no conversion"));
    };
    let event = event.as_ref();
    let received_at = book.clock.at(heard.record.received_at);
    let reported =
        Reported { scope: book.scope, event_id: &heard.record.event_id, event, received_at };
    let kept: Option<Receipt> = serde_json::from_value(stored.attribution.clone()).ok();
    let facts = kept.and_then(|receipt| receipt.facts).unwrap_or_default();
    let facts = facts_again(book, event, heard.record.received_at, &facts);
    let setting = book.candidates.setting(reported.judged_at());
    let (verdict, receipt) = order::judge(reported, &setting, &facts);
    let windows = book.windows_of(verdict.earner());
    let mut steps = Steps::default();
    let at_first = if judged_late { attribution::Verdict::Nobody } else { verdict };
    let mut order = order::open(reported, at_first, &receipt, windows, &book.rules, &mut steps);
    book.risk.show(&mut order, &book.clock);
    let mut facts = Vec::new();
    if let Some(status) = event.order_status {
        let report = status_inside(event, status);
        let event_id = heard.record.event_id.as_str();
        let inside = report::Reported { event_id, report: &report, received_at };
        report::apply(&mut order, inside, &mut steps);
        facts.push(Fact::of(id, inside, format!("inside:{event_id}")));
    }
    let mut rebuilt = Rebuilt { order, facts, steps, outcomes: Vec::new() };
    if let Event::Shop(event) = &heard.record.event {
        apply_news(book, &mut rebuilt, heard, event);
    }
    Ok(rebuilt)
}

/// The facts looked up again. The receipt says only what was known then: whether the click's record
/// and its link had come. Coupons and customers' clicks are taken as it keeps them.
fn facts_again(book: &mut Book, event: &Conversion, accepted_at: Timestamp, kept: &Facts) -> Facts {
    let click = kept.click.as_ref().map(|kept| {
        let (links, instants) = (book.links.clone(), book.click_instants.clone());
        if let ClickFacts::Proven { recorded, link, .. } = kept {
            if let SeenLink::Unknown { number } = link {
                book.links.remove(number);
            }
            if !recorded {
                book.click_instants.clear();
            }
        }
        let mut again = book.click_facts(event.click_id.as_deref(), accepted_at);
        // The other environment's windows go by another clock; of such a link they decide nothing.
        if let (
            ClickFacts::Proven { link: SeenLink::OtherEnvironment { cookie_days, .. }, .. },
            ClickFacts::Proven {
                link: SeenLink::OtherEnvironment { cookie_days: again, .. }, ..
            },
        ) = (kept, &mut again)
        {
            *again = *cookie_days;
        }
        book.links = links;
        book.click_instants = instants;
        again
    });
    Facts { click, ..kept.clone() }
}

fn apply(clock: &Clock, id: ConversionId, rebuilt: &mut Rebuilt, heard: &Heard) {
    let Event::OrderStatus(report) = &heard.record.event else { return };
    let received_at = clock.at(heard.record.received_at);
    let event_id = heard.record.event_id.as_str();
    let reported = report::Reported { event_id, report, received_at };
    let outcome = report::apply(&mut rebuilt.order, reported, &mut rebuilt.steps);
    compare_code(rebuilt, heard, outcome.code);
    rebuilt.facts.push(Fact::of(id, reported, report.content_key()));
}

/// What a shop's webhook said of the open order, by the code that settles it.
fn apply_news(book: &mut Book, rebuilt: &mut Rebuilt, heard: &Heard, event: &ShopEvent) -> Code {
    let Reading::News(news) = shop::read(event, book.scope.environment) else {
        return Code::TopicIgnored;
    };
    let Rebuilt { order, facts, steps, .. } = rebuilt;
    let known = |key: &str| facts.iter().any(|fact| fact.content_key == key);
    let told = tell(order, &news, &heard.record, known, &mut book.risk, &book.clock, steps);
    let code = merged(None, &told).code;
    facts.extend(told.facts);
    code
}

fn compare_code(rebuilt: &mut Rebuilt, heard: &Heard, code: Code) {
    if code.as_str() != heard.code {
        let codes = (heard.code.clone(), code.as_str().to_owned());
        rebuilt.outcomes.push((heard.record.event_id.clone(), codes.0, codes.1));
    }
}

/// Facts as they happened; they were gathered as they were settled.
fn in_order(facts: &[Fact]) -> Vec<Fact> {
    let mut facts = facts.to_vec();
    facts.sort_by_key(|fact| {
        let seq = shared::id::EventId::parse(&fact.event_id).map(|id| id.seq);
        (fact.happened_at, fact.received_at, seq, fact.report.status)
    });
    facts
}

fn judge_again(book: &mut Book, id: ConversionId, rebuilt: &mut Rebuilt, at: Timestamp) {
    let receipt: Option<Receipt> = serde_json::from_value(rebuilt.order.attribution.clone()).ok();
    let Some((receipt, facts)) = receipt.and_then(|r| r.facts.clone().map(|facts| (r, facts)))
    else {
        return;
    };
    book.orders.insert(id, rebuilt.order.clone());
    book.grant_again(id, &receipt, &facts, &in_order(&rebuilt.facts), at);
    take_back(book, id, rebuilt);
}

fn take_back(book: &mut Book, id: ConversionId, rebuilt: &mut Rebuilt) {
    if let Some(order) = book.orders.remove(&id) {
        rebuilt.order = order;
    }
    let mut changes = std::mem::take(&mut book.changes);
    rebuilt.steps.transfers.append(&mut changes.steps.transfers);
    rebuilt.steps.notices.append(&mut changes.steps.notices);
    rebuilt.steps.scores.append(&mut changes.steps.scores);
}
