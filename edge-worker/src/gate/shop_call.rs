//! What a shop's call says beside its body: what it is about, and what makes two of them one.

use shared::shop::{HEADER_CHARACTERS_MAX, Source};

/// What the contents of webhooks begin with; a repeat of one is told nothing more.
pub const CONTENT_PREFIX: &str = "w:";

/// What makes two webhooks one event: source, topic and id.
pub fn content(source: &str, topic: &str, id: &str) -> String {
    format!("{CONTENT_PREFIX}{source} {topic} {id}")
}

/// A topic or an id from a header; `None` when it is absent, too long, or holds what no shop sends.
pub fn word(sent: Option<&str>) -> Option<&str> {
    sent.filter(|text| {
        (1..=HEADER_CHARACTERS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// Whether a body is what WooCommerce sends, unsigned, when a webhook is made.
pub fn is_ping(source: Source, body: &[u8]) -> bool {
    let number = body.strip_prefix(b"webhook_id=");
    source == Source::WooCommerce
        && number.is_some_and(|id| !id.is_empty() && id.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_and_an_id_are_one_word_each_so_contents_never_meet() {
        let longest = "t".repeat(128);
        for text in ["orders/create", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", &longest] {
            assert_eq!(word(Some(text)), Some(text));
        }
        for text in [None, Some(""), Some("a b"), Some("é"), Some(&*"t".repeat(129))] {
            assert_eq!(word(text), None, "{text:?}");
        }
        assert_ne!(content("shopify", "a", "b"), content("woocommerce", "a", "b"));
        assert_ne!(content("shopify", "a", "b"), content("shopify", "b", "a"));
    }

    #[test]
    fn only_a_bare_number_of_woocommerce_is_a_ping() {
        assert!(is_ping(Source::WooCommerce, b"webhook_id=12"));
        for body in ["webhook_id=", "webhook_id=1&x=2", "{}", "", "webhook_id=1\n"] {
            assert!(!is_ping(Source::WooCommerce, body.as_bytes()), "{body}");
        }
        assert!(!is_ping(Source::Shopify, b"webhook_id=12"));
    }
}
