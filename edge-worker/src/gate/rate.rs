//! Exact sliding windows: how many calls a key made in the last minute and the last hour.

use std::collections::VecDeque;

/// The short window.
pub const MINUTE_MS: i64 = 60_000;
/// The long window.
pub const HOUR_MS: i64 = 3_600_000;

/// How many calls a key may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In any 60 seconds.
    pub per_minute_max: u32,
    /// In any 3,600 seconds.
    pub per_hour_max: u32,
}

/// Whether a call may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spend {
    /// It spent its tokens.
    Spent,
    /// The minute is full; nothing was spent.
    MinuteFull,
    /// The hour is full; nothing was spent.
    HourFull,
}

impl Spend {
    /// What the client is told; `None` when it may pass.
    pub fn refusal(self, limits: Limits) -> Option<String> {
        match self {
            Self::Spent => None,
            Self::MinuteFull => {
                Some(format!("Rate limit exceeded ({}/min)", limits.per_minute_max))
            }
            Self::HourFull => Some(format!("Rate limit exceeded ({}/hour)", limits.per_hour_max)),
        }
    }
}

/// The instants at which one key spent a token, oldest first, no older than an hour.
///
/// It never holds more than the hour's limit, because a refused call adds nothing.
#[derive(Debug, Default)]
pub struct Window {
    spent_at_ms: VecDeque<i64>,
}

impl Window {
    /// Spends some tokens, all or none, or says which limit is reached. A token of exactly 60 s ago
    /// is out of the minute. A clock that stepped back counts as standing still.
    pub fn spend(&mut self, now_ms: i64, limits: Limits, tokens: u32) -> Spend {
        let tokens = tokens as usize;
        let now_ms = self.forget_old(now_ms);
        let minute_start = now_ms - MINUTE_MS;
        let before_minute =
            self.spent_at_ms.partition_point(|&spent_at_ms| spent_at_ms <= minute_start);
        let in_minute = self.spent_at_ms.len() - before_minute;
        if in_minute + tokens > limits.per_minute_max as usize {
            return Spend::MinuteFull;
        }
        if self.spent_at_ms.len() + tokens > limits.per_hour_max as usize {
            return Spend::HourFull;
        }
        self.spent_at_ms.extend(std::iter::repeat_n(now_ms, tokens));
        Spend::Spent
    }

    /// Counts a token spent before a restart; called with the newest first.
    pub fn restore_older(&mut self, spent_at_ms: i64) {
        let oldest_ms = self.spent_at_ms.front().copied().unwrap_or(spent_at_ms);
        self.spent_at_ms.push_front(spent_at_ms.min(oldest_ms));
    }

