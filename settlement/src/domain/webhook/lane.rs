//! How an endpoint stands: whether it is sent to at will, tried with one delivery at a time, or
//! has failed for so long that it is paused.

use jiff::Timestamp;
use std::time::Duration;

/// Failures in a row from which on one delivery at a time is tried.
pub const BREAKER_FAILURES: u32 = 5;
/// How long nothing is tried after that failure; it doubles with each further one.
const REST_FIRST: Duration = Duration::from_secs(5);
/// How long nothing is tried at most.
const REST_MAX: Duration = Duration::from_mins(5);
/// How long an endpoint may fail before it is paused.
const FAILING_MAX: Duration = Duration::from_hours(5 * 24);

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
