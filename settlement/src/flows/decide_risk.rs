//! A person clears or refuses a commission for risk, once for each set of reasons.

use super::actor::{Actor, note};
use super::release_holds::Clocks;
use super::{risk_facts, write_steps};
use crate::domain::commission::{Cause, Commission, Steps};
use crate::domain::lifecycle::{Event, State, Verdict};
use crate::domain::order::Scope;
use crate::domain::risk::{self, Reason, Score};
use crate::error::Fault;
use crate::store::order::Keys;
use crate::store::risk::{NewDecision, insert_decision};
use crate::store::{order, settling};
use jiff::Timestamp;
use serde_json::json;
use shared::id::ConversionId;
use sqlx::{PgConnection, PgPool};
use std::collections::BTreeSet;

/// Characters of an operator's words at most.
pub const NOTE_CHARACTERS_MAX: usize = 500;

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Its reasons are no reason; once approved it is payable.
    Clear,
    /// It is rejected.
    Refuse,
}

impl Decision {
    fn word(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Refuse => "refuse",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whose commission, in which world.
    pub scope: Scope,
    /// The commission's conversion.
    pub conversion: ConversionId,
    /// What is decided.
    pub decision: Decision,
    /// The reasons the person was shown; `None`: whatever they are now.
    pub shown: Option<BTreeSet<Reason>>,
    /// The operator's words, for the network alone.
    pub note: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// It took effect: where the commission stands now, and the score it was decided on.
    Done(State, Score),
    /// All reasons that hold now had been cleared before: it is payable by that decision.
    ClearedBefore(State, Score),
    /// The same had been decided before, or it does not wait for anybody.
    Already(State),
    /// Other reasons hold than the person was shown; nothing was decided.
    OtherReasons(Score),
    /// The commission's state does not allow it.
    Denied(State),
}

/// Decides on one commission.
pub async fn run(pool: &PgPool, by: Actor, ask: &Ask, now: Timestamp) -> Result<Decided, Fault> {
    by.may_operate()?;
    if ask.note.as_ref().is_some_and(|note| note.chars().count() > NOTE_CHARACTERS_MAX) {
        let fault = format!("the note must be at most {NOTE_CHARACTERS_MAX} characters");
        return Err(Fault::Invalid(vec![fault]));
    }
    let mut transaction = pool.begin().await?;
    settling::go_by_keys(&mut transaction).await?;
    let clocks = Clocks::load(&mut transaction, &[ask.scope.merchant.0]).await?;
    let at = clocks.of(ask.scope).at(now);
    let locked = lock(&mut transaction, ask).await?;
    let mut shown = [(ask.scope, locked)];
    risk_facts::show(&mut transaction, &mut shown, |scope| clocks.of(scope)).await?;
    let [(_, mut commission)] = shown;
    let mut steps = Steps::default();
    let (decided, score) = decide(&mut commission, ask, at, &mut steps);
    match decided {
        Decided::OtherReasons(_) | Decided::Denied(_) | Decided::Already(_) => return Ok(decided),
        Decided::Done(..) | Decided::ClearedBefore(..) => {}
    }
    write_steps::run(&mut transaction, &[(ask.scope, commission, steps)], now).await?;
    let decision = NewDecision {
        scope: ask.scope,
        conversion: ask.conversion,
        decision: ask.decision.word(),
        points: score.points,
        reasons: score.codes().into_iter().map(Reason::as_str).collect(),
        note: ask.note.as_deref(),
        by: by.account(),
        at,
    };
    if let Decided::Done(..) = decided {
        insert_decision(&mut transaction, &decision, now).await?;
    }
    let subject = ask.conversion.commission_id();
    let detail = json!({"points": score.points, "reasons": decision.reasons});
    let action = format!("risk.{}", ask.decision.word());
    note(&mut transaction, by, &action, &subject, detail, now).await?;
    transaction.commit().await?;
    Ok(decided)
}

async fn lock(connection: &mut PgConnection, ask: &Ask) -> Result<Commission, Fault> {
    let mut keys = Keys::default();
    keys.push(ask.scope, ask.conversion);
    let found = order::lock(connection, &keys).await?.pop();
    found.and_then(|order| order.commission).ok_or(Fault::NotFound("commission"))
}

/// The decision on a locked commission whose facts are in view.
fn decide(
    commission: &mut Commission,
    ask: &Ask,
    at: Timestamp,
    steps: &mut Steps,
) -> (Decided, Score) {
    // What has come due takes effect first, as it does before any event.
    commission.release_if_due(at, steps);
    if commission.risk.due {
        commission.score(at, steps);
    }
    let facts = commission.risk.view.as_ref().map(|view| view.facts.clone());
    let facts = facts.unwrap_or_else(|| risk::Facts {
        signals: risk::Signals::default(),
        counts: risk::Counts::default(),
    });
    let score = risk::score::score(&facts, risk::WEIGHTS);
    if ask.shown.as_ref().is_some_and(|shown| *shown != score.codes()) {
        return (Decided::OtherReasons(score.clone()), score);
    }
    let reasons = score.codes();
    let known = commission.risk.cleared.as_ref().is_some_and(|known| reasons.is_subset(known));
    // A reason that nobody had cleared held it, and holds no more.
    if known && ask.decision == Decision::Clear && commission.state == State::Approved {
        commission.score(at, steps);
        return (Decided::ClearedBefore(commission.state, score.clone()), score);
    }
    let verdict = match ask.decision {
        Decision::Clear if known && commission.state != State::Rejected => Verdict::Unchanged,
        Decision::Clear => commission.clear_risk(reasons, at, steps),
        Decision::Refuse => {
            commission.apply(Event::RiskRefused, Cause { at, reason: Some(risk::REFUSED) }, steps)
        }
    };
    let decided = match verdict {
        Verdict::Move(_) | Verdict::Remembered => Decided::Done(commission.state, score.clone()),
        Verdict::Unchanged => Decided::Already(commission.state),
        Verdict::Denied | Verdict::Parked | Verdict::Impossible | Verdict::Adjust => {
            Decided::Denied(commission.state)
        }
    };
    (decided, score)
}
