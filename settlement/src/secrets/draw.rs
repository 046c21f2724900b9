//! Draws what must be random: ids, link numbers, codes, keys, passwords.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use shared::click_id::U40_MAX;
use shared::id::Environment;
use uuid::Uuid;

const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const KEY_ID_CHARACTERS: usize = 24;
const SECRET_CHARACTERS: usize = 40;
const CODE_CHARACTERS: usize = 8;
const WEBHOOK_SECRET_BYTES: usize = 32;
const PASSWORD_CHARACTERS: usize = 20;

/// A new UUID v7 of that instant.
pub fn id(now: Timestamp) -> Uuid {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &bytes()).into_uuid()
}

/// A link's number: 40 random bits.
pub fn link_number() -> i64 {
    let number = u64::from_be_bytes(bytes()) & U40_MAX;
    i64::try_from(number).expect("40 bits fit")
}

/// A short name for a link that was given none.
pub fn code() -> String {
    letters::<CODE_CHARACTERS>()
}

/// A key's public id, `pk_live_…`.
pub fn key_id(environment: Environment) -> String {
    format!("pk_{environment}_{}", letters::<KEY_ID_CHARACTERS>())
}

/// A signing secret, `sk_live_…`: 200 random bits.
pub fn signing_secret(environment: Environment) -> String {
    format!("sk_{environment}_{}", letters::<SECRET_CHARACTERS>())
}

/// A webhook endpoint's secret as Standard Webhooks has it: `whsec_` and base64 of 32 random bytes.
pub fn webhook_secret() -> String {
    format!("whsec_{}", STANDARD.encode(bytes::<WEBHOOK_SECRET_BYTES>()))
}

/// Any number: how much of the jitter is added to a wait.
pub fn jitter() -> u32 {
    u32::from_be_bytes(bytes())
}

/// A password: 100 random bits.
pub fn password() -> String {
    letters::<PASSWORD_CHARACTERS>()
}

/// A request id for a call that brought none.
pub fn request_id() -> String {
    hex::encode(bytes::<16>())
}

pub(super) fn bytes<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).expect("the system's random source answers once it is seeded");
    bytes
}

/// 32 letters, so that the low five bits of a byte choose one without bias.
fn letters<const LENGTH: usize>() -> String {
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte & 31)]);
    bytes::<LENGTH>().into_iter().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_their_instant_and_are_version_seven() {
        let at = |second| Timestamp::from_second(second).expect("a second of the test");
        assert!(id(at(1_700_000_000)) < id(at(1_700_000_001)));
        assert_eq!(id(at(1_700_000_000)).get_version_num(), 7);
    }

    #[test]
    fn a_webhook_secret_is_base64_of_32_bytes_and_never_the_same() {
        let secret = webhook_secret();
        let encoded = secret.strip_prefix("whsec_").expect("the prefix");
        assert_eq!(STANDARD.decode(encoded).map(|bytes| bytes.len()), Ok(32));
        assert_ne!(secret, webhook_secret());
    }

    #[test]
    fn a_key_id_is_in_its_canonical_form() {
        let key_id = key_id(Environment::Live);
        assert_eq!(shared::id::key_id_canonical(&key_id), Some(key_id));
    }
}
