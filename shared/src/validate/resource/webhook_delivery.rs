//! `POST …/recover` and `…/rotate-secret` on a webhook endpoint: bodies to what is asked
//! (PRODUCT §6).

use super::super::fields::{Fields, Need};
use crate::fault::Faults;
use crate::json::Node;
use crate::time;
use jiff::{SignedDuration, Timestamp};

/// How far back one may recover: what waited longer is let go.
pub const RECOVER_DAYS_MAX: i64 = 30;
/// Hours for which a rotated secret signs too, at most and unless set otherwise.
pub const OVERLAP_HOURS_MAX: u32 = 24;
/// A group's position at most: a notice's is 256 times as far.
const POSITION_MAX: i64 = i64::MAX / 256;
/// Characters of a cursor of a recovery at most: 19 digits in hex.
const CURSOR_CHARACTERS_MAX: usize = 38;

/// What is to be recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// What was written since then.
    pub since: Timestamp,
    /// Where in the log an earlier call came to.
    pub from: Option<i64>,
}

impl Recovery {
    /// A place in the log as a cursor.
    pub fn cursor(position: i64) -> String {
        hex::encode(position.to_string())
    }
}

/// Reads what is to be recovered, or every fault of the body.
pub fn recovery(body: &[u8], now: Timestamp) -> Result<Recovery, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let since = since(&mut fields, now);
    let from = cursor(&mut fields);
    fields.refuse_unknown(&[("from", "since"), ("after", "since")]);
    match (since, fields.faults.is_empty()) {
        (Some(since), true) => Ok(Recovery { since, from }),
        _ => Err(fields.faults),
    }
}

/// Reads for how many hours the secret before signs too; a body that is not there says nothing.
pub fn rotation(body: &[u8]) -> Result<u32, Faults> {
    if body.is_empty() {
        return Ok(OVERLAP_HOURS_MAX);
    }
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let hours = fields.whole("overlapHours", 0, OVERLAP_HOURS_MAX, Need::Optional);
    fields.refuse_unknown(&[("graceHours", "overlapHours"), ("overlap", "overlapHours")]);
    if fields.faults.is_empty() {
        Ok(hours.unwrap_or(OVERLAP_HOURS_MAX))
    } else {
        Err(fields.faults)
    }
}

fn since(fields: &mut Fields, now: Timestamp) -> Option<Timestamp> {
    let node = fields.word("since", Need::Required)?;
    let instant = match &node {
        Node::Text(text) => time::parse_instant(text),
        _ => None,
    };
    let Some(instant) = instant else {
        fields.faults.push(
            "since must be an ISO 8601 date and time with an offset, \
             like \"2026-06-14T09:30:00+05:45\"",
        );
        return None;
    };
    let oldest = now.saturating_sub(SignedDuration::from_hours(RECOVER_DAYS_MAX * 24));
    if instant > now || oldest.is_ok_and(|oldest| instant < oldest) {
        fields.faults.push(format!("since must lie within the last {RECOVER_DAYS_MAX} days"));
        return None;
    }
    Some(instant)
}

fn cursor(fields: &mut Fields) -> Option<i64> {
    let text = fields.text("cursor", CURSOR_CHARACTERS_MAX, Need::Optional)?;
    let read = hex::decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let digits = read.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let position = digits.and_then(|digits| digits.parse().ok());
    let position = position.filter(|position| *position <= POSITION_MAX);
    if position.is_none() {
        fields.faults.push("cursor must be the nextCursor of a recovery");
    }
    position
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-06-14T03:45:00Z".parse().expect("an instant of the test")
    }

    #[test]
    fn a_recovery_names_an_instant_of_the_last_thirty_days() {
        let read = |body: &str| recovery(body.as_bytes(), now());
        let since = |text: &str| text.parse().expect("an instant of the test");
        let good = [
            ("2026-06-14T03:45:00Z", "2026-06-14T03:45:00Z"),
            ("2026-05-15T03:45:00Z", "2026-05-15T03:45:00Z"),
            ("2026-06-14T09:30:00+05:45", "2026-06-14T03:45:00Z"),
        ];
        for (sent, meant) in good {
            let body = format!(r#"{{"since":"{sent}"}}"#);
            assert_eq!(read(&body), Ok(Recovery { since: since(meant), from: None }), "{sent}");
        }
        let far = r#""since must lie within the last 30 days""#.trim_matches('"');
        let bad = [
            (r#"{"since":"2026-06-14T03:45:01Z"}"#, far),
            (r#"{"since":"2026-05-15T03:44:59Z"}"#, far),
            (r#"{"since":1}"#, "since must be an ISO 8601 date and time with an offset"),
            (r#"{"since":null}"#, "since must not be null"),
            ("{}", "since is required"),
            (r#"{"since":"2026-06-14T03:00:00Z","cursor":"zz"}"#, "cursor must be the nextCursor"),
            (r#"{"since":"2026-06-14T03:00:00Z","until":1}"#, "until is not a property here"),
            ("[]", "body must be"),
        ];
        for (body, fault) in bad {
            let faults = read(body).expect_err(body);
            let [told] = faults.messages() else { panic!("{body}: {faults:?}") };
            assert!(told.contains(fault), "{body}: {told}");
        }
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        for position in [0, 7, POSITION_MAX] {
            let cursor = Recovery::cursor(position);
            let body = format!(r#"{{"since":"2026-06-14T03:00:00Z","cursor":"{cursor}"}}"#);
            let read = recovery(body.as_bytes(), now()).map(|recovery| recovery.from);
            assert_eq!(read, Ok(Some(position)));
        }
        // One further, and the place of its notices would be beyond any number of the database.
        let cursor = Recovery::cursor(POSITION_MAX + 1);
        let body = format!(r#"{{"since":"2026-06-14T03:00:00Z","cursor":"{cursor}"}}"#);
        assert!(recovery(body.as_bytes(), now()).is_err());
    }

    #[test]
    fn a_rotation_overlaps_for_a_day_unless_it_says_less() {
        let good = [("", 24), ("{}", 24), (r#"{"overlapHours":0}"#, 0)];
        for (body, hours) in good {
            assert_eq!(rotation(body.as_bytes()), Ok(hours), "{body}");
        }
        let bad =
            [r#"{"overlapHours":25}"#, r#"{"overlapHours":"1"}"#, r#"{"hours":1}"#, "[]", "x"];
        for body in bad {
            assert!(rotation(body.as_bytes()).is_err(), "{body}");
        }
    }
}
