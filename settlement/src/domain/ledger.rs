//! Postings: which accounts a transition moves, always summing to zero (MONEY §6, §7).
//!
//! A commission's own steps are here; what payouts and operators post is in the modules below.

pub mod operator;
pub mod payout;

use super::lifecycle::State;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::AffiliateId;
use shared::money::Currency;

/// An account of the chart. Plus is credit, minus is debit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// Affiliate's commissions in pending.
    AffiliatePending,
    /// Affiliate's commissions in hold.
    AffiliateHold,
    /// Affiliate's approved commissions.
    AffiliateApproved,
    /// Firm, not sent.
    AffiliatePayable,
    /// Sent, unanswered.
    AffiliateInFlight,
    /// The merchant's promise.
    MerchantAccrued,
    /// The merchant's firm debt to the network.
    MerchantDue,
    /// Cash.
    NetworkBank,
    /// Corrections and write-offs that the network bears.
    NetworkCost,
    /// Clearing between two currencies.
    NetworkFx,
}

impl Account {
    /// The account's name in rows and statements.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AffiliatePending => "A.pending",
            Self::AffiliateHold => "A.hold",
            Self::AffiliateApproved => "A.approved",
            Self::AffiliatePayable => "A.payable",
            Self::AffiliateInFlight => "A.in_flight",
            Self::MerchantAccrued => "M.accrued",
            Self::MerchantDue => "M.due",
            Self::NetworkBank => "N.bank",
            Self::NetworkCost => "N.cost",
            Self::NetworkFx => "N.fx",
        }
    }

    /// Whether the account belongs to one affiliate.
    pub fn is_affiliate(self) -> bool {
        self.as_str().starts_with("A.")
    }

    /// The account that holds a commission's net amount in a state; `None` when none does.
    pub fn holding(state: State) -> Option<Self> {
        match state {
            State::Pending => Some(Self::AffiliatePending),
            State::HoldWaiting | State::HoldRunning => Some(Self::AffiliateHold),
            State::Approved => Some(Self::AffiliateApproved),
            State::PayableFree => Some(Self::AffiliatePayable),
            State::PayableInFlight => Some(Self::AffiliateInFlight),
            State::Paid | State::Rejected => None,
        }
    }

    /// The merchant's side of a commission in a state: a promise until it is firm, then a debt.
    fn owing(state: State) -> Self {
        match state {
            State::Pending | State::HoldWaiting | State::HoldRunning | State::Approved => {
                Self::MerchantAccrued
            }
            State::PayableFree | State::PayableInFlight | State::Paid | State::Rejected => {
                Self::MerchantDue
            }
        }
    }
}

/// One side of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub account: Account,
    /// How much, never zero.
    pub amount: Decimal,
}

/// A posting: at least two entries that sum to zero, with a key that makes it unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// What was posted: `com_…:created`.
    pub key: String,
    /// The affiliate whose accounts are meant; nil when none of them is an affiliate's.
    pub affiliate: AffiliateId,
    /// The currency of every entry.
    pub currency: Currency,
    /// When it took effect.
    pub effective_at: Timestamp,
    /// The sides.
    pub entries: Vec<Entry>,
}

/// What a transfer is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The commission's id, first part of the key.
    pub commission_id: &'a str,
    /// Whose it is.
    pub affiliate: AffiliateId,
    /// Its currency.
    pub currency: Currency,
    /// When the step took effect.
    pub at: Timestamp,
}

/// The entries of a step, for net amount `x`; empty when the step moves nothing. What a payout
/// moves is posted once for the whole payout, not for each commission in it.
pub fn entries_of_move(from: Option<State>, to: State, x: Decimal) -> Vec<Entry> {
    let side = |account, amount| Entry { account, amount };
    let by_payout =
        from == Some(State::PayableInFlight) || matches!(to, State::PayableInFlight | State::Paid);
    if x.is_zero() || by_payout {
        return Vec::new();
    }
    let mut entries = Vec::with_capacity(4);
    match from {
        None => entries.push(side(Account::MerchantAccrued, -x)),
        Some(from) => entries.extend(Account::holding(from).map(|account| side(account, -x))),
    }
    match (from, to) {
        (Some(from), State::Rejected) => entries.push(side(Account::owing(from), x)),
        (_, to) => entries.extend(Account::holding(to).map(|account| side(account, x))),
    }
    if to == State::PayableFree && from == Some(State::Approved) {
        entries.push(side(Account::MerchantAccrued, x));
        entries.push(side(Account::MerchantDue, -x));
    }
    // Two cases of one wire state share an account: nothing moves between them.
    if entries.len() == 2 && entries[0].account == entries[1].account {
        entries.clear();
    }
    entries
}

