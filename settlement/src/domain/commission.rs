//! A commission and its steps: the table's verdict carried out with postings and notices.

use super::hold::HoldStart;
use super::ledger::{self, Transfer};
use super::lifecycle::{self, Event, State, Verdict};
use super::notice::{self, Kind, Notice, Step};
use super::pricing::{FrozenRule, PricedLine};
use super::risk::{self, Reason, Scored, Standing};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use shared::id::{AffiliateId, CampaignId, ConversionId};
use shared::money::Currency;
use std::collections::BTreeSet;

/// Everything frozen at the sale; refunds are computed on it and on nothing newer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// The rule shown for the whole order.
    pub rule: FrozenRule,
    /// What the amount was computed on.
    pub base: Decimal,
    /// The order's currency.
    pub currency: Currency,
    /// How it was rounded.
    pub rounding: String,
    /// Days of the return window.
    pub hold_days: u32,
    /// What starts it.
    pub hold_start: HoldStart,
    /// The cookie window at the click.
    pub cookie_days: u32,
    /// The merchant's order of candidates.
    pub attribution_order: Vec<String>,
    /// The lines with their shares.
    pub lines: Vec<PricedLine>,
}

/// A commission.
#[derive(Debug, Clone, PartialEq)]
pub struct Commission {
    /// For which conversion; its own id is derived from that.
    pub conversion: ConversionId,
    /// Who earns it.
    pub affiliate: AffiliateId,
    /// Under which campaign.
    pub campaign: Option<CampaignId>,
    /// Where it stands.
    pub state: State,
    /// The frozen amount.
    pub amount: Decimal,
    /// What is left of it.
    pub net: Decimal,
    /// Currency of both.
    pub currency: Currency,
    /// End of the return window.
    pub hold_until: Option<Timestamp>,
    /// What was frozen.
    pub terms: Terms,
    /// Why it was rejected or reduced.
    pub reason: Option<String>,
    /// `statusUpdatedAt` of the merchant's last decision.
    pub decided_at: Option<Timestamp>,
    /// Where it stands with its risk.
    pub risk: Standing,
    /// When it came to be.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What steps leave to be written, in order.
#[derive(Debug, Default)]
pub struct Steps {
    /// Postings.
    pub transfers: Vec<Transfer>,
    /// Notices.
    pub notices: Vec<Notice>,
    /// Risk scores.
    pub scores: Vec<Scored>,
}

/// Why and when a step happens.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// When it takes effect.
    pub at: Timestamp,
    /// Why, in the reporter's words.
    pub reason: Option<&'a str>,
}

impl Commission {
    /// Its id on the wire.
    pub fn id(&self) -> String {
        self.conversion.commission_id()
    }

    /// Posts and tells its creation.
    pub fn announce(&self, steps: &mut Steps) {
        self.post(None, self.net, self.created_at, steps);
        self.tell(Kind::CommissionCreated, None, Decimal::ZERO, self.created_at, steps);
    }

    /// Carries out what the table says about an event that needs no figure.
    pub fn apply(&mut self, event: Event, cause: Cause<'_>, steps: &mut Steps) -> Verdict {
        let verdict = lifecycle::step(self.state, event);
        match verdict {
            Verdict::Move(to) => self.move_to(to, cause, steps),
            Verdict::Unchanged
            | Verdict::Remembered
            | Verdict::Adjust
            | Verdict::Denied
            | Verdict::Parked
            | Verdict::Impossible => {}
        }
        if verdict == Verdict::Move(State::Approved) {
            self.score(cause.at, steps);
        }
        verdict
    }

    /// Scores an approved commission; one that is clear is payable at once.
    ///
    /// Without the facts of a score in view it stays `due`, and the release job scores it.
    pub fn score(&mut self, at: Timestamp, steps: &mut Steps) {
        self.risk.due = self.state == State::Approved;
        let Some(view) = self.risk.view.clone().filter(|_| self.risk.due) else { return };
        self.risk.due = false;
        let score = risk::score::score(&view.facts, view.weights);
        let threshold = view.threshold(at);
        let outcome = score.outcome(threshold, self.risk.cleared.as_ref());
        let conversion = self.conversion;
        let facts = view.facts;
        steps.scores.push(Scored { conversion, at, score, threshold, facts, outcome });
        match outcome {
            risk::Outcome::Clear | risk::Outcome::Cleared => {
                self.apply(Event::RiskClear, Cause { at, reason: None }, steps);
            }
            risk::Outcome::Review => {}
        }
    }

