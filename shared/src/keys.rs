//! Key material read from configuration: numbered click keys, named internal keys, hash keys.
//!
//! Nothing here prints a key: `Debug` shows numbers and names alone.

use crate::id::{Environment, MerchantId};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::fmt;

/// HMAC-SHA256 with its key already in it: a copy costs half of what a fresh start would.
pub type Mac = Hmac<Sha256>;

/// Why a list of keys could not be read. The text never repeats what was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyListFault {
    /// The list is empty.
    #[error("is empty")]
    Empty,
    /// An entry is not `name:64 hex digits`.
    #[error("entry {0} is not of the form name:64-hex-digits")]
    Malformed(usize),
    /// A click key's number is not 0–15.
    #[error("entry {0} has a key number outside 0-15")]
    Number(usize),
    /// Two entries share a name.
    #[error("entry {0} repeats a name")]
    Repeated(usize),
}

/// A 32-byte key written as 64 hex digits; `None` for anything else.
pub fn parse_key(text: &str) -> Option<[u8; 32]> {
    hex::decode(text.trim()).ok()?.try_into().ok()
}

fn mac(key: &[u8; 32]) -> Mac {
    Mac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn parse_list(text: &str) -> Result<Vec<(String, [u8; 32])>, KeyListFault> {
    let mut list: Vec<(String, [u8; 32])> = Vec::new();
    for (at, entry) in text.split(',').filter(|entry| !entry.trim().is_empty()).enumerate() {
        let place = at + 1;
        let (name, key) = entry.split_once(':').ok_or(KeyListFault::Malformed(place))?;
        let key = parse_key(key).ok_or(KeyListFault::Malformed(place))?;
        let name = name.trim().to_owned();
        if list.iter().any(|(known, _)| *known == name) {
            return Err(KeyListFault::Repeated(place));
        }
        list.push((name, key));
    }
    if list.is_empty() { Err(KeyListFault::Empty) } else { Ok(list) }
}

/// The keys that seal click ids, by number; the first one listed seals, all of them open.
#[derive(Clone)]
pub struct ClickKeys(Vec<(u8, Mac)>);

impl ClickKeys {
    /// Reads `number:hex,number:hex,…`; numbers are 0–15, the first entry is the current key.
    pub fn parse(text: &str) -> Result<Self, KeyListFault> {
        let mut keys = Vec::new();
        for (at, (name, key)) in parse_list(text)?.into_iter().enumerate() {
            let number = name.parse::<u8>().ok().filter(|number| *number <= 15);
            keys.push((number.ok_or(KeyListFault::Number(at + 1))?, mac(&key)));
        }
        Ok(Self(keys))
    }

    /// The number and key that seal new ids.
    pub fn current(&self) -> (u8, Mac) {
        let (number, mac) = self.0.first().expect("parse refuses an empty list");
        (*number, mac.clone())
    }

    /// The key of that number.
    pub fn get(&self, number: u8) -> Option<Mac> {
        self.0.iter().find(|(known, _)| *known == number).map(|(_, mac)| mac.clone())
    }
}

impl fmt::Debug for ClickKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(number, _)| number)).finish()
    }
}

/// The keys of calls between edge and settlement; the first one listed signs, all of them verify.
#[derive(Clone)]
pub struct InternalKeys(Vec<(String, [u8; 32])>);

impl InternalKeys {
    /// Reads `name:hex,name:hex`; two entries while a rotation is under way.
    pub fn parse(text: &str) -> Result<Self, KeyListFault> {
        parse_list(text).map(Self)
    }

    /// The key that signs.
    pub fn current(&self) -> &[u8; 32] {
        &self.0.first().expect("parse refuses an empty list").1
    }

    /// Every key that may verify.
    pub fn all(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.0.iter().map(|(_, key)| key)
    }
}

impl fmt::Debug for InternalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The key of shopper and customer hashes, the same on both sides.
#[derive(Clone)]
pub struct HashKey(Mac);

impl HashKey {
    /// Reads 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        parse_key(text).map(|key| Self(mac(&key)))
    }

    /// Keyed hash of a customer's id at one merchant, in one environment.
    pub fn customer_hash(
        &self,
        merchant: MerchantId,
        environment: Environment,
        customer_id: &str,
    ) -> String {
        let environment = environment.as_str().as_bytes();
        self.hash("customer", &[merchant.0.as_bytes(), environment, customer_id.as_bytes()])
    }

    /// Keyed hash of labelled parts, as 32 hex digits (128 bits). Parts are length-prefixed, so
    /// no two lists of parts share a hash by running together.
    pub fn hash(&self, label: &str, parts: &[&[u8]]) -> String {
        let mut mac = self.0.clone();
        mac.update(label.as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_list_says_which_entry_is_off_and_never_what_it_held() {
        let good = "ab".repeat(32);
        let cases = [
            (String::new(), KeyListFault::Empty),
            ("1".to_owned(), KeyListFault::Malformed(1)),
            (format!("1:{good},2:xyz"), KeyListFault::Malformed(2)),
            (format!("16:{good}"), KeyListFault::Number(1)),
            (format!("1:{good},1:{good}"), KeyListFault::Repeated(2)),
        ];
        for (text, fault) in cases {
            assert_eq!(ClickKeys::parse(&text).map(|_| ()), Err(fault), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let text = format!("1:{}", "ab".repeat(32));
        let shown = format!("{:?} {:?}", ClickKeys::parse(&text), InternalKeys::parse(&text));
        assert!(!shown.contains("abab"), "{shown}");
        // What tells one list from another is shown.
        assert_eq!(shown, "Ok([1]) Ok([\"1\"])");
        assert_eq!(format!("{:?}", HashKey::parse(&"ab".repeat(32))), "Some(HashKey(redacted))");
    }

    #[test]
    fn parts_do_not_run_together() {
        let key = HashKey::parse(&"01".repeat(32)).expect("64 hex digits");
        assert_ne!(key.hash("x", &[b"ab", b"c"]), key.hash("x", &[b"a", b"bc"]));
        assert_ne!(key.hash("x", &[b"a"]), key.hash("y", &[b"a"]));
        // HMAC-SHA256 of label and length-prefixed parts, computed without this code.
        assert_eq!(key.hash("x", &[b"ab", b"c"]), "28f53a39511525d471301a81d6e6898a");
    }
}
