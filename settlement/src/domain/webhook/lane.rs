//! How an endpoint stands: whether it is sent to at will, tried with one delivery at a time, or
//! has failed for so long that it is paused.

use jiff::Timestamp;
use std::time::Duration;

/// Failures in a row from which on one delivery at a time is tried.
pub const BREAKER_FAILURES: u32 = 5;
/// How long nothing is tried after that failure; it doubles with each further one.
const REST_FIRST: Duration = Duration::from_secs(5);
/// How long nothing is tried when we were not able to.
const REST_OF_OURS: Duration = Duration::from_secs(2);
/// How long nothing is tried at most.
const REST_MAX: Duration = Duration::from_mins(5);
/// How long an endpoint may fail before it is paused.
const FAILING_MAX: Duration = Duration::from_hours(5 * 24);

/// Calls under way at once when a lane is begun with: how fast its endpoint answers is not known.
pub const CALLS_FIRST: usize = 1;

/// How many calls of a lane may be under way at once after one of them took so long: one more than
/// now, as long as that takes up no more of the node than `calls_max` calls of a second each. So
/// endpoints that answer slowly leave room for those that answer at once.
pub fn calls_after(calls_now: usize, took: Duration, calls_max: usize) -> usize {
    let seconds = usize::try_from(took.as_millis().div_ceil(1_000)).unwrap_or(usize::MAX);
    let widest = (calls_max / seconds.max(1)).max(CALLS_FIRST);
    calls_now.saturating_add(1).min(widest)
}

/// When a rest that is taken now ends at the latest. One that ends later was taken by a clock that
/// was ahead, and is none.
pub fn rest_end_max(now: Timestamp) -> Timestamp {
    now.saturating_add(REST_MAX).unwrap_or(Timestamp::MAX)
}

/// What the last attempts on an endpoint came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Attempts that failed since the last one that arrived.
    pub failures_in_row: u32,
    /// When the first of them failed.
    pub failing_since: Option<Timestamp>,
    /// Nothing is tried before.
    pub rests_until: Option<Timestamp>,
}

/// What may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// All that is due.
    Freely,
    /// One delivery, to see whether it arrives. The others wait and lose no try.
    OneAtATime,
    /// Nothing yet.
    NotYet,
}

impl Standing {
    /// What may be sent now.
    pub fn pace(self, now: Timestamp) -> Pace {
        if self.rests_until.is_some_and(|until| now < until && until <= rest_end_max(now)) {
            Pace::NotYet
        } else if self.failures_in_row >= BREAKER_FAILURES {
            Pace::OneAtATime
        } else {
            Pace::Freely
        }
    }

    /// As it stands when an attempt failed at that instant. One that arrived makes all well again:
    /// [`Standing::default`].
    #[must_use]
    pub fn after_failure(self, at: Timestamp) -> Self {
        let failures_in_row = self.failures_in_row.saturating_add(1);
        let rests_until = failures_in_row.checked_sub(BREAKER_FAILURES).map(|beyond| {
            let rest = REST_FIRST.saturating_mul(1 << beyond.min(16)).min(REST_MAX);
            at.saturating_add(rest).unwrap_or(Timestamp::MAX)
        });
        Self { failures_in_row, failing_since: self.failing_since.or(Some(at)), rests_until }
    }

    /// As it stands when nothing could be tried for a reason of ours: it rests, and has not failed.
    #[must_use]
    pub fn after_no_attempt(self, at: Timestamp) -> Self {
        let rest = at.saturating_add(REST_OF_OURS).unwrap_or(Timestamp::MAX);
        Self { rests_until: self.rests_until.max(Some(rest)), ..self }
    }

    /// Whether it has failed for so long that it is to be paused.
    pub fn is_to_be_paused(self, now: Timestamp) -> bool {
        let failing = self.failing_since.map(|since| now.duration_since(since));
        self.failures_in_row >= BREAKER_FAILURES
            && failing.is_some_and(|time| time.unsigned_abs() >= FAILING_MAX && time.is_positive())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a second of the test")
    }

    fn failed(times: u32) -> Standing {
        (0..times).fold(Standing::default(), |standing, _| standing.after_failure(at(100)))
    }

    #[test]
    fn from_the_fifth_failure_on_one_at_a_time_is_tried_and_ever_more_rarely() {
        assert_eq!(failed(4).pace(at(100)), Pace::Freely);
        let rests: Vec<_> = (5..14)
            .map(|times| {
                let until = failed(times).rests_until.expect("it rests").as_second();
                assert_eq!(failed(times).pace(at(until - 1)), Pace::NotYet);
                assert_eq!(failed(times).pace(at(until)), Pace::OneAtATime);
                until - 100
            })
            .collect();
        assert_eq!(rests, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(failed(u32::from(u16::MAX)).rests_until, Some(at(400)));
    }

    #[test]
    fn an_endpoint_that_does_not_fail_is_sent_to_at_will() {
        assert_eq!(Standing::default().pace(at(0)), Pace::Freely);
    }

    #[test]
    fn a_lane_widens_with_quick_answers_and_narrows_with_slow_ones() {
        let cases = [
            (1, 5, 2),
            (7, 1_000, 8),
            (8, 0, 8),
            (1, 1_001, 2),
            (8, 1_001, 4),
            (8, 2_500, 2),
            (8, 4_001, 1),
            (1, 14_900, 1),
            (3, 3_600_000, 1),
        ];
        for (now, took_ms, then) in cases {
            assert_eq!(
                calls_after(now, Duration::from_millis(took_ms), 8),
                then,
                "{now} {took_ms}"
            );
        }
    }

    #[test]
    fn what_we_were_not_able_to_try_counts_as_no_failure() {
        let rests = Standing::default().after_no_attempt(at(100));
        assert_eq!((rests.failures_in_row, rests.failing_since), (0, None));
        assert_eq!(rests.pace(at(101)), Pace::NotYet);
        assert_eq!(rests.pace(at(102)), Pace::Freely);
        assert_eq!(failed(9).after_no_attempt(at(100)), failed(9), "it rests for longer already");
    }

    #[test]
    fn a_rest_longer_than_the_longest_is_none() {
        let cases = [(400, Pace::NotYet), (401, Pace::Freely), (100, Pace::Freely)];
        for (until, pace) in cases {
            let standing = Standing { rests_until: Some(at(until)), ..Standing::default() };
            assert_eq!(standing.pace(at(100)), pace, "{until}");
        }
    }

    #[test]
    fn five_days_of_failures_end_in_a_pause() {
        let days = 5 * 86_400;
        let cases = [(5, days - 1, false), (5, days, true), (4, days, false), (0, days, false)];
        for (failures, later, paused) in cases {
            let standing = failed(failures);
            assert_eq!(standing.is_to_be_paused(at(100 + later)), paused, "{failures} {later}");
        }
        assert_eq!(failed(3).after_failure(at(900)).failing_since, Some(at(100)));
        assert!(!failed(9).is_to_be_paused(at(100 - days)), "a clock that went back");
    }
}
