//! The life of a commission: one table, here and nowhere else (MONEY §5).
//!
//! `docs/commission-states.md` is printed from it; a test compares the two.

/// Where a commission stands. On the wire the two holds are one word, and so are the two payables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Created; the order is not confirmed yet.
    Pending,
    /// Confirmed; nothing has started the return window.
    HoldWaiting,
    /// The return window runs.
    HoldRunning,
    /// The window is over or waived; risk is still to decide.
    Approved,
    /// Firm, in no processing payout.
    PayableFree,
    /// Firm, in a processing payout.
    PayableInFlight,
    /// Sent and settled. Terminal.
    Paid,
    /// Reversed. Terminal.
    Rejected,
}

impl State {
    /// Every state, in the order of the printed table.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::HoldWaiting,
        Self::HoldRunning,
        Self::Approved,
        Self::PayableFree,
        Self::PayableInFlight,
        Self::Paid,
        Self::Rejected,
    ];

    /// The word on the wire and in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::HoldWaiting | Self::HoldRunning => "hold",
            Self::Approved => "approved",
            Self::PayableFree | Self::PayableInFlight => "payable",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
        }
    }

    #[cfg(test)]
    fn title(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::HoldWaiting => "hold, no window",
            Self::HoldRunning => "hold, window runs",
            Self::Approved => "approved",
            Self::PayableFree => "payable, free",
            Self::PayableInFlight => "payable, in flight",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
        }
    }
}

/// What can happen to a commission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The order is reported as pending.
    OrderPending,
    /// `confirmed` or `paid`, below the status that starts the window.
    OrderProgress,
    /// `delivered`, or `confirmed`/`paid` at or above the status that starts the window.
    HoldStart,
    /// The whole order is taken back.
    FullReversal,
    /// A part of the order is taken back.
    Partial,
    /// The merchant grants the commission.
    MerchantApproves,
    /// The merchant refuses the commission.
    MerchantRejects,
    /// The return window is over.
    HoldElapsed,
    /// The risk score is below the threshold, or a person cleared it.
    RiskClear,
    /// A person refused it for risk.
    RiskRefused,
    /// A payout that carries it starts processing.
    PayoutProcessing,
    /// The bank settled that payout.
    PayoutSettled,
    /// The bank refused that payout, or sent it back after settling.
    PayoutFailed,
}

impl Event {
    /// Every event, in the order of the printed table.
    pub const ALL: [Self; 13] = [
        Self::OrderPending,
        Self::OrderProgress,
        Self::HoldStart,
        Self::FullReversal,
        Self::Partial,
        Self::MerchantApproves,
        Self::MerchantRejects,
        Self::HoldElapsed,
        Self::RiskClear,
        Self::RiskRefused,
        Self::PayoutProcessing,
        Self::PayoutSettled,
        Self::PayoutFailed,
    ];

    #[cfg(test)]
    fn title(self) -> &'static str {
        match self {
            Self::OrderPending => "`pending`",
            Self::OrderProgress => "`confirmed`/`paid` below the hold start",
            Self::HoldStart => "hold start",
            Self::FullReversal => "full reversal",
            Self::Partial => "partial reversal",
            Self::MerchantApproves => "`commission_approved`",
            Self::MerchantRejects => "`commission_rejected`",
            Self::HoldElapsed => "hold elapsed",
            Self::RiskClear => "risk clear",
            Self::RiskRefused => "risk refused",
            Self::PayoutProcessing => "payout processing",
            Self::PayoutSettled => "payout settled",
            Self::PayoutFailed => "payout failed",
        }
    }
}

/// What the table says about an event in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The fact is recorded, the commission stays as it is.
    Unchanged,
    /// The commission moves.
    Move(State),
    /// Same state, smaller net amount.
    Adjust,
    /// A clearance that counts once the commission is approved.
    Remembered,
    /// Not allowed; the event is skipped and its outcome says so.
    Denied,
    /// Waits until the payout in flight has settled or failed.
    Parked,
    /// Cannot happen: whoever raised it selects only rows in other states.
    Impossible,
}

