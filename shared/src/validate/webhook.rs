//! `POST /api/v1/webhooks/generic`: the wrapper around an event, and the id it came under.

use super::fields::{Fields, Need};
use crate::fault::Faults;
use crate::id::EventKind;
use crate::limits::EXTERNAL_EVENT_ID_CHARACTERS_MAX;
use serde_json::value::RawValue;

/// An event as it was wrapped: which kind, and its text as sent.
#[derive(Debug)]
pub struct Wrapped {
    /// A conversion or an order status.
    pub kind: EventKind,
    /// What is to be read as that.
    pub data: Box<RawValue>,
}

/// Reads the wrapper, or every fault of it. What it wraps is not looked into.
pub fn webhook(body: &[u8]) -> Result<Wrapped, Faults> {
    let mut fields = Fields::read(body);
    if fields.unreadable() {
        return Err(fields.faults);
    }
    let words = [("conversion", EventKind::Conversion), ("order_status", EventKind::OrderStatus)];
    let kind = fields.one_of("type", &words, Need::Required);
    let data = fields.object("data");
    fields.refuse_unknown(&[]);
    match (kind, data, fields.faults.is_empty()) {
        (Some(kind), Some(data), true) => Ok(Wrapped { kind, data }),
        _ => Err(fields.faults),
    }
}

/// Checks `X-External-Event-Id`; `Err` is one fault.
pub fn external_event_id(sent: Option<&str>) -> Result<&str, &'static str> {
    let id = sent.ok_or("X-External-Event-Id is required")?;
    let printable = id.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if printable && (1..=EXTERNAL_EVENT_ID_CHARACTERS_MAX).contains(&id.len()) {
        Ok(id)
    } else {
        Err("X-External-Event-Id must be 1 to 128 printable ASCII characters")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapper_names_a_kind_and_holds_an_object() {
        let wrapped = webhook(br#"{"data":{"a" : 1},"type":"order_status"}"#).expect("right");
        assert_eq!((wrapped.kind, wrapped.data.get()), (EventKind::OrderStatus, r#"{"a" : 1}"#));
        let cases: [(&str, &[&str]); 6] = [
            ("[]", &["body must be a JSON object"]),
            ("{}", &["type is required", "data is required"]),
            (
                r#"{"type":"clock_advance","data":[]}"#,
                &["type must be one of conversion, order_status", "data must be an object"],
            ),
            (r#"{"type":"conversion","data":null}"#, &["data must not be null"]),
            (r#"{"type":"conversion","data":{},"id":1}"#, &["id is not a property here"]),
            (r#"{"type":"conversion","data":{},"data":{}}"#, &["data must not be repeated"]),
        ];
        for (body, expected) in cases {
            let faults = webhook(body.as_bytes()).expect_err(body);
            assert_eq!(faults.into_messages(), expected, "{body}");
        }
    }

    #[test]
    fn an_event_s_own_id_is_short_and_printable() {
        let (longest, too_long) = ("i".repeat(128), "i".repeat(129));
        for id in ["1", "evt 1", &longest] {
            assert_eq!(external_event_id(Some(id)), Ok(id));
        }
        for id in [None, Some(""), Some("é"), Some("a\tb"), Some(too_long.as_str())] {
            assert!(external_event_id(id).is_err(), "{id:?}");
        }
    }
}
