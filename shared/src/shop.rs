//! Shops' own webhooks: how one is proven, what of it is kept, and how it travels to settlement.
//!
//! Rules: PRODUCT §7, EDGE §12, MONEY §14.

mod pick;

pub use pick::pick;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Characters of a topic or of an event's id at most.
pub const HEADER_CHARACTERS_MAX: usize = 128;

/// Which shop system sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Shopify.
    Shopify,
    /// WooCommerce.
    WooCommerce,
}

impl Source {
    /// The word in paths, rows and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::WooCommerce => "woocommerce",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Shopify, Self::WooCommerce].into_iter().find(|source| source.as_str() == text)
    }

    /// The header with the signature, in lowercase.
    pub fn signature_header(self) -> &'static str {
        match self {
            Self::Shopify => "x-shopify-hmac-sha256",
            Self::WooCommerce => "x-wc-webhook-signature",
        }
    }

    /// The header with the topic, in lowercase.
    pub fn topic_header(self) -> &'static str {
        match self {
            Self::Shopify => "x-shopify-topic",
            Self::WooCommerce => "x-wc-webhook-topic",
        }
    }

    /// Headers that name an event, the same over retries; the first that came counts.
    ///
    /// Shopify's event id stays over retries and over several subscriptions. WooCommerce's delivery
    /// id is made of the webhook and the second alone, so that two orders of one second share it:
    /// of its events the bytes of the body are the name.
    pub fn id_headers(self) -> &'static [&'static str] {
        match self {
            Self::Shopify => &["x-shopify-event-id", "x-shopify-webhook-id"],
            Self::WooCommerce => &[],
        }
    }
}

/// Which field of a shop's order is the order id that the merchant knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderIdField {
    /// `id`: the shop's own number, in every webhook.
    #[default]
    Id,
    /// What people read: Shopify's `order_number`, WooCommerce's `number`.
    Number,
    /// Shopify's `name`, such as `#1001`; WooCommerce has none and gives its `number`.
    Name,
}

impl OrderIdField {
    /// The word in rows and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Number => "number",
            Self::Name => "name",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Id, Self::Number, Self::Name].into_iter().find(|field| field.as_str() == text)
    }
}

/// What a shop's key says of it; the edge puts it into every event, so that an event keeps its
/// meaning when a setting changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShopTerms {
    /// Which shop system.
    pub source: Source,
    /// Which field is the order id.
    pub order_id_field: OrderIdField,
    /// Whether an order that was sent off counts as delivered.
    pub fulfilled_is_delivered: bool,
}

/// A shop's webhook as the edge stores it: of its body what was picked alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShopEvent {
    /// What the key said when it was accepted.
    pub terms: ShopTerms,
    /// What it is about, in the shop's words: `orders/paid`.
    pub topic: String,
    /// Whether the shop calls it a test notification.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_test: bool,
    /// The click id that the order carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub click_id: Option<String>,
    /// The picked fields.
    pub data: Box<RawValue>,
}

/// The signature that a shop makes of a body.
pub fn signature(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Whether a shop's signature, base64 of HMAC-SHA256 over the body, holds; in constant time.
pub fn is_signed(secret: &[u8], body: &[u8], sent: &str) -> bool {
    signature(secret, body).as_bytes().ct_eq(sent.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for source in [Source::Shopify, Source::WooCommerce] {
            assert_eq!(Source::parse(source.as_str()), Some(source));
            assert_eq!(serde_json::json!(source), source.as_str());
        }
        for field in [OrderIdField::Id, OrderIdField::Number, OrderIdField::Name] {
            assert_eq!(OrderIdField::parse(field.as_str()), Some(field));
            assert_eq!(serde_json::json!(field), field.as_str());
        }
        assert_eq!(Source::parse("Shopify"), None);
        assert_eq!(OrderIdField::parse("email"), None);
    }

    #[test]
    fn a_signature_is_the_base64_of_the_whole_body_under_the_secret() {
        // `printf '{"id":1}' | openssl dgst -sha256 -hmac hush -binary | base64`
        let right = "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY=";
        assert!(is_signed(b"hush", br#"{"id":1}"#, right));
        assert_eq!(signature(b"hush", br#"{"id":1}"#), right);
        for (secret, body, signature) in [
            ("Hush", r#"{"id":1}"#, right),
            ("hush", r#"{"id":2}"#, right),
            ("hush", r#"{"id":1}"#, ""),
            ("hush", r#"{"id":1}"#, "not base64!"),
            ("hush", r#"{"id":1}"#, right.trim_end_matches('=')),
            ("hush", r#"{"id":1}"#, &right[..40]),
        ] {
            assert!(!is_signed(secret.as_bytes(), body.as_bytes(), signature), "{signature}");
        }
    }
}
