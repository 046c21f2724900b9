//! Signs deliveries as Standard Webhooks does: HMAC-SHA256 over `{id}.{timestamp}.{body}`.
//!
//! Source: Standard Webhooks 1.0.0, "Signature scheme".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Prefix of a secret as its owner sees it; base64 of the key follows.
pub const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a key at least.
pub const KEY_BYTES_MIN: usize = 24;

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
    let key = Some(key).filter(|key| key.len() >= KEY_BYTES_MIN)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{message_id}.{timestamp_seconds}.").as_bytes());
    mac.update(body.as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answer that the reference libraries of Standard Webhooks are tested with.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const MESSAGE_ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SECONDS: i64 = 1_614_265_330;
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn of(secrets: &[&str]) -> String {
        let secrets: Vec<_> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        header(&secrets, MESSAGE_ID, SECONDS, BODY)
    }

    #[test]
    fn the_known_answer_of_the_standard_is_ours() {
        assert_eq!(of(&[SECRET]), SIGNED);
    }

    #[test]
    fn two_secrets_sign_side_by_side_and_a_foreign_one_not_at_all() {
        let other = format!("{SECRET_PREFIX}{}", STANDARD.encode([7; KEY_BYTES_MIN]));
        let both = of(&[&other, SECRET]);
        let (first, second) = both.split_once(' ').expect("two signatures");
        assert!(first.starts_with("v1,") && first != second && second == SIGNED, "{both}");
        let short = format!("{SECRET_PREFIX}{}", STANDARD.encode([7; KEY_BYTES_MIN - 1]));
        for foreign in ["", SECRET_PREFIX, "whsec_*", &SECRET[6..], &short] {
            assert_eq!(of(&[foreign]), "", "{foreign}");
            assert_eq!(of(&[foreign, SECRET]), SIGNED, "{foreign}");
        }
    }

    #[test]
    fn everything_signed_changes_the_signature() {
        let secrets = [SECRET.to_owned()];
        for (id, seconds, body) in [
            ("msg_p5jXN8AQM9LWM0D4loKWxJeK", SECONDS, BODY),
            (MESSAGE_ID, SECONDS + 1, BODY),
            (MESSAGE_ID, SECONDS, r#"{"test": 2432232315}"#),
            (MESSAGE_ID, SECONDS, ""),
        ] {
            assert_ne!(header(&secrets, id, seconds, body), SIGNED, "{id} {seconds} {body}");
        }
    }
}
