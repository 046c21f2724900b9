//! What payouts post: one transfer per step, payout and merchant in it (MONEY §7).

use super::{Account, Entry, Transfer};
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::AffiliateId;
use shared::money::Currency;
use uuid::Uuid;

/// A step of a payout that moves money in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is sent.
    Sent,
    /// The money arrived.
    Settled,
    /// The bank refused it.
    Failed,
    /// The money came back.
    Returned,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 4] = [Self::Sent, Self::Settled, Self::Failed, Self::Returned];

    fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Returned => "returned",
        }
    }

    /// From which account to which.
    fn accounts(self) -> (Account, Account) {
        match self {
            Self::Sent => (Account::AffiliatePayable, Account::AffiliateInFlight),
            Self::Settled => (Account::AffiliateInFlight, Account::NetworkBank),
            Self::Failed => (Account::AffiliateInFlight, Account::AffiliatePayable),
            Self::Returned => (Account::NetworkBank, Account::AffiliatePayable),
        }
    }
}

/// What a payout's transfers are about.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// The payout; with the step it is the key, in each merchant's books.
    pub payout: Uuid,
    /// Who is paid.
    pub affiliate: AffiliateId,
    /// In which currency.
    pub currency: Currency,
    /// When the step took effect.
    pub at: Timestamp,
}

/// The transfer of a step in one merchant's books, whose lines sum to `y`, maybe below zero;
/// `None` when they sum to zero.
pub fn transfer(subject: Subject, step: Step, y: Decimal) -> Option<Transfer> {
    if y.is_zero() {
        return None;
    }
    let (from, to) = step.accounts();
    Some(Transfer {
        key: format!("{}:{}", subject.payout, step.word()),
        affiliate: subject.affiliate,
        currency: subject.currency,
        effective_at: subject.at,
        entries: vec![Entry { account: from, amount: -y }, Entry { account: to, amount: y }],
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::lifecycle::State;
    use super::super::super::rule::tests::{at, npr};
    use super::super::entries_of_move;
    use super::*;
    use std::collections::BTreeMap;

    fn posted(steps: &[Step], y: Decimal) -> BTreeMap<Account, Decimal> {
        let affiliate = AffiliateId(Uuid::nil());
        let subject = Subject { payout: Uuid::nil(), affiliate, currency: npr(), at: at(0) };
        let mut balances = BTreeMap::new();
        for step in steps {
            for entry in transfer(subject, *step, y).into_iter().flat_map(|t| t.entries) {
                *balances.entry(entry.account).or_default() += entry.amount;
            }
        }
        balances.retain(|_, balance: &mut Decimal| !balance.is_zero());
        balances
    }

    #[test]
    fn each_step_moves_the_accounts_of_the_contract() {
        use Account::{
            AffiliateInFlight as Flight, AffiliatePayable as Payable, NetworkBank as Bank,
        };
        for cents in [29_990, -1] {
            let y = Decimal::new(cents, 2);
            let cases: [(&[Step], &[(Account, Decimal)]); 4] = [
                (&[Step::Sent], &[(Payable, -y), (Flight, y)]),
                (&[Step::Sent, Step::Settled], &[(Payable, -y), (Bank, y)]),
                (&[Step::Sent, Step::Failed], &[]),
                (&[Step::Sent, Step::Settled, Step::Returned], &[]),
            ];
            for (steps, expected) in cases {
                assert_eq!(posted(steps, y), expected.iter().copied().collect(), "{steps:?} {y}");
            }
        }
        assert!(posted(&Step::ALL, Decimal::ZERO).is_empty());
    }

    #[test]
    fn a_whole_life_leaves_only_debt_and_cash() {
        use State as S;
        let x = Decimal::new(29_990, 2);
        let life = [
            (None, S::Pending),
            (Some(S::Pending), S::HoldRunning),
            (Some(S::HoldRunning), S::Approved),
            (Some(S::Approved), S::PayableFree),
            (Some(S::PayableFree), S::PayableInFlight),
            (Some(S::PayableInFlight), S::Paid),
        ];
        let mut balances = posted(&[Step::Sent, Step::Settled], x);
        for (from, to) in life {
            for entry in entries_of_move(from, to, x) {
                *balances.entry(entry.account).or_default() += entry.amount;
            }
        }
        balances.retain(|_, balance| !balance.is_zero());
        let expected = BTreeMap::from([(Account::MerchantDue, -x), (Account::NetworkBank, x)]);
        assert_eq!(balances, expected);
    }
}
