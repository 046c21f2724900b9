//! The life of a payout: one table, here and nowhere else (MONEY §8).
//!
//! `docs/payout-states.md` is printed from it; a test compares the two.

/// Where a payout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Made by a run; nobody has looked at it.
    Draft,
    /// An operator agrees with its lines as they are.
    Approved,
    /// Sent: its lines are fixed, the bank has not answered.
    Processing,
    /// The money arrived.
    Settled,
    /// The bank refused it. Terminal: this id is never sent again.
    Failed,
    /// Given up before it was sent. Terminal.
    Cancelled,
    /// The money arrived and came back. Terminal.
    Returned,
}

impl State {
    /// Every state, in the order of the printed table.
    pub const ALL: [Self; 7] = [
        Self::Draft,
        Self::Approved,
        Self::Processing,
        Self::Settled,
        Self::Failed,
        Self::Cancelled,
        Self::Returned,
    ];

    /// The word on the wire and in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Processing => "processing",
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }

    /// Reads the word back; `None` for anything else.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// What can happen to a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A commission in it was reduced or rejected, and something is left to pay.
    LineChanged,
    /// A commission in it was reduced or rejected, and too little is left to pay.
    TooLittleLeft,
    /// An operator agrees.
    Approve,
    /// An operator gives it up.
    Cancel,
    /// It is sent.
    Send,
    /// The bank says that the money arrived.
    Settles,
    /// The bank, or two operators, say that it did not arrive or came back.
    Fails,
}

impl Event {
    /// Every event, in the order of the printed table.
    pub const ALL: [Self; 7] = [
        Self::LineChanged,
        Self::TooLittleLeft,
        Self::Approve,
        Self::Cancel,
        Self::Send,
        Self::Settles,
        Self::Fails,
    ];

    #[cfg(test)]
    fn title(self) -> &'static str {
        match self {
            Self::LineChanged => "a line changes",
            Self::TooLittleLeft => "too little left",
            Self::Approve => "approve",
            Self::Cancel => "cancel",
            Self::Send => "send",
            Self::Settles => "bank: settled",
            Self::Fails => "bank: failed or returned",
        }
    }
}

/// What the table says about an event in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It moves.
    Move(State),
    /// It stays, and that is no fault: a repeat.
    Unchanged,
    /// Not allowed; whoever asked is told.
    Denied,
    /// What the bank says cannot be: nothing moves, and a person must look.
    Alarm,
    /// Cannot happen: whoever raised it selects only rows in other states.
    Impossible,
}

/// The table.
pub fn step(state: State, event: Event) -> Verdict {
    use Event as E;
    use State as S;
    use Verdict::{Alarm, Denied, Impossible, Move, Unchanged};
    match (state, event) {
        (S::Approved, E::LineChanged) => Move(S::Draft),
        (S::Draft | S::Approved, E::TooLittleLeft | E::Cancel) => Move(S::Cancelled),
        (S::Draft, E::Approve) => Move(S::Approved),
        (S::Approved, E::Send) => Move(S::Processing),
        (S::Processing, E::Settles) => Move(S::Settled),
        (S::Processing, E::Fails) => Move(S::Failed),
        (S::Settled, E::Fails) => Move(S::Returned),
        (S::Draft, E::LineChanged)
        | (S::Approved, E::Approve)
        | (S::Cancelled, E::Cancel)
        | (S::Settled | S::Returned, E::Settles)
        | (S::Failed | S::Returned, E::Fails) => Unchanged,
        (S::Draft, E::Send)
        | (
            S::Processing | S::Settled | S::Failed | S::Returned,
            E::Approve | E::Cancel | E::Send,
        )
        | (S::Cancelled, E::Approve | E::Send) => Denied,
        // Money moved that was not sent, or a refused transfer arrived after its lines were free.
        (S::Draft | S::Approved | S::Cancelled, E::Settles | E::Fails)
        | (S::Failed, E::Settles) => Alarm,
        (
            S::Processing | S::Settled | S::Failed | S::Cancelled | S::Returned,
            E::LineChanged | E::TooLittleLeft,
        ) => Impossible,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::state_table::StateTable;
    use super::*;

    fn cell(state: State, event: Event) -> &'static str {
        match step(state, event) {
            Verdict::Move(to) => to.word(),
            Verdict::Unchanged => "=",
            Verdict::Denied => "–",
            Verdict::Alarm => "alarm",
            Verdict::Impossible => "✗",
        }
    }

    /// MONEY §8, cell by cell: d draft, a approved, p processing, s settled, f failed, c cancelled,
    /// r returned, - denied, A alarm, ! impossible.
    const CONTRACT: [(State, &str); 7] = [
        (State::Draft, "= c a c - A A"),
        (State::Approved, "d c = c p A A"),
        (State::Processing, "! ! - - - s f"),
        (State::Settled, "! ! - - - = r"),
        (State::Failed, "! ! - - - A ="),
        (State::Cancelled, "! ! - = - A A"),
        (State::Returned, "! ! - - - = ="),
    ];

    fn letter(verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Move(state) => &state.word()[..1],
            Verdict::Unchanged => "=",
            Verdict::Denied => "-",
            Verdict::Alarm => "A",
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
    fn a_failed_payout_is_never_sent_and_nothing_leaves_an_end() {
        for event in Event::ALL {
            for end in [State::Failed, State::Cancelled, State::Returned] {
                assert!(!matches!(step(end, event), Verdict::Move(_)), "{end:?} × {event:?}");
            }
        }
    }

    #[test]
    fn every_word_reads_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.word()), Some(state));
        }
        assert_eq!(State::parse("paid"), None);
    }

    #[test]
    fn the_printed_table_is_this_one() {
        let row = |state: State| (state.word(), Event::ALL.map(|event| cell(state, event)).into());
        StateTable {
            source: "settlement/src/domain/payout/life.rs",
            test: "payout::life",
            head: "# The life of a payout\n\nRows are states, columns are what happens. `=` nothing \
                   changes · `–` refused · `alarm` nothing changes and a person must look · `✗` \
                   cannot happen.",
            events: &Event::ALL.map(Event::title),
            rows: &State::ALL.map(row),
        }
        .assert_printed("payout-states.md");
    }
}
