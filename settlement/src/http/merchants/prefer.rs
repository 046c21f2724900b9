//! `Prefer: wait=N` (RFC 7240): how long a reader is ready to wait.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

/// Seconds one may wait.
pub(in crate::http) const WAIT_SECONDS_MAX: u64 = 5;

/// The seconds a call is ready to wait, at most those one may; what cannot be read is no
/// preference.
pub(super) fn wait_seconds(headers: &HeaderMap) -> Option<u64> {
    headers.get("prefer").and_then(|value| value.to_str().ok()).and_then(read)
}

/// Tells how long the answer was ready to wait.
pub(super) fn applied(response: &mut Response, wait: Option<u64>) {
    if let Some(seconds) = wait
        && let Ok(value) = HeaderValue::from_str(&format!("wait={seconds}"))
    {
        response.headers_mut().insert(HeaderName::from_static("preference-applied"), value);
    }
}

fn read(prefer: &str) -> Option<u64> {
    let mut wishes = prefer.split(',').flat_map(|part| part.split(';')).map(str::trim);
    let seconds = wishes.find_map(|wish| {
        let (name, value) = wish.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"'))
    })?;
    let digits = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| seconds.parse().unwrap_or(u64::MAX).min(WAIT_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_wait_is_read_and_bounded() {
        let cases = [
            ("wait=3", Some(3)),
            ("respond-async, Wait = \"2\"", Some(2)),
            ("wait=60", Some(5)),
            ("wait=99999999999999999999", Some(5)),
            ("wait=0", Some(0)),
            ("wait=-1", None),
            ("wait=", None),
            ("wait", None),
            ("return=minimal", None),
        ];
        for (prefer, expected) in cases {
            assert_eq!(read(prefer), expected, "{prefer}");
        }
    }
}
