//! What counts as arrived, how long an attempt may take, and when the next one follows
//! (PRODUCT §6).

use super::endpoint::Format;
use std::time::Duration;

const KHATA_TIME_MAX: Duration = Duration::from_secs(15);
const AFFILIATE_ORDER_TIME_MAX: Duration = Duration::from_secs(5);
const KHATA_RETRIES: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(10),
];
const AFFILIATE_ORDER_RETRIES: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_mins(5), Duration::from_mins(30)];
/// What jitter adds to a wait at most, so that what failed together does not come back together.
pub const JITTER_PERCENT_MAX: u32 = 10;

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another one, so long after the failure.
    TryAfter(Duration),
    /// None: it is dead.
    GiveUp,
}

/// How long an attempt may take.
pub fn time_max(format: Format) -> Duration {
    match format {
        Format::Khata => KHATA_TIME_MAX,
        Format::AffiliateOrder => AFFILIATE_ORDER_TIME_MAX,
    }
}

/// Whether an answer with this HTTP status says that the delivery arrived.
pub fn is_arrival(format: Format, status: u16) -> bool {
    match format {
        Format::Khata => (200..300).contains(&status),
        Format::AffiliateOrder => status == 200,
    }
}

/// How long a delivery waits after each failure, without jitter.
pub fn retries(format: Format) -> &'static [Duration] {
    match format {
        Format::Khata => &KHATA_RETRIES,
        Format::AffiliateOrder => &AFFILIATE_ORDER_RETRIES,
    }
}

/// What follows when so many tries have failed, the last one included. `jitter` is any number: 0
/// adds nothing, the greatest adds all it may.
pub fn after_failure(format: Format, failed_tries: u32, jitter: u32) -> Next {
    let retry = failed_tries.checked_sub(1).and_then(|at| usize::try_from(at).ok());
    match retry.and_then(|at| retries(format).get(at)) {
        Some(wait) => Next::TryAfter(*wait + added(*wait, jitter)),
        None => Next::GiveUp,
    }
}

fn added(wait: Duration, jitter: u32) -> Duration {
    let most = wait.as_millis() * u128::from(JITTER_PERCENT_MAX) / 100;
    let added = most * u128::from(jitter) / u128::from(u32::MAX);
    Duration::from_millis(u64::try_from(added).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(format: Format, jitter: u32) -> Vec<Option<u64>> {
        let wait = |tries| match after_failure(format, tries, jitter) {
            Next::TryAfter(wait) => Some(wait.as_secs()),
            Next::GiveUp => None,
        };
        (1..=9).map(wait).collect()
    }

    #[test]
    fn each_format_is_tried_as_documented_and_then_given_up() {
        let hours = |many: u64| Some(many * 3_600);
        let khata =
            [Some(5), Some(300), Some(1_800), hours(2), hours(5), hours(10), hours(10), None, None];
        assert_eq!(waits(Format::Khata, 0), khata);
        let order = [Some(5), Some(300), Some(1_800), None, None, None, None, None, None];
        assert_eq!(waits(Format::AffiliateOrder, 0), order);
    }

    #[test]
    fn jitter_only_adds_and_at_most_a_tenth() {
        assert_eq!(waits(Format::Khata, u32::MAX)[1], Some(330));
        assert_eq!(waits(Format::Khata, u32::MAX / 2)[6], Some(37_799));
    }

    #[test]
    fn what_arrived_is_told_by_its_status() {
        let cases = [(200, true, true), (201, true, false), (299, true, false)];
        for (status, khata, order) in cases.into_iter().chain([199, 302, 404, 500].map(no)) {
            assert_eq!(is_arrival(Format::Khata, status), khata, "{status}");
            assert_eq!(is_arrival(Format::AffiliateOrder, status), order, "{status}");
        }
        assert!(time_max(Format::AffiliateOrder) < time_max(Format::Khata));
    }

    fn no(status: u16) -> (u16, bool, bool) {
        (status, false, false)
    }

    #[test]
    fn a_delivery_without_a_failure_has_nothing_to_wait_for() {
        assert_eq!(after_failure(Format::Khata, 0, 0), Next::GiveUp);
    }
}
