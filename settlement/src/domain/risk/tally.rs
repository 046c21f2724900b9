//! Orders counted for risk: per affiliate, per affiliate and hour, per shopper hash and day.

use jiff::Timestamp;
use shared::id::AffiliateId;

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;

/// What is counted together, within one merchant and environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// All orders of an affiliate.
    Affiliate(AffiliateId),
    /// Those of one UTC hour, named by its first instant.
    AffiliateHour(AffiliateId, Timestamp),
    /// Those of one shopper hash on one UTC day, named by its first instant.
    Shopper(String, Timestamp),
}

impl Key {
    /// An affiliate's hour around an instant.
    pub fn hour(affiliate: AffiliateId, at: Timestamp) -> Self {
        Self::AffiliateHour(affiliate, begin_of(at, HOUR_SECONDS))
    }

    /// A shopper hash's day around an instant.
    pub fn day(shopper_hash: &str, at: Timestamp) -> Self {
        Self::Shopper(shopper_hash.to_owned(), begin_of(at, DAY_SECONDS))
    }

    /// The word in rows.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Affiliate(_) => "affiliate",
            Self::AffiliateHour(..) => "affiliate_hour",
            Self::Shopper(..) => "shopper",
        }
    }

    /// Whose orders, as rows say it.
    pub fn subject(&self) -> String {
        match self {
            Self::Affiliate(affiliate) | Self::AffiliateHour(affiliate, _) => affiliate.to_string(),
            Self::Shopper(hash, _) => hash.clone(),
        }
    }

    /// Of which stretch of time.
    pub fn bucket(&self) -> Timestamp {
        match self {
            Self::Affiliate(_) => Timestamp::UNIX_EPOCH,
            Self::AffiliateHour(_, begin) | Self::Shopper(_, begin) => *begin,
        }
    }
}

fn begin_of(at: Timestamp, seconds: i64) -> Timestamp {
    let begin = at.as_second().div_euclid(seconds).saturating_mul(seconds);
    Timestamp::from_second(begin).unwrap_or(Timestamp::MIN)
}

/// How many were counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Orders with a commission.
    pub orders: i64,
    /// Of these, taken back whole.
    pub reversed: i64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { orders: self.orders + other.orders, reversed: self.reversed + other.reversed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days_begin_on_the_utc_clock() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant of the test");
        let asha = AffiliateId(uuid::Uuid::from_u128(1));
        let hour = |text: &str| Key::hour(asha, at(text)).bucket();
        assert_eq!(hour("2026-06-14T03:59:59.999Z"), at("2026-06-14T03:00:00Z"));
        assert_eq!(hour("2026-06-14T04:00:00Z"), at("2026-06-14T04:00:00Z"));
        assert_eq!(hour("1969-12-31T23:59:59Z"), at("1969-12-31T23:00:00Z"));
        let day = Key::day("h", at("2026-06-14T23:59:59Z")).bucket();
        assert_eq!(day, at("2026-06-14T00:00:00Z"));
    }

    #[test]
    fn a_key_says_what_it_counts_of_whom_and_when() {
        let asha = AffiliateId(uuid::Uuid::from_u128(1));
        let begin = Timestamp::from_second(7_200).expect("an instant of the test");
        let cases = [
            (Key::Affiliate(asha), "affiliate", asha.to_string(), Timestamp::UNIX_EPOCH),
            (Key::AffiliateHour(asha, begin), "affiliate_hour", asha.to_string(), begin),
            (Key::Shopper("h".to_owned(), begin), "shopper", "h".to_owned(), begin),
        ];
        for (key, kind, subject, bucket) in cases {
            assert_eq!((key.kind(), key.subject(), key.bucket()), (kind, subject, bucket));
        }
    }

    #[test]
    fn tallies_add_up_one_by_one() {
        let (one, other) = (Tally { orders: 5, reversed: 2 }, Tally { orders: 3, reversed: 4 });
        assert_eq!(one.plus(other), Tally { orders: 8, reversed: 6 });
    }
}
