//! The right signature in the wrong spelling.

use shared::signing::Signature;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Names the spelling, when what was sent is the right signature.
pub(super) fn mistake(sent: &str, right: &Signature) -> Option<&'static str> {
    let hex = hex::encode(right);
    if sent.eq_ignore_ascii_case(&hex) {
        return (sent != hex)
            .then_some("the signature is right but in uppercase hex; send lowercase");
    }
    if sent.strip_prefix("sha256=").is_some_and(|rest| rest.eq_ignore_ascii_case(&hex)) {
        return Some("the signature is right; send it without `sha256=` before it");
    }
    let plain = sent.trim_end_matches('=').replace('-', "+").replace('_', "/");
    if plain == base64(right) {
        return Some("the signature is right but in base64; send lowercase hex");
    }
    (plain == base64(hex.as_bytes()))
        .then_some("the signature is right but in base64 of its hex; send the hex itself")
}

/// Base64 without padding.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = (0..3).fold(0usize, |number, at| {
            number << 8 | usize::from(chunk.get(at).copied().unwrap_or(0))
        });
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[number >> (18 - 6 * place) & 63]));
        }
    }
    text
}
