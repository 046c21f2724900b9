//! A batch's body: an array, taken apart into the texts of its events.

use crate::fault::Faults;
use serde_json::value::RawValue;

/// Events of one batch at most.
pub const BATCH_ITEMS_MAX: usize = 100;

/// Takes a body apart; what is wrong with one item is told in its place, later.
pub fn batch_items(body: &[u8]) -> Result<Vec<&RawValue>, Faults> {
    let mut faults = Faults::default();
    let items = match std::str::from_utf8(body) {
        Err(_) => Err("body must be UTF-8".to_owned()),
        Ok(text) => read(text),
    };
    match items {
        Ok(items) if (1..=BATCH_ITEMS_MAX).contains(&items.len()) => return Ok(items),
        Ok(_) => faults.push(format!("body must have 1 to {BATCH_ITEMS_MAX} events")),
        Err(sentence) => faults.push(sentence),
    }
    Err(faults)
}

fn read(text: &str) -> Result<Vec<&RawValue>, String> {
    if !text.trim_start().starts_with('[') {
        let is_json = serde_json::from_str::<&RawValue>(text).is_ok();
        let kind = if is_json { "a JSON array of events" } else { "valid JSON" };
        return Err(format!("body must be {kind}"));
    }
    serde_json::from_str(text).map_err(|cause| {
        format!("body must be valid JSON (line {}, column {})", cause.line(), cause.column())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_an_array_of_one_to_a_hundred() {
        let hundred = format!("[{}1]", "1,".repeat(99));
        let more = format!("[{}1]", "1,".repeat(100));
        let cases: [(&[u8], Result<usize, &str>); 9] = [
            (b"[{\"a\":1}, 2]", Ok(2)),
            (hundred.as_bytes(), Ok(100)),
            (more.as_bytes(), Err("body must have 1 to 100 events")),
            (b"[]", Err("body must have 1 to 100 events")),
            (b"{}", Err("body must be a JSON array of events")),
            (b"", Err("body must be valid JSON")),
            (b"[1,", Err("body must be valid JSON (line 1, column 3)")),
            (b"[1] x", Err("body must be valid JSON (line 1, column 5)")),
            (b"[\"\xff\"]", Err("body must be UTF-8")),
        ];
        for (body, expected) in cases {
            let read = batch_items(body).map(|items| items.len());
            let read = read.map_err(|faults| faults.into_messages().remove(0));
            assert_eq!(read, expected.map_err(str::to_owned), "{}", body.escape_ascii());
        }
    }
}