    /// A person clears these reasons: payable when it is approved, remembered before that.
    pub fn clear_risk(
        &mut self,
        reasons: BTreeSet<Reason>,
        at: Timestamp,
        steps: &mut Steps,
    ) -> Verdict {
        let verdict = self.apply(Event::RiskClear, Cause { at, reason: None }, steps);
        if matches!(verdict, Verdict::Move(_) | Verdict::Remembered) {
            self.risk.cleared.get_or_insert_default().extend(reasons);
            self.risk.due = false;
        }
        verdict
    }

    /// Starts the return window, whichever state it starts from.
    pub fn start_window(
        &mut self,
        hold_until: Timestamp,
        cause: Cause<'_>,
        steps: &mut Steps,
    ) -> Verdict {
        if let Verdict::Move(State::HoldRunning) = lifecycle::step(self.state, Event::HoldStart) {
            self.hold_until = Some(hold_until);
        }
        self.apply(Event::HoldStart, cause, steps)
    }

    /// Reduces the net amount, where the table allows it; never raises it.
    pub fn adjust(
        &mut self,
        net: Decimal,
        taken_back: &str,
        cause: Cause<'_>,
        steps: &mut Steps,
    ) -> Verdict {
        let verdict = lifecycle::step(self.state, Event::Partial);
        if verdict != Verdict::Adjust {
            return verdict;
        }
        let delta = self.net - net;
        if delta <= Decimal::ZERO {
            return Verdict::Unchanged;
        }
        let id = self.id();
        let transfer = ledger::transfer_of_adjustment(
            self.subject(&id, cause.at),
            self.state,
            delta,
            taken_back,
        );
        steps.transfers.extend(transfer);
        self.net = net;
        self.reason = cause.reason.map(str::to_owned).or(self.reason.take());
        self.updated_at = cause.at;
        self.tell(Kind::CommissionAdjusted, Some(self.state), -delta, cause.at, steps);
        verdict
    }

    /// Tells of an order of which more was taken back without leaving less of its commission.
    pub fn tell_more_taken_back(&self, at: Timestamp, steps: &mut Steps) {
        if lifecycle::step(self.state, Event::Partial) == Verdict::Adjust {
            self.tell(Kind::CommissionAdjusted, Some(self.state), Decimal::ZERO, at, steps);
        }
    }

    /// Ends the return window when its time has come by `now`; it takes effect at its instant.
    pub fn release_if_due(&mut self, now: Timestamp, steps: &mut Steps) -> bool {
        let due = self.hold_until.filter(|until| self.state == State::HoldRunning && *until <= now);
        let Some(until) = due else { return false };
        self.apply(Event::HoldElapsed, Cause { at: until, reason: None }, steps);
        true
    }

    fn move_to(&mut self, to: State, cause: Cause<'_>, steps: &mut Steps) {
        let from = self.state;
        let before = self.net;
        self.state = to;
        self.updated_at = cause.at;
        self.risk.due &= to == State::Approved;
        if to == State::Rejected {
            self.net = Decimal::ZERO;
            self.reason = cause.reason.map(str::to_owned);
        }
        self.post(Some(from), before, cause.at, steps);
        if let Some(kind) = notice::of_arrival(to) {
            self.tell(kind, Some(from), self.net - before, cause.at, steps);
        }
    }

    fn subject<'a>(&self, id: &'a str, at: Timestamp) -> ledger::Subject<'a> {
        ledger::Subject {
            commission_id: id,
            affiliate: self.affiliate,
            currency: self.currency,
            at,
        }
    }

    fn post(&self, from: Option<State>, x: Decimal, at: Timestamp, steps: &mut Steps) {
        let id = self.id();
        let transfer = ledger::transfer_of_move(self.subject(&id, at), from, self.state, x);
        steps.transfers.extend(transfer);
    }

    fn tell(
        &self,
        kind: Kind,
        from: Option<State>,
        delta: Decimal,
        at: Timestamp,
        steps: &mut Steps,
    ) {
        let id = self.id();
        let step = Step {
            commission_id: &id,
            from,
            to: self.state,
            amount: self.amount,
            net: self.net,
            delta,
            currency: self.currency,
            reason: self.reason.as_deref(),
            hold_until: self.hold_until,
        };
        steps.notices.push(Notice {
            kind,
            affiliate: Some(self.affiliate),
            conversion: Some(self.conversion),
            about_commission: true,
            event_id: None,
            occurred_at: at,
            data: step.data(self.conversion),
        });
    }
}