/// The transfer of a step; `None` when nothing moves.
pub fn transfer_of_move(
    subject: Subject<'_>,
    from: Option<State>,
    to: State,
    x: Decimal,
) -> Option<Transfer> {
    let step = if from.is_none() { "created" } else { step_word(to) };
    build(subject, step, entries_of_move(from, to, x))
}

fn step_word(to: State) -> &'static str {
    match to {
        State::HoldWaiting | State::HoldRunning => "held",
        other => other.word(),
    }
}

/// The transfer of a partial refund of `delta`; `step` names what was taken back.
pub fn transfer_of_adjustment(
    subject: Subject<'_>,
    state: State,
    delta: Decimal,
    step: &str,
) -> Option<Transfer> {
    let account = Account::holding(state)?;
    if delta.is_zero() {
        return None;
    }
    let entries = vec![
        Entry { account, amount: -delta },
        Entry { account: Account::owing(state), amount: delta },
    ];
    build(subject, step, entries)
}

fn build(subject: Subject<'_>, step: &str, entries: Vec<Entry>) -> Option<Transfer> {
    if entries.is_empty() {
        return None;
    }
    Some(Transfer {
        key: format!("{}:{step}", subject.commission_id),
        affiliate: subject.affiliate,
        currency: subject.currency,
        effective_at: subject.at,
        entries,
    })
}

#[cfg(test)]
mod tests {
    use super::super::lifecycle::{Event, Verdict, step};
    use super::super::rule::tests::{at, npr};
    use super::*;

    fn x() -> Decimal {
        Decimal::new(29_990, 2)
    }

    fn shown(entries: &[Entry]) -> Vec<String> {
        let sign = |entry: &Entry| {
            if entry.amount.is_sign_negative() { "-" } else { "+" }
        };
        entries.iter().map(|entry| format!("{}{}", sign(entry), entry.account.as_str())).collect()
    }

    #[test]
    fn each_step_moves_the_accounts_of_the_contract() {
        use State as S;
        let cases: [(Option<S>, S, &[&str]); 14] = [
            (None, S::Pending, &["-M.accrued", "+A.pending"]),
            (Some(S::Pending), S::HoldWaiting, &["-A.pending", "+A.hold"]),
            (Some(S::Pending), S::HoldRunning, &["-A.pending", "+A.hold"]),
            (Some(S::HoldWaiting), S::HoldRunning, &[]),
            (Some(S::Pending), S::Approved, &["-A.pending", "+A.approved"]),
            (Some(S::HoldRunning), S::Approved, &["-A.hold", "+A.approved"]),
            (
                Some(S::Approved),
                S::PayableFree,
                &["-A.approved", "+A.payable", "+M.accrued", "-M.due"],
            ),
            (Some(S::Pending), S::Rejected, &["-A.pending", "+M.accrued"]),
            (Some(S::HoldRunning), S::Rejected, &["-A.hold", "+M.accrued"]),
            (Some(S::Approved), S::Rejected, &["-A.approved", "+M.accrued"]),
            (Some(S::PayableFree), S::Rejected, &["-A.payable", "+M.due"]),
            (Some(S::PayableFree), S::PayableInFlight, &[]),
            (Some(S::PayableInFlight), S::Paid, &[]),
            (Some(S::PayableInFlight), S::PayableFree, &[]),
        ];
        for (from, to, expected) in cases {
            assert_eq!(shown(&entries_of_move(from, to, x())), expected, "{from:?} → {to:?}");
        }
    }

    #[test]
    fn every_move_of_the_table_sums_to_zero() {
        for from in State::ALL {
            for event in Event::ALL {
                let Verdict::Move(to) = step(from, event) else {
                    continue;
                };
                let entries = entries_of_move(Some(from), to, x());
                let sum: Decimal = entries.iter().map(|entry| entry.amount).sum();
                assert_eq!(sum, Decimal::ZERO, "{from:?} × {event:?}");
                assert_ne!(entries.len(), 1, "{from:?} × {event:?}");
                assert!(entries_of_move(Some(from), to, Decimal::ZERO).is_empty());
            }
        }
    }

    #[test]
    fn an_adjustment_takes_from_where_the_commission_stands() {
        let subject = Subject {
            commission_id: "com_1",
            affiliate: AffiliateId(uuid::Uuid::nil()),
            currency: npr(),
            at: at(0),
        };
        let cases = [
            (State::Pending, Some(["-A.pending", "+M.accrued"])),
            (State::HoldRunning, Some(["-A.hold", "+M.accrued"])),
            (State::PayableFree, Some(["-A.payable", "+M.due"])),
            (State::Rejected, None),
        ];
        for (state, expected) in cases {
            let transfer = transfer_of_adjustment(subject, state, x(), "R=5.00");
            let entries = transfer.as_ref().map(|transfer| shown(&transfer.entries));
            assert_eq!(entries, expected.map(|e| e.map(str::to_owned).to_vec()), "{state:?}");
        }
    }
}
