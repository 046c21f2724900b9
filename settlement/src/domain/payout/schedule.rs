//! When runs are due: a cron expression that names its zone: `0 9 * * MON Asia/Kathmandu`.

use jiff::Timestamp;
use std::fmt;

/// How long ago an instant may have been that has no run yet: longer than a month.
pub const LOOK_BACK_SECONDS: i64 = 32 * 86_400;
/// The instants looked at in one go at most; more of them are more often than a minute.
const INSTANTS_MAX: usize = 50_000;

/// A schedule of runs.
#[derive(Clone)]
pub struct Schedule(cronexpr::Crontab);

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schedule")
    }
}

impl Schedule {
    /// Reads five fields and an IANA zone; what is wrong with it otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        cronexpr::parse_crontab(text)
            .map(Self)
            .map_err(|_| "is not a cron expression with a time zone: 0 9 * * MON UTC".to_owned())
    }

    /// The latest instant after `after` that has come by `now`; `None`: none has. Runs missed in
    /// between are one: the latest takes all lines.
    pub fn latest(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let mut latest = None;
        let mut from = after;
        for _ in 0..INSTANTS_MAX {
            match self.0.find_next(cronexpr::MakeTimestamp(from)) {
                Ok(next) if next.timestamp() <= now => {
                    from = next.timestamp();
                    latest = Some(from);
                }
                Ok(_) | Err(_) => break,
            }
        }
        latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_week_s_instant_comes_once_in_the_network_s_own_zone() {
        let schedule = Schedule::parse("0 9 * * MON Asia/Kathmandu").expect("a schedule");
        // Monday 15 June 2026, 09:00 in Kathmandu is 03:15 UTC.
        let cases = [
            ("2026-06-14T00:00:00Z", "2026-06-15T03:14:59Z", None),
            ("2026-06-14T00:00:00Z", "2026-06-15T03:15:00Z", Some("2026-06-15T03:15:00Z")),
            ("2026-06-15T03:15:00Z", "2026-06-22T03:14:59Z", None),
            ("2026-06-15T03:15:00Z", "2026-06-22T03:15:00Z", Some("2026-06-22T03:15:00Z")),
            ("2026-06-01T00:00:00Z", "2026-06-30T00:00:00Z", Some("2026-06-29T03:15:00Z")),
        ];
        for (after, now, expected) in cases {
            assert_eq!(schedule.latest(at(after), at(now)), expected.map(at), "{after} {now}");
        }
    }

    #[test]
    fn an_hour_that_comes_twice_is_one_instant_and_one_that_never_comes_waits_a_week() {
        let schedule = Schedule::parse("30 2 * * SUN Europe/Berlin").expect("a schedule");
        let autumn = schedule.latest(at("2026-10-20T00:00:00Z"), at("2026-10-25T00:30:00Z"));
        assert_eq!(autumn, Some(at("2026-10-25T00:30:00Z")));
        let spring = schedule.latest(at("2026-03-23T00:00:00Z"), at("2026-04-05T00:30:00Z"));
        assert_eq!(spring, Some(at("2026-04-05T00:30:00Z")));
    }

    #[test]
    fn a_month_without_a_run_is_looked_back_over() {
        let schedule = Schedule::parse("0 9 1 * * UTC").expect("a schedule");
        assert_eq!(format!("{schedule:?}"), "Schedule");
        // A second before the next one, the last was a whole long month ago.
        let now = at("2026-08-01T08:59:59Z");
        let after = crate::domain::clock::later(now, -LOOK_BACK_SECONDS);
        assert_eq!(schedule.latest(after, now), Some(at("2026-07-01T09:00:00Z")));
        assert_eq!(after, at("2026-06-30T08:59:59Z"));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "weekly", "0 9 * * MON", "61 9 * * MON UTC", "0 9 * * MON Nowhere/City"] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }
}
