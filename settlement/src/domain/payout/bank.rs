//! What a bank's row does to the payout it names: the checks, then the table.

use super::life::{self, Event, State, Verdict};
use crate::domain::payout_export::answers::{Answer, AnswerRow};
use rust_decimal::Decimal;
use shared::money::Currency;

/// What a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The payout settled.
    Settled,
    /// The payout failed.
    Failed,
    /// The settled payout came back.
    Returned,
    /// Known already; nothing changes.
    Repeat,
    /// The line could not be read.
    Unreadable,
    /// There is no such payout to be answered.
    UnknownPayout,
    /// The payout is in another currency.
    CurrencyDiffers,
    /// The payout is of another amount.
    AmountDiffers,
    /// The payout was never sent. A person must look.
    NotSent,
    /// It failed before, and its lines were free again. A person must look.
    SettledAfterFailed,
}

impl Outcome {
    /// The word in rows and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Returned => "returned",
            Self::Repeat => "repeat",
            Self::Unreadable => "unreadable",
            Self::UnknownPayout => "unknown_payout",
            Self::CurrencyDiffers => "currency_differs",
            Self::AmountDiffers => "amount_differs",
            Self::NotSent => "not_sent",
            Self::SettledAfterFailed => "settled_after_failed",
        }
    }

    /// The outcomes that changed nothing and may be others later: the payout is sent, or made, in
    /// the meantime. Their rows are judged again when their file comes again.
    pub const JUDGED_AGAIN: [Self; 4] =
        [Self::NotSent, Self::AmountDiffers, Self::CurrencyDiffers, Self::UnknownPayout];

    /// Whether a person must look at the row: it did nothing, and was not known.
    pub fn needs_a_look(self) -> bool {
        match self {
            Self::Settled | Self::Failed | Self::Returned | Self::Repeat => false,
            Self::Unreadable
            | Self::UnknownPayout
            | Self::CurrencyDiffers
            | Self::AmountDiffers
            | Self::NotSent
            | Self::SettledAfterFailed => true,
        }
    }

    /// Whether money may have moved that the books do not know of.
    pub fn is_alarm(self) -> bool {
        match self {
            Self::NotSent | Self::SettledAfterFailed => true,
            Self::Settled
            | Self::Failed
            | Self::Returned
            | Self::Repeat
            | Self::Unreadable
            | Self::UnknownPayout
            | Self::CurrencyDiffers
            | Self::AmountDiffers => false,
        }
    }
}

/// A payout as far as a bank's row can tell one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// In which currency.
    pub currency: Currency,
    /// How much.
    pub amount: Decimal,
    /// Where it stands.
    pub state: State,
}

/// Answers a payout; it stands where the row put it afterwards.
pub fn answer(known: Option<&mut Known>, row: &AnswerRow) -> Outcome {
    let Some(known) = known else { return Outcome::UnknownPayout };
    if known.currency != row.currency {
        return Outcome::CurrencyDiffers;
    }
    if known.amount != row.amount {
        return Outcome::AmountDiffers;
    }
    let event = match row.answer {
        Answer::Settled => Event::Settles,
        Answer::Failed | Answer::Returned => Event::Fails,
    };
    match life::step(known.state, event) {
        Verdict::Move(to) => {
            known.state = to;
            match to {
                State::Settled => Outcome::Settled,
                State::Returned => Outcome::Returned,
                _ => Outcome::Failed,
            }
        }
        Verdict::Alarm if known.state == State::Failed => Outcome::SettledAfterFailed,
        Verdict::Alarm => Outcome::NotSent,
        Verdict::Unchanged | Verdict::Denied | Verdict::Impossible => Outcome::Repeat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).expect("a currency")
    }

    fn row(code: &str, cents: i64, answer: Answer) -> AnswerRow {
        AnswerRow {
            line_number: 2,
            payout_id: Uuid::nil(),
            currency: currency(code),
            amount: Decimal::new(cents, 2),
            answer,
            reason: None,
        }
    }

    /// Where it stands, the rows with what each comes to, where it ends.
    type Case<'a> = (State, &'a [(Answer, Outcome)], State);

    #[test]
    fn rows_of_one_file_are_answered_in_their_order() {
        use Answer as A;
        use Outcome as O;
        let cases: [Case<'_>; 7] = [
            (State::Processing, &[(A::Settled, O::Settled)], State::Settled),
            (
                State::Processing,
                &[(A::Settled, O::Settled), (A::Settled, O::Repeat), (A::Failed, O::Returned)],
                State::Returned,
            ),
            (
                State::Settled,
                &[(A::Returned, O::Returned), (A::Failed, O::Repeat)],
                State::Returned,
            ),
            (State::Processing, &[(A::Returned, O::Failed), (A::Failed, O::Repeat)], State::Failed),
            (State::Failed, &[(A::Settled, O::SettledAfterFailed)], State::Failed),
            (State::Draft, &[(A::Settled, O::NotSent)], State::Draft),
            (State::Cancelled, &[(A::Failed, O::NotSent)], State::Cancelled),
        ];
        for (state, rows, end) in cases {
            let mut known = Known { currency: currency("NPR"), amount: Decimal::new(5, 2), state };
            for (word, expected) in rows {
                let outcome = answer(Some(&mut known), &row("NPR", 5, *word));
                assert_eq!(outcome, *expected, "{state:?} {rows:?}");
            }
            assert_eq!(known.state, end, "{state:?} {rows:?}");
        }
    }

    #[test]
    fn a_row_that_does_not_match_changes_nothing() {
        let state = State::Processing;
        let known = Known { currency: currency("NPR"), amount: Decimal::new(5, 2), state };
        let cases = [
            (row("USD", 5, Answer::Settled), Outcome::CurrencyDiffers),
            (row("NPR", 6, Answer::Settled), Outcome::AmountDiffers),
        ];
        for (row, expected) in cases {
            let mut after = known;
            assert_eq!(answer(Some(&mut after), &row), expected);
            assert_eq!(after, known);
        }
        assert_eq!(answer(None, &row("NPR", 5, Answer::Settled)), Outcome::UnknownPayout);
    }

    #[test]
    fn a_row_that_did_nothing_needs_a_look_and_money_the_books_do_not_know_of_is_an_alarm() {
        use Outcome as O;
        let table = [
            (O::Settled, "settled", false, false),
            (O::Failed, "failed", false, false),
            (O::Returned, "returned", false, false),
            (O::Repeat, "repeat", false, false),
            (O::Unreadable, "unreadable", true, false),
            (O::UnknownPayout, "unknown_payout", true, false),
            (O::CurrencyDiffers, "currency_differs", true, false),
            (O::AmountDiffers, "amount_differs", true, false),
            (O::NotSent, "not_sent", true, true),
            (O::SettledAfterFailed, "settled_after_failed", true, true),
        ];
        for (outcome, word, needs_a_look, is_alarm) in table {
            let shown = (outcome.as_str(), outcome.needs_a_look(), outcome.is_alarm());
            assert_eq!(shown, (word, needs_a_look, is_alarm));
        }
    }
}
