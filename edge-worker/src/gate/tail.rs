//! A path as it is passed on: every segment in its one spelling, so that what is signed arrives.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;

/// Characters of an id or code in a path at most; a SKU has up to 160.
pub const SEGMENT_CHARACTERS_MAX: usize = 160;
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Spells a tail anew. `None` when a segment is empty, too long, no UTF-8, or one that URLs read
/// as a step (`.`, `..`): nothing has such a name.
pub fn respelled(tail: &str) -> Option<String> {
    let mut spelled = String::with_capacity(tail.len());
    for segment in tail.strip_prefix('/')?.split('/') {
        let name = name_of(segment)?;
        spelled.push('/');
        spelled.extend(utf8_percent_encode(&name, &ENCODED));
    }
    Some(spelled)
}

/// What a segment names, when something can have that name.
pub fn name_of(segment: &str) -> Option<Cow<'_, str>> {
    let name = percent_decode_str(segment).decode_utf8().ok()?;
    let length = name.chars().count();
    let is_step = name == "." || name == "..";
    let sane = (1..=SEGMENT_CHARACTERS_MAX).contains(&length)
        && !is_step
        && !name.chars().any(char::is_control);
    sane.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_segment_has_one_spelling_and_none_leads_elsewhere() {
        let long = format!("/{}", "a".repeat(161));
        let cases = [
            ("/products", Some("/products")),
            ("/products/A-1_b.~c", Some("/products/A-1_b.~c")),
            ("/products/a%2Fb", Some("/products/a%2Fb")),
            ("/products/a%2fb", Some("/products/a%2Fb")),
            ("/products/%41", Some("/products/A")),
            ("/products/é'", Some("/products/%C3%A9%27")),
            ("/products/a b", Some("/products/a%20b")),
            ("/products/100%25", Some("/products/100%25")),
            ("/products/..", None),
            ("/products/%2e%2E", None),
            ("/products/.", None),
            ("/products/...", Some("/products/...")),
            ("/products/", None),
            ("/products//x", None),
            ("/products/%00", None),
            ("/products/%ff", None),
            ("products", None),
            (long.as_str(), None),
        ];
        for (tail, expected) in cases {
            assert_eq!(respelled(tail).as_deref(), expected, "{tail}");
        }
    }
}
