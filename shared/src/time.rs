//! Instants on the wire: ISO 8601 with an offset in, UTC with microseconds out.

use jiff::Timestamp;

/// How far ahead of the clock a reported instant may lie.
pub const AHEAD_SECONDS_MAX: i64 = 24 * 3_600;

/// Reads `YYYY-MM-DDTHH:MM[:SS[.f]]` with `Z` or `±HH:MM`, cut to whole microseconds.
///
/// `None` for another shape, an impossible date, or a missing offset. The shape is checked first,
/// because a lenient reader would also take forms that other languages refuse.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let (local, offset) = split_offset(text)?;
    if !offset_is_sane(offset) {
        return None;
    }
    let (clock, fraction) = match local.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (local, None),
    };
    let pattern = match clock.len() {
        16 => "dddd-dd-ddTdd:dd",
        19 => "dddd-dd-ddTdd:dd:dd",
        _ => return None,
    };
    let fits = clock.bytes().zip(pattern.bytes()).all(|(have, want)| match want {
        b'd' => have.is_ascii_digit(),
        other => have == other,
    });
    let fraction_fits = fraction.is_none_or(|f| {
        clock.len() == 19 && (1..=9).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit())
    });
    // Leap seconds would be silently folded into the second before.
    if !fits || !fraction_fits || clock.get(17..19).is_some_and(|seconds| seconds > "59") {
        return None;
    }
    let seconds = if clock.len() == 16 { ":00" } else { "" };
    let fraction = fraction.map(|f| format!(".{f}")).unwrap_or_default();
    let instant: Timestamp = format!("{clock}{seconds}{fraction}{offset}").parse().ok()?;
    let in_range = (1970..=9998).contains(&clock.get(..4)?.parse::<u16>().ok()?);
    Timestamp::from_microsecond(instant.as_microsecond()).ok().filter(|_| in_range)
}

fn split_offset(text: &str) -> Option<(&str, &str)> {
    if !text.is_ascii() {
        return None;
    }
    if text.ends_with('Z') {
        return Some(text.split_at(text.len() - 1));
    }
    text.len().checked_sub(6).map(|at| text.split_at(at))
}

fn offset_is_sane(offset: &str) -> bool {
    if offset == "Z" {
        return true;
    }
    let bytes = offset.as_bytes();
    let digits = [1, 2, 4, 5].into_iter().all(|at| bytes[at].is_ascii_digit());
    let sign = bytes[0] == b'+' || bytes[0] == b'-';
    digits && sign && bytes[3] == b':' && &offset[1..3] <= "18" && &offset[4..6] <= "59"
}

/// Writes an instant as `2026-06-14T03:45:00Z`, with a fraction only when there is one.
pub fn format_instant(instant: Timestamp) -> String {
    instant.to_string()
}

/// An instant from the edge's millisecond clock; `None` outside the calendar.
pub fn from_milliseconds(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_names_the_same_instant() {
        let utc = parse_instant("2026-06-14T03:45:00Z");
        assert!(utc.is_some());
        for text in ["2026-06-14T09:30:00+05:45", "2026-06-13T23:45:00-04:00", "2026-06-14T03:45Z"]
        {
            assert_eq!(parse_instant(text), utc, "{text}");
        }
        assert_eq!(utc.map(format_instant).as_deref(), Some("2026-06-14T03:45:00Z"));
        assert!(parse_instant("2026-06-14T23:59:59.999999999-18:59").is_some());
    }

    #[test]
    fn what_is_not_an_instant_is_refused() {
        let refused = [
            "",
            "Z",
            "2026-06-14",
            "2026-06-14T09:30:00",
            "2026-02-30T00:00:00Z",
            "2026-06-14T25:00:00Z",
            "2026-06-14T23:59:60Z",
            "2026-06-14 09:30:00Z",
            "2026-06-14T09:30:00+0545",
            "2026-06-14T09:30:00.Z",
            "2026-06-14T09:30:00z",
            "1781430000",
            "2026-06-14T09:30:00+05:45[Asia/Kathmandu]",
            "20260614T093000Z",
            "2026-06-14T09:30:00+99:00",
            "0000-01-01T00:00:00Z",
            "2026-06-14T09:30.5Z",
            "２026-06-14T09:30:00Z",
        ];
        for text in refused {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    #[test]
    fn fractions_are_cut_to_microseconds() {
        let instant = parse_instant("2026-06-14T03:45:00.123456789Z").expect("a good instant");
        assert_eq!(format_instant(instant), "2026-06-14T03:45:00.123456Z");
    }

    #[test]
    fn an_offset_is_a_sign_two_digits_a_colon_and_two_digits() {
        for good in ["Z", "+05:45", "-04:00", "+18:59", "-00:00"] {
            assert!(offset_is_sane(good), "{good}");
        }
        for bad in ["+19:00", "+05:60", "+05-45", " 05:45", "+0a:45", "+05:4b", "Z05:45"] {
            assert!(!offset_is_sane(bad), "{bad}");
        }
    }

    #[test]
    fn the_edge_s_milliseconds_are_an_instant_of_the_calendar() {
        let read = |milliseconds| from_milliseconds(milliseconds).map(format_instant);
        assert_eq!(read(1_781_408_700_123).as_deref(), Some("2026-06-14T03:45:00.123Z"));
        assert_eq!(read(i64::MAX), None);
    }
}
