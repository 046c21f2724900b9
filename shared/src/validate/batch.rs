//! A batch body to the events in it, each still as it was sent. Rules: EDGE §5.

use super::BATCH_EVENTS_MAX;
use crate::fault::Faults;
use serde_json::value::RawValue;

/// Splits a batch into its events, in order; `Err` when the body is no array of 1 to 100.
///
/// An event's own text is not looked into: each is read alone, as if it had come alone, so that
/// what is wrong with one says nothing of the others.
pub fn batch(body: &[u8]) -> Result<Vec<&[u8]>, Faults> {
    split(body).map_err(|sentence| {
        let mut faults = Faults::default();
        faults.push(sentence);
        faults
    })
}

fn split(body: &[u8]) -> Result<Vec<&[u8]>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "body must be UTF-8".to_owned())?;
    if !text.trim_start().starts_with('[') && serde_json::from_str::<&RawValue>(text).is_ok() {
        return Err("body must be a JSON array".to_owned());
    }
    let events: Vec<&RawValue> = serde_json::from_str(text).map_err(|cause| {
        format!("body must be valid JSON (line {}, column {})", cause.line(), cause.column())
    })?;
    if !(1..=BATCH_EVENTS_MAX).contains(&events.len()) {
        return Err(format!("body must be an array of 1 to {BATCH_EVENTS_MAX} events"));
    }
    Ok(events.into_iter().map(|event| event.get().as_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_an_array_of_one_to_a_hundred() {
        let many = |count| format!("[{}]", vec!["{}"; count].join(","));
        let deep = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        let cases: [(&str, Result<usize, &str>); 14] = [
            ("[{}]", Ok(1)),
            (" [ {} , 1, null ] ", Ok(3)),
            (&many(100), Ok(100)),
            (&many(101), Err("1 to 100 events")),
            (&deep, Ok(1)),
            ("[]", Err("1 to 100 events")),
            ("", Err("valid JSON")),
            ("[", Err("valid JSON")),
            ("[{}", Err("valid JSON")),
            ("[{},]", Err("valid JSON")),
            ("[{}]x", Err("valid JSON")),
            ("{}", Err("JSON array")),
            ("null", Err("JSON array")),
            ("\"[]\"", Err("JSON array")),
        ];
        for (body, expected) in cases {
            let split = batch(body.as_bytes());
            match (split, expected) {
                (Ok(events), Ok(many)) => assert_eq!(events.len(), many),
                (Err(faults), Err(part)) => {
                    let sentences = faults.into_messages();
                    assert!(sentences.len() == 1 && sentences[0].contains(part), "{sentences:?}");
                }
                (split, _) => panic!("{split:?} is not {expected:?}"),
            }
        }
        assert!(batch(&[b'[', 0xff, b']']).is_err());
    }

    #[test]
    fn each_event_keeps_the_text_it_was_sent_with() {
        let events = batch(br#"[ {"a": 1} ,{"b":"\u00e9"}]"#).expect("a batch");
        assert_eq!(events, [br#"{"a": 1}"#.as_slice(), br#"{"b":"\u00e9"}"#.as_slice()]);
    }
}
