//! Headers that many operations share, and the three that sign a call.

use crate::wire::schema;
use shared::limits::{
    IDEMPOTENCY_KEY_CHARACTERS_MAX, IDEMPOTENCY_KEY_KEPT_HOURS, REQUEST_ID_CHARACTERS_MAX,
    TIMESTAMP_SKEW_SECONDS_MAX,
};
use shared::shop::Source;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Object, Type};

/// The names under which the document keeps the three headers.
const SCHEMES: [&str; 3] = ["key", "timestamp", "signature"];

const BY_SHOP: &str =
    "Base64 of HMAC-SHA256 over the raw body with the secret of the key that the path names.";

/// The name under which the document keeps a shop's signature.
fn scheme(source: Source) -> &'static str {
    match source {
        Source::Shopify => "shopify",
        Source::WooCommerce => "woocommerce",
    }
}

/// The three headers that sign a call, and each shop's own.
pub(super) fn schemes() -> Vec<(&'static str, SecurityScheme)> {
    let [key, timestamp, signature] = SCHEMES;
    let header = |name: &str, says: &str| {
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, says)))
    };
    let shop = |source: Source| (scheme(source), header(source.signature_header(), BY_SHOP));
    let seconds = format!(
        "Unix seconds in plain digits, within {TIMESTAMP_SKEW_SECONDS_MAX} seconds of the edge's \
         clock."
    );
    vec![
        (key, header("X-Api-Key", "The key's public id: `pk_live_…` or `pk_test_…`.")),
        (timestamp, header("X-Timestamp", &seconds)),
        (
            signature,
            header(
                "X-Signature",
                "Lowercase hex HMAC-SHA256 with the key's whole signing secret (`sk_…`). A POST \
                 with a body signs `{timestamp}.{raw body}`; every other call signs \
                 `{timestamp}.{METHOD} {path and query as sent}.{raw body}`.",
            ),
        ),
        shop(Source::Shopify),
        shop(Source::WooCommerce),
    ]
}

/// All three together.
pub(super) fn signed() -> SecurityRequirement {
    let nothing = || [] as [&str; 0];
    let [key, timestamp, signature] = SCHEMES;
    SecurityRequirement::new(key, nothing()).add(timestamp, nothing()).add(signature, nothing())
}

/// The first alone.
pub(super) fn key() -> SecurityRequirement {
    SecurityRequirement::new(SCHEMES[0], [] as [&str; 0])
}

/// A shop's own signature. WooCommerce asks once without it, whether anybody is there.
pub(super) fn shop(source: Source) -> Vec<SecurityRequirement> {
    let signed = SecurityRequirement::new(scheme(source), [] as [&str; 0]);
    match source {
        Source::WooCommerce => vec![signed, SecurityRequirement::default()],
        Source::Shopify => vec![signed],
    }
}

/// `X-Request-ID` on an answer.
pub(super) fn request_id() -> Header {
    let limited = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(REQUEST_ID_CHARACTERS_MAX));
    let says = "Names the call: yours when it was sane, else one of ours.";
    HeaderBuilder::new().schema(limited.build()).description(Some(says)).build()
}

/// A header of an answer.
pub(super) fn answered(says: &str) -> Header {
    HeaderBuilder::new().schema(Object::with_type(Type::String)).description(Some(says)).build()
}

/// `X-Request-ID` as it may be sent: name, schema, description.
pub(super) fn sent_request_id() -> (&'static str, Object, String) {
    let says = format!(
        "Echoed on the answer and kept in the log when it is 1–{REQUEST_ID_CHARACTERS_MAX} of \
         `A–Z a–z 0–9 . _ -`; anything else is replaced."
    );
    ("X-Request-ID", Object::with_type(Type::String), says)
}

/// The two spellings of the idempotency key.
pub(super) fn idempotency_keys() -> [(&'static str, Object, String); 2] {
    let visible =
        || schema::pattern(format!("^[\\x21-\\x7e]{{1,{IDEMPOTENCY_KEY_CHARACTERS_MAX}}}$"));
    let says = format!(
        "Repeats the first answer byte for byte for {IDEMPOTENCY_KEY_KEPT_HOURS} hours, whatever \
         happened on the way; with another body it is refused."
    );
    [
        ("Idempotency-Key", visible(), says),
        (
            "X-Idempotency-Key",
            visible(),
            "Another spelling; when both are sent they must be equal.".to_owned(),
        ),
    ]
}
