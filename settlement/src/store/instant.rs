//! Instants and days between rows and the domain: microseconds both ways.

use jiff::Timestamp;
use jiff::civil;
use sqlx::types::time::{Date, OffsetDateTime};

/// The instant as a row holds it, cut to whole microseconds.
pub fn to_row(at: Timestamp) -> OffsetDateTime {
    let nanoseconds = i128::from(at.as_microsecond()) * 1_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .expect("both calendars span the years -9999 to 9999, jiff's a day less on either side")
}

/// The instant of a row.
pub fn from_row(at: OffsetDateTime) -> Timestamp {
    let microseconds = at.unix_timestamp_nanos() / 1_000;
    i64::try_from(microseconds)
        .ok()
        .and_then(|microseconds| Timestamp::from_microsecond(microseconds).ok())
        .unwrap_or(if at.year() < 1970 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A day as a row holds it.
pub fn date_to_row(day: civil::Date) -> Date {
    Date::from_ordinal_date(i32::from(day.year()), day.day_of_year().unsigned_abs())
        .expect("both calendars span the years -9999 to 9999")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_the_round_trip_to_the_microsecond() {
        for text in ["2026-06-14T03:45:00.123456Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z"]
        {
            let at: Timestamp = text.parse().expect("an instant of the test");
            assert_eq!(from_row(to_row(at)), at, "{text}");
        }
    }
}
