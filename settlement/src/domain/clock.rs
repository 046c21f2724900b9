//! Test time: real time plus the moves a merchant made by then (MONEY §11). Live time is real.

use jiff::{SignedDuration, Timestamp};

/// One move of a merchant's test clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The real instant from which it counts.
    pub real_at: Timestamp,
    /// How far forward, in seconds.
    pub seconds: i64,
}

/// A merchant's clock in one environment; without moves it is the real one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clock {
    moves: Vec<Move>,
}

impl Clock {
    /// A clock with the moves made so far, in any order.
    pub fn new(moves: Vec<Move>) -> Self {
        Self { moves }
    }

    /// Records one more move.
    pub fn advance(&mut self, by: Move) {
        self.moves.push(by);
    }

    /// The merchant's time at a real instant.
    pub fn at(&self, real: Timestamp) -> Timestamp {
        let seconds: i64 = self.moves.iter().filter(|m| m.real_at <= real).map(|m| m.seconds).sum();
        later(real, seconds)
    }

    /// The merchant's time of an instant that whoever accepted an event named: moves after the
    /// acceptance do not count, so that judging the event later comes to the same. An instant after
    /// it is another machine's clock running ahead.
    pub fn named(&self, real: Timestamp, accepted_at: Timestamp) -> Timestamp {
        let shift = self.at(accepted_at.min(real)).duration_since(accepted_at.min(real));
        real.saturating_add(shift).unwrap_or(Timestamp::MAX)
    }

    /// The merchant's time up to which its edge is heard that was heard at a real instant. A move
    /// is an event of the edge's own stream and counts from the next full second: whoever knows of
    /// it has heard the edge as far as that.
    pub fn heard(&self, real: Timestamp) -> Timestamp {
        let moved = self.moves.iter().map(|m| m.real_at).max();
        self.at(moved.map_or(real, |moved| moved.max(real)))
    }
}

/// An instant so many seconds later, stopping at the end of the calendar.
pub fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a second of the test")
    }

    #[test]
    fn a_move_counts_from_its_own_instant_on() {
        let clock = Clock::new(vec![
            Move { real_at: at(200), seconds: 50 },
            Move { real_at: at(100), seconds: 1000 },
        ]);
        for (real, expected) in [(99, 99), (100, 1100), (199, 1199), (200, 1250), (300, 1350)] {
            assert_eq!(clock.at(at(real)), at(expected), "{real}");
        }
        assert_eq!(Clock::default().at(at(5)), at(5));
    }

    #[test]
    fn an_instant_that_an_event_names_knows_no_move_after_the_event() {
        let clock = Clock::new(vec![
            Move { real_at: at(200), seconds: 50 },
            Move { real_at: at(100), seconds: 1000 },
        ]);
        for (named, accepted, expected) in
            [(99, 150, 99), (150, 150, 1150), (250, 150, 1250), (250, 260, 1300), (250, 99, 250)]
        {
            assert_eq!(clock.named(at(named), at(accepted)), at(expected), "{named} {accepted}");
        }
    }

    #[test]
    fn an_edge_heard_with_a_move_is_heard_at_the_move_s_instant() {
        let clock = Clock::new(vec![
            Move { real_at: at(200), seconds: 50 },
            Move { real_at: at(100), seconds: 1000 },
        ]);
        for (real, expected) in [(199, 1250), (200, 1250), (300, 1350)] {
            assert_eq!(clock.heard(at(real)), at(expected), "{real}");
        }
        assert_eq!(Clock::default().heard(at(5)), at(5));
    }
}
