//! Signs deliveries as Standard Webhooks does: HMAC-SHA256 over `{id}.{timestamp}.{body}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Prefix of a secret as its owner sees it; base64 of the key follows.
pub const SECRET_PREFIX: &str = "whsec_";

/// The `webhook-signature` header: one signature per secret, separated by spaces. A secret that is
/// not of our making signs nothing.
pub fn header(secrets: &[String], message_id: &str, timestamp_seconds: i64, body: &str) -> String {
    let signed: Vec<String> = secrets
        .iter()
        .filter_map(|secret| sign(secret, message_id, timestamp_seconds, body))
        .collect();
    signed.join(" ")
}

fn sign(secret: &str, message_id: &str, timestamp_seconds: i64, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{message_id}.{timestamp_seconds}.").as_bytes());
    mac.update(body.as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}
