//! Whether a merchant's timestamp is near enough to the edge's clock.

/// How far a call's second may be from the edge's clock, either way.
pub const SKEW_SECONDS_MAX: u64 = shared::limits::TIMESTAMP_SKEW_SECONDS_MAX;
/// Digits of a timestamp at most; more would not be seconds of this calendar.
const DIGITS_MAX: usize = 11;

/// Reads `X-Timestamp`: plain digits, nothing else.
pub fn parse(text: &str) -> Option<i64> {
    let plain = text.len() <= DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Whether the timestamp, absent or not, lies within the window.
pub fn is_fresh(text: Option<&str>, now_seconds: i64) -> bool {
    text.and_then(parse).is_some_and(|sent| now_seconds.abs_diff(sent) <= SKEW_SECONDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_plain_digits_within_300_seconds() {
        let now = 1_781_430_000;
        let cases = [
            (Some("1781430000"), true),
            (Some("1781430300"), true),
            (Some("1781430301"), false),
            (Some("1781429700"), true),
            (Some("1781429699"), false),
            (Some("1781430000000"), false),
            (Some("1781430000.5"), false),
            (Some("+1781430000"), false),
            (Some("-1781430000"), false),
            (Some(" 1781430000"), false),
            (Some(""), false),
            (Some("now"), false),
            (None, false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_fresh(text, now), expected, "{text:?}");
        }
    }
}
