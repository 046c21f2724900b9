//! Texts for the request log: short, and without what must never be in it.
//!
//! What is logged is chosen elsewhere, and none of it is a body, a secret, a signature or an
//! address. But a client can put any of them where an id or the name of a property is expected.

use std::net::IpAddr;

/// What stands for a word that is not shown.
pub const HIDDEN: &str = "[hidden]";
/// How signing secrets begin.
const SECRETS: [&str; 2] = ["sk_live_", "sk_test_"];
/// So many hex digits may be a signature.
const SIGNATURE_DIGITS: usize = 64;

/// A text of at most so many bytes, in which no word is a secret, a signature or an address.
pub fn redacted(text: &str, bytes_max: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !is_in_word(c)) {
        let word = piece.trim_end_matches(|c| !is_in_word(c));
        shown.push_str(if is_hidden(word) { HIDDEN } else { word });
        let after = piece[word.len()..].chars();
        shown.extend(after.map(|c| if c.is_control() { ' ' } else { c }));
    }
    shown.truncate(shown.floor_char_boundary(bytes_max));
    shown
}

fn is_in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
}

fn is_hidden(word: &str) -> bool {
    SECRETS.iter().any(|start| word.contains(start)) || has_signature(word) || has_address(word)
}

fn has_signature(word: &str) -> bool {
    word.len() >= SIGNATURE_DIGITS
        && word
            .split(|c: char| !c.is_ascii_hexdigit())
            .any(|digits| digits.len() >= SIGNATURE_DIGITS)
}

/// Whether a word is an address, or one with a port.
fn has_address(word: &str) -> bool {
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    let bare = word.trim_end_matches(['.', ':']);
    is_address(bare) || bare.rsplit_once(':').is_some_and(|(address, _)| is_address(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_MAX: usize = 200;

    #[test]
    fn secrets_signatures_and_addresses_are_hidden_and_the_rest_is_shown() {
        let signature = "0a".repeat(32);
        let long = "events-of-".repeat(7);
        let cases = [
            ("orderAmount is required".to_owned(), "orderAmount is required"),
            ("/api/v1/events/cnvevt_01h".to_owned(), "/api/v1/events/cnvevt_01h"),
            ("/api/v1/events/sk_live_abcDEF".to_owned(), "/api/v1/events/[hidden]"),
            ("x-sk_test_1 is not a property here".to_owned(), "[hidden] is not a property here"),
            (format!("{signature} is not"), "[hidden] is not"),
            (long.clone(), &long),
            (format!("sig={signature}."), "sig=[hidden]"),
            (format!("v1-{signature}-x"), "[hidden]"),
            ("203.0.113.7 is not".to_owned(), "[hidden] is not"),
            ("(203.0.113.7:8080)".to_owned(), "([hidden])"),
            ("from 2001:db8::1.".to_owned(), "from [hidden]"),
            ("4bf92f3577b34da6a3ce929d0e0e4736".to_owned(), "4bf92f3577b34da6a3ce929d0e0e4736"),
            ("1.5 and 10:30".to_owned(), "1.5 and 10:30"),
            ("a\nb\u{0}c".to_owned(), "a b c"),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(&text, BYTES_MAX), expected, "{text}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(redacted(&"é".repeat(10), 5), "éé");
        assert_eq!(redacted("abc", 3), "abc");
        assert_eq!(redacted("", 3), "");
    }
}