    fn forget_old(&mut self, now_ms: i64) -> i64 {
        let now_ms = self.spent_at_ms.back().map_or(now_ms, |&newest_ms| now_ms.max(newest_ms));
        let hour_start = now_ms - HOUR_MS;
        while self.spent_at_ms.front().is_some_and(|&spent_at_ms| spent_at_ms <= hour_start) {
            self.spent_at_ms.pop_front();
        }
        now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { per_minute_max: 3, per_hour_max: 5 };

    #[test]
    fn the_windows_slide_and_a_refusal_spends_nothing() {
        let mut window = Window::default();
        let cases = [
            (0, Spend::Spent),
            (1_000, Spend::Spent),
            (2_000, Spend::Spent),
            (2_000, Spend::MinuteFull),
            (59_999, Spend::MinuteFull),
            (60_000, Spend::Spent),
            (61_000, Spend::Spent),
            (62_000, Spend::HourFull),
            (HOUR_MS - 1, Spend::HourFull),
            (HOUR_MS, Spend::Spent),
            (HOUR_MS, Spend::HourFull),
        ];
        for (now_ms, expected) in cases {
            assert_eq!(window.spend(now_ms, LIMITS, 1), expected, "{now_ms}");
        }
    }

    #[test]
    fn the_refusal_names_the_limit() {
        let limits = Limits { per_minute_max: 600, per_hour_max: 30_000 };
        assert_eq!(
            Spend::MinuteFull.refusal(limits).as_deref(),
            Some("Rate limit exceeded (600/min)")
        );
        assert_eq!(
            Spend::HourFull.refusal(limits).as_deref(),
            Some("Rate limit exceeded (30000/hour)")
        );
        assert_eq!(Spend::Spent.refusal(limits), None);
    }

    #[test]
    fn restored_tokens_count() {
        let mut window = Window::default();
        for spent_at_ms in [2_000, 1_000, 0] {
            window.restore_older(spent_at_ms);
        }
        assert_eq!(window.spend(3_000, LIMITS, 1), Spend::MinuteFull);
        assert_eq!(window.spend(60_000, LIMITS, 1), Spend::Spent);
    }

    #[test]
    fn many_tokens_are_spent_all_or_none() {
        let mut window = Window::default();
        for (now_ms, tokens, expected) in [
            (0, 4, Spend::MinuteFull),
            (0, 2, Spend::Spent),
            (1, 2, Spend::MinuteFull),
            (1, 1, Spend::Spent),
            (60_000, 3, Spend::MinuteFull),
            (60_001, 3, Spend::HourFull),
            (60_001, 2, Spend::Spent),
        ] {
            assert_eq!(window.spend(now_ms, LIMITS, tokens), expected, "{now_ms} {tokens}");
        }
    }

    /// When calls come: idling, in bursts, and just at, before and after a window's edge.
    fn steps() -> impl Strategy<Value = Vec<(i64, u32)>> {
        let edge = prop_oneof![Just(MINUTE_MS), Just(HOUR_MS)];
        let step = prop_oneof![
            4 => Just(0i64),
            4 => 0i64..20,
            2 => 0i64..40_000,
            2 => (edge, -1i64..=1).prop_map(|(edge, off)| edge + off),
        ];
        proptest::collection::vec((step, 1u32..5), 1..250)
    }

    proptest! {
        /// The model keeps every token ever spent and counts them anew on each call. A restart
        /// rebuilds the window from the rows of accepted calls and forgets the others, so after one
        /// the window may let more pass than the model of all calls, never more than that of rows.
        #[test]
        fn no_window_holds_more_than_its_limit_and_no_admissible_call_is_refused(
            steps in steps(),
            per_minute_max in 1u32..12,
            per_hour_max in 1u32..30,
            kills in proptest::collection::vec(any::<bool>(), 250),
            stores in proptest::collection::vec(any::<bool>(), 250),
        ) {
            let limits = Limits { per_minute_max, per_hour_max };
            let mut window = Window::default();
            let (mut counted, mut rows): (Vec<i64>, Vec<i64>) = Default::default();
            let mut now_ms = 0;
            for (at, (step, tokens)) in steps.into_iter().enumerate() {
                now_ms += step;
                if kills[at] && at % 7 == 0 {
                    window = Window::default();
                    rows.iter().rev().for_each(|&row_ms| window.restore_older(row_ms));
                    counted.clone_from(&rows);
                }
                let within = |span_ms: i64| {
                    let tokens_before = counted.iter().filter(|&&at| now_ms - at < span_ms).count();
                    tokens_before + tokens as usize
                };
                let expected = if within(MINUTE_MS) > per_minute_max as usize {
                    Spend::MinuteFull
                } else if within(HOUR_MS) > per_hour_max as usize {
                    Spend::HourFull
                } else {
                    Spend::Spent
                };
                prop_assert_eq!(window.spend(now_ms, limits, tokens), expected);
                if expected == Spend::Spent {
                    counted.extend(std::iter::repeat_n(now_ms, tokens as usize));
                    if stores[at] {
                        rows.extend(std::iter::repeat_n(now_ms, tokens as usize));
                    }
                }
                for (span_ms, most) in [(MINUTE_MS, per_minute_max), (HOUR_MS, per_hour_max)] {
                    let accepted = rows.iter().filter(|&&at| now_ms - at < span_ms).count();
                    prop_assert!(accepted <= most as usize);
                }
            }
        }
    }
}