/// The table.
pub fn step(state: State, event: Event) -> Verdict {
    use Event as E;
    use State as S;
    use Verdict::{Adjust, Denied, Impossible, Move, Parked, Remembered, Unchanged};
    match (state, event) {
        (S::Pending, E::OrderProgress) => Move(S::HoldWaiting),
        (S::Pending | S::HoldWaiting, E::HoldStart) => Move(S::HoldRunning),
        (S::Pending | S::HoldWaiting | S::HoldRunning, E::MerchantApproves)
        | (S::HoldRunning, E::HoldElapsed) => Move(S::Approved),
        (S::Pending | S::HoldWaiting | S::HoldRunning, E::RiskClear) => Remembered,
        (S::Approved, E::RiskClear) | (S::PayableInFlight, E::PayoutFailed) => Move(S::PayableFree),
        (S::PayableFree, E::PayoutProcessing) => Move(S::PayableInFlight),
        (S::PayableInFlight, E::PayoutSettled) => Move(S::Paid),
        (
            S::Pending | S::HoldWaiting | S::HoldRunning | S::Approved | S::PayableFree,
            E::FullReversal | E::MerchantRejects | E::RiskRefused,
        ) => Move(S::Rejected),
        (
            S::Pending | S::HoldWaiting | S::HoldRunning | S::Approved | S::PayableFree,
            E::Partial,
        ) => Adjust,
        (S::PayableInFlight, E::FullReversal | E::Partial | E::MerchantRejects) => Parked,
        (S::PayableInFlight, E::RiskRefused)
        | (
            S::Paid,
            E::FullReversal
            | E::Partial
            | E::MerchantApproves
            | E::MerchantRejects
            | E::RiskClear
            | E::RiskRefused,
        )
        | (
            S::Rejected,
            E::OrderPending | E::OrderProgress | E::HoldStart | E::MerchantApproves | E::RiskClear,
        ) => Denied,
        (
            S::Pending
            | S::HoldWaiting
            | S::HoldRunning
            | S::Approved
            | S::PayableFree
            | S::PayableInFlight
            | S::Paid,
            E::OrderPending,
        )
        | (
            S::HoldWaiting
            | S::HoldRunning
            | S::Approved
            | S::PayableFree
            | S::PayableInFlight
            | S::Paid,
            E::OrderProgress,
        )
        | (
            S::HoldRunning | S::Approved | S::PayableFree | S::PayableInFlight | S::Paid,
            E::HoldStart,
        )
        | (S::Approved | S::PayableFree | S::PayableInFlight, E::MerchantApproves)
        | (S::PayableFree | S::PayableInFlight, E::RiskClear)
        | (S::Paid, E::PayoutSettled | E::PayoutFailed)
        | (S::Rejected, E::FullReversal | E::Partial | E::MerchantRejects | E::RiskRefused) => {
            Unchanged
        }
        (
            S::Pending
            | S::HoldWaiting
            | S::Approved
            | S::PayableFree
            | S::PayableInFlight
            | S::Paid
            | S::Rejected,
            E::HoldElapsed,
        )
        | (
            S::Pending | S::HoldWaiting | S::HoldRunning | S::Approved | S::Rejected,
            E::PayoutProcessing | E::PayoutSettled | E::PayoutFailed,
        )
        | (S::PayableFree, E::PayoutSettled | E::PayoutFailed)
        | (S::PayableInFlight | S::Paid, E::PayoutProcessing) => Impossible,
    }
}

#[cfg(test)]
mod tests {
    use super::super::state_table::StateTable;
    use super::*;

    fn cell(state: State, event: Event) -> &'static str {
        match step(state, event) {
            Verdict::Unchanged => "=",
            Verdict::Move(State::HoldWaiting) => "hold, no window",
            Verdict::Move(State::HoldRunning) => "hold, window runs",
            Verdict::Move(to) => to.title(),
            Verdict::Adjust => "adj",
            Verdict::Remembered => "= (remembered)",
            Verdict::Denied => "–",
            Verdict::Parked => "parked",
            Verdict::Impossible => "✗",
        }
    }

    /// MONEY §5, transcribed cell by cell: W hold without window, R hold with window, a approved,
    /// F payable free, I payable in flight, p paid, x rejected, j adjusted, r remembered,
    /// k parked, ! impossible.
    const CONTRACT: [(State, &str); 8] = [
        (State::Pending, "= W R x j a x ! r x ! ! !"),
        (State::HoldWaiting, "= = R x j a x ! r x ! ! !"),
        (State::HoldRunning, "= = = x j a x a r x ! ! !"),
        (State::Approved, "= = = x j = x ! F x ! ! !"),
        (State::PayableFree, "= = = x j = x ! = x I ! !"),
        (State::PayableInFlight, "= = = k k = k ! = - ! p F"),
        (State::Paid, "= = = - - - - ! - - ! = ="),
        (State::Rejected, "- - - = = - = ! - = ! ! !"),
    ];

    fn letter(verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Unchanged => "=",
            Verdict::Move(State::HoldWaiting) => "W",
            Verdict::Move(State::HoldRunning) => "R",
            Verdict::Move(State::Approved) => "a",
            Verdict::Move(State::PayableFree) => "F",
            Verdict::Move(State::PayableInFlight) => "I",
            Verdict::Move(State::Paid) => "p",
            Verdict::Move(State::Rejected) => "x",
            Verdict::Move(State::Pending) => "back to pending",
            Verdict::Adjust => "j",
            Verdict::Remembered => "r",
            Verdict::Denied => "-",
            Verdict::Parked => "k",
            Verdict::Impossible => "!",
        }
    }

    #[test]
    fn every_cell_is_the_contract_s() {
        for (state, row) in CONTRACT {
            let cells: Vec<_> = row.split(' ').collect();
            assert_eq!(cells.len(), Event::ALL.len(), "{state:?}");
            for (event, expected) in Event::ALL.into_iter().zip(cells) {
                assert_eq!(letter(step(state, event)), expected, "{state:?} × {event:?}");
            }
        }
    }

    #[test]
    fn the_printed_table_is_this_one() {
        let row = |state: State| (state.title(), Event::ALL.map(|event| cell(state, event)).into());
        StateTable {
            source: "settlement/src/domain/lifecycle.rs",
            test: "lifecycle",
            head: "# The life of a commission\n\nRows are states, columns are what happens. `=` \
                   recorded, nothing changes · `–` skipped with ORDER_STATUS_TRANSITION_DENIED · \
                   `adj` same state, smaller net amount · `parked` waits for the payout in flight \
                   · `✗` cannot happen.",
            events: &Event::ALL.map(Event::title),
            rows: &State::ALL.map(row),
        }
        .assert_printed("commission-states.md");
    }
}
