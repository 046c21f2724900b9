//! Corrections: what may be posted on a commission that is paid or rejected (MONEY §4).

use super::lifecycle::State;
use rust_decimal::Decimal;
use shared::money::Currency;

/// Who bears a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChargedTo {
    /// The merchant: its debt changes.
    Merchant,
    /// The network.
    Network,
}

impl ChargedTo {
    /// The word in rows and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Network => "network",
        }
    }

    /// Reads the word back; `None` for anything else.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Merchant, Self::Network].into_iter().find(|it| it.as_str() == word)
    }
}

/// A commission as far as a correction can tell one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corrected {
    /// Where it stands.
    pub state: State,
    /// The frozen amount.
    pub amount: Decimal,
    /// What is left of it.
    pub net: Decimal,
    /// Corrections posted so far, summed.
    pub corrections: Decimal,
    /// Its currency.
    pub currency: Currency,
}

/// Why a correction cannot be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The commission still moves by itself.
    #[error("only a paid or rejected commission can be corrected")]
    NotFinal,
    /// Nothing would change.
    #[error("a correction is not zero")]
    Zero,
    /// Smaller than the currency's minor unit.
    #[error("the amount has more decimals than its currency")]
    TooFine,
    /// The affiliate would have got less than nothing, or more than the sale's terms gave.
    #[error("what was paid and all corrections must stay between zero and the frozen amount")]
    OutOfRange,
}

/// Checks a correction of `by`; answers what paid and corrected come to with it.
pub fn check(commission: Corrected, by: Decimal) -> Result<Decimal, Refusal> {
    let paid = match commission.state {
        State::Paid => commission.net,
        State::Rejected => Decimal::ZERO,
        State::Pending
        | State::HoldWaiting
        | State::HoldRunning
        | State::Approved
        | State::PayableFree
        | State::PayableInFlight => return Err(Refusal::NotFinal),
    };
    if by.is_zero() {
        return Err(Refusal::Zero);
    }
    if !commission.currency.holds(by.normalize()) {
        return Err(Refusal::TooFine);
    }
    let sum = paid + commission.corrections + by;
    if sum < Decimal::ZERO || sum > commission.amount {
        return Err(Refusal::OutOfRange);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paid_and_corrected_stay_between_zero_and_the_frozen_amount() {
        let npr = Currency::parse("NPR").expect("a currency");
        let cents = |cents| Decimal::new(cents, 2);
        // State, net, corrections so far, correction, result; the frozen amount is 100.00.
        let cases = [
            (State::Paid, 100_00, 0, -100_00, Ok(cents(0))),
            (State::Paid, 100_00, 0, -100_01, Err(Refusal::OutOfRange)),
            (State::Paid, 100_00, 0, 1, Err(Refusal::OutOfRange)),
            (State::Paid, 60_00, 0, 40_00, Ok(cents(100_00))),
            (State::Paid, 60_00, 0, 40_01, Err(Refusal::OutOfRange)),
            (State::Paid, 60_00, -60_00, -1, Err(Refusal::OutOfRange)),
            (State::Paid, 60_00, -60_00, 100_00, Ok(cents(100_00))),
            (State::Rejected, 0, 0, 100_00, Ok(cents(100_00))),
            (State::Rejected, 0, 100_00, 1, Err(Refusal::OutOfRange)),
            (State::Rejected, 0, 0, -1, Err(Refusal::OutOfRange)),
            (State::Paid, 60_00, 0, 0, Err(Refusal::Zero)),
            (State::PayableFree, 60_00, 0, 1, Err(Refusal::NotFinal)),
            (State::PayableInFlight, 60_00, 0, 1, Err(Refusal::NotFinal)),
            (State::Pending, 60_00, 0, 1, Err(Refusal::NotFinal)),
        ];
        for (state, net, corrections, by, expected) in cases {
            let (net, corrections) = (cents(net), cents(corrections));
            let commission =
                Corrected { state, amount: cents(100_00), net, corrections, currency: npr };
            assert_eq!(check(commission, cents(by)), expected, "{state:?} {net} {by}");
        }
        let paid = Corrected {
            state: State::Paid,
            amount: cents(100_00),
            net: cents(60_00),
            corrections: cents(0),
            currency: npr,
        };
        assert_eq!(check(paid, Decimal::new(-1, 3)), Err(Refusal::TooFine));
        assert_eq!(check(paid, Decimal::new(-1_000, 4)), Ok(cents(59_90)));
    }
}
