//! Signing secrets: sealed under the master key at rest, resealed to the edge's key on the way.

use super::draw;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use shared::keys::parse_key;
use std::fmt;

const NONCE_BYTES: usize = 24;

/// Why a list of master keys could not be read. The text never repeats what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeysFault {
    /// The list is empty.
    #[error("is empty")]
    Empty,
    /// An entry is not `number:64 hex digits`.
    #[error("entry {0} is not of the form number:64-hex-digits with a number of 0-255")]
    Malformed(usize),
    /// Two entries share a number.
    #[error("entry {0} repeats a number")]
    Repeated(usize),
}

/// The keys of secrets at rest, by number; the first one listed seals, all of them open.
#[derive(Clone)]
pub struct MasterKeys(Vec<(u8, [u8; 32])>);

impl MasterKeys {
    /// Reads `number:hex,number:hex,…`.
    pub fn parse(text: &str) -> Result<Self, MasterKeysFault> {
        let mut keys: Vec<(u8, [u8; 32])> = Vec::new();
        let entries = text.split(',').filter(|entry| !entry.trim().is_empty());
        for (at, entry) in entries.enumerate() {
            let malformed = MasterKeysFault::Malformed(at + 1);
            let (number, key) = entry.split_once(':').ok_or(malformed)?;
            let number = number.trim().parse().map_err(|_| malformed)?;
            let key = parse_key(key).ok_or(malformed)?;
            if keys.iter().any(|(known, _)| *known == number) {
                return Err(MasterKeysFault::Repeated(at + 1));
            }
            keys.push((number, key));
        }
        if keys.is_empty() { Err(MasterKeysFault::Empty) } else { Ok(Self(keys)) }
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(number, _)| number)).finish()
    }
}

/// The public half of the edge's sealing key: settlement can seal to it and open nothing.
#[derive(Clone)]
pub struct SealingPublicKey(PublicKey);

impl SealingPublicKey {
    /// Reads 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        parse_key(text).map(|bytes| Self(PublicKey::from(bytes)))
    }
}

impl fmt::Debug for SealingPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingPublicKey")
    }
}

/// A stored secret that no known master key opens for that key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret does not open: its master key is missing, or the row was changed")]
pub struct Unopenable;

/// Both kinds of keys that signing secrets pass through.
#[derive(Debug, Clone)]
pub struct Vault {
    /// For secrets at rest.
    pub master: MasterKeys,
    /// For secrets on their way to the edge.
    pub edge: SealingPublicKey,
}

impl Vault {
    /// Seals a signing secret for its row: key number, nonce, ciphertext; bound to the key id.
    pub fn seal(&self, key_id: &str, secret: &str) -> Vec<u8> {
        let (number, key) = self.master.0.first().expect("parse refuses an empty list");
        let nonce: [u8; NONCE_BYTES] = draw::bytes();
        let payload = Payload { msg: secret.as_bytes(), aad: key_id.as_bytes() };
        let sealed = XChaCha20Poly1305::new(key.into())
            .encrypt(XNonce::from_slice(&nonce), payload)
            .expect("encryption fails only beyond 256 GiB");
        [&[*number][..], &nonce, &sealed].concat()
    }

    /// Opens a row's secret.
    pub fn open(&self, key_id: &str, sealed: &[u8]) -> Result<String, Unopenable> {
        let (number, rest) = sealed.split_first().ok_or(Unopenable)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES).ok_or(Unopenable)?;
        let known = self.master.0.iter().find(|(known, _)| known == number);
        let (_, key) = known.ok_or(Unopenable)?;
        let payload = Payload { msg: sealed, aad: key_id.as_bytes() };
        let opened = XChaCha20Poly1305::new(key.into())
            .decrypt(XNonce::from_slice(nonce), payload)
            .map_err(|_| Unopenable)?;
        String::from_utf8(opened).map_err(|_| Unopenable)
    }

    /// Opens a row's secret and seals it to the edge's key, as hex.
    pub fn reseal_to_edge(&self, key_id: &str, sealed: &[u8]) -> Result<String, Unopenable> {
        let secret = self.open(key_id, sealed)?;
        let sealed = self.edge.0.seal(&mut OsRng, secret.as_bytes()).map_err(|_| Unopenable)?;
        Ok(hex::encode(sealed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto_box::SecretKey;

    fn vault(master: &str) -> (Vault, SecretKey) {
        let secret = SecretKey::from([7; 32]);
        let edge = SealingPublicKey::parse(&hex::encode(secret.public_key().as_bytes()));
        let master = MasterKeys::parse(master).expect("well-formed");
        (Vault { master, edge: edge.expect("64 hex digits") }, secret)
    }

    #[test]
    fn a_secret_opens_under_an_old_master_key_and_for_its_own_key_id_alone() {
        let (one, two) = (format!("1:{}", "01".repeat(32)), format!("2:{}", "02".repeat(32)));
        let (old, _) = vault(&one);
        let (both, _) = vault(&format!("{two},{one}"));
        let (new, _) = vault(&two);
        let sealed = old.seal("pk_live_a", "sk_live_secret");
        assert_eq!(both.open("pk_live_a", &sealed).as_deref(), Ok("sk_live_secret"));
        assert_eq!(both.open("pk_live_b", &sealed), Err(Unopenable));
        assert_eq!(new.open("pk_live_a", &sealed), Err(Unopenable));
        for broken in [&[][..], &sealed[..10], &sealed[..sealed.len() - 1]] {
            assert_eq!(both.open("pk_live_a", broken), Err(Unopenable));
        }
        assert_eq!(both.seal("pk_live_a", "x")[0], 2);
    }

    #[test]
    fn what_goes_to_the_edge_opens_with_the_edge_s_key() {
        let (vault, edge) = vault(&format!("1:{}", "01".repeat(32)));
        let sealed = vault.seal("pk_live_a", "sk_live_secret");
        let to_edge = vault.reseal_to_edge("pk_live_a", &sealed).expect("it opens");
        let opened = edge.unseal(&hex::decode(to_edge).expect("hex")).expect("sealed to it");
        assert_eq!(opened, b"sk_live_secret");
    }

    #[test]
    fn a_bad_list_says_which_entry_is_off_and_debug_shows_no_key() {
        let good = "ab".repeat(32);
        let cases = [
            (String::new(), MasterKeysFault::Empty),
            ("1".to_owned(), MasterKeysFault::Malformed(1)),
            (format!("1:{good},256:{good}"), MasterKeysFault::Malformed(2)),
            (format!("1:{good},1:{good}"), MasterKeysFault::Repeated(2)),
        ];
        for (text, fault) in cases {
            assert_eq!(MasterKeys::parse(&text).map(|_| ()), Err(fault), "{text}");
        }
        assert!(!format!("{:?}", vault(&format!("1:{good}")).0).contains("abab"));
    }
}
