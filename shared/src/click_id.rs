//! Click ids that prove themselves: who, which link, when, sealed with a truncated HMAC.
//!
//! Layout (EDGE §8), 25 bytes: version 4 bits, key number 4, class 4, zero 4, link 40, Unix
//! seconds 32, random 40, MAC 72. Text: `clk_` and 40 Crockford base32 characters.

use crate::crockford;
use crate::keys::{ClickKeys, Mac};
use hmac::Mac as _;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

const PREFIX: &str = "clk_";
const VERSION: u8 = 1;
const SEALED_BYTES: usize = 25;
const OPEN_BYTES: usize = 16;
/// Characters of a click id, prefix included.
pub const CLICK_ID_CHARACTERS: usize = PREFIX.len() + SEALED_BYTES / 5 * 8;
/// The largest 40-bit number: link numbers and the random part stay at or below it.
pub const U40_MAX: u64 = (1 << 40) - 1;

/// What kind of visit a click was, decided at the edge from the request alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClickClass {
    /// A person, as far as the request shows.
    Human,
    /// A crawler, a script, or an embedded resource.
    Bot,
    /// A link unfurler of a messenger or social network.
    Preview,
    /// A browser fetching ahead of a possible visit.
    Prefetch,
    /// A `HEAD` request.
    Head,
    /// The same browser on the same link within ten seconds.
    Duplicate,
}

impl ClickClass {
    /// Every class, in the order of its number in the id.
    pub const ALL: [Self; 6] =
        [Self::Human, Self::Bot, Self::Preview, Self::Prefetch, Self::Head, Self::Duplicate];

    /// The word used in rows, reasons and read answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Bot => "bot",
            Self::Preview => "preview",
            Self::Prefetch => "prefetch",
            Self::Head => "head",
            Self::Duplicate => "duplicate",
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Human => 0,
            Self::Bot => 1,
            Self::Preview => 2,
            Self::Prefetch => 3,
            Self::Head => 4,
            Self::Duplicate => 5,
        }
    }
}

/// A click, as its id tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Click {
    /// The link's 40-bit number.
    pub link_number: u64,
    /// Unix seconds at the edge when the link was followed.
    pub clicked_at_seconds: u32,
    /// What kind of visit it was.
    pub class: ClickClass,
    /// 40 random bits that keep two clicks of one second apart.
    pub random: u64,
}

/// Why a text is not a click id of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClickIdFault {
    /// Prefix, length, alphabet, version or key number is off.
    #[error("not a click id")]
    Mangled,
    /// It has the form of a click id, but its seal does not hold.
    #[error("a click id with a false seal")]
    Forged,
}

impl Click {
    /// Writes the click as an id sealed with the current key.
    pub fn seal(&self, keys: &ClickKeys) -> String {
        let (number, key) = keys.current();
        let mut bytes = [0u8; SEALED_BYTES];
        bytes[0] = VERSION << 4 | (number & 15);
        bytes[1] = self.class.number() << 4;
        bytes[2..7].copy_from_slice(&(self.link_number & U40_MAX).to_be_bytes()[3..]);
        bytes[7..11].copy_from_slice(&self.clicked_at_seconds.to_be_bytes());
        bytes[11..16].copy_from_slice(&(self.random & U40_MAX).to_be_bytes()[3..]);
        let tag = seal_of(key, &bytes[..OPEN_BYTES]);
        bytes[OPEN_BYTES..].copy_from_slice(&tag[..SEALED_BYTES - OPEN_BYTES]);
        let mut text = String::with_capacity(CLICK_ID_CHARACTERS);
        text.push_str(PREFIX);
        crockford::encode_groups(&bytes, &mut text);
        text
    }

    /// Opens a click id under any of the known keys.
    pub fn open(text: &str, keys: &ClickKeys) -> Result<Self, ClickIdFault> {
        let text = text.as_bytes();
        if text.len() != CLICK_ID_CHARACTERS || !text[..4].eq_ignore_ascii_case(PREFIX.as_bytes()) {
            return Err(ClickIdFault::Mangled);
        }
        let mut bytes = [0u8; SEALED_BYTES];
        crockford::decode_groups(&text[4..], &mut bytes).ok_or(ClickIdFault::Mangled)?;
        if bytes[0] >> 4 != VERSION {
            return Err(ClickIdFault::Mangled);
        }
        let key = keys.get(bytes[0] & 15).ok_or(ClickIdFault::Mangled)?;
        let tag = seal_of(key, &bytes[..OPEN_BYTES]);
        let holds = tag[..SEALED_BYTES - OPEN_BYTES].ct_eq(&bytes[OPEN_BYTES..]);
        if !bool::from(holds) || bytes[1] & 15 != 0 {
            return Err(ClickIdFault::Forged);
        }
        let class = ClickClass::ALL.get(usize::from(bytes[1] >> 4)).ok_or(ClickIdFault::Forged)?;
        Ok(Self {
            link_number: u40(&bytes[2..7]),
            clicked_at_seconds: u32::from_be_bytes([bytes[7], bytes[8], bytes[9], bytes[10]]),
            class: *class,
            random: u40(&bytes[11..16]),
        })
    }
}

/// The id in its one canonical spelling, so that look-alikes and case name the same row.
pub fn canonical(text: &str) -> Option<String> {
    let mut bytes = [0u8; SEALED_BYTES];
    crockford::decode_groups(text.as_bytes().get(4..)?, &mut bytes)?;
    let mut id = String::with_capacity(CLICK_ID_CHARACTERS);
    id.push_str(PREFIX);
    crockford::encode_groups(&bytes, &mut id);
    Some(id)
}

fn u40(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn seal_of(mut mac: Mac, open: &[u8]) -> [u8; 32] {
    mac.update(open);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> ClickKeys {
        ClickKeys::parse(text).expect("a well-formed list")
    }

    fn one() -> ClickKeys {
        keys(&format!("1:{}", "ab".repeat(32)))
    }

    const CLICK: Click = Click {
        link_number: 0x01_2345_6789,
        clicked_at_seconds: 1_781_430_000,
        class: ClickClass::Human,
        random: U40_MAX,
    };

    #[test]
    fn a_click_survives_the_round_trip_in_every_class() {
        for class in ClickClass::ALL {
            let click = Click { class, ..CLICK };
            let text = click.seal(&one());
            assert_eq!(text.len(), CLICK_ID_CHARACTERS);
            assert_eq!(Click::open(&text, &one()), Ok(click));
            assert_eq!(Click::open(&text.to_uppercase(), &one()), Ok(click));
            assert_eq!(canonical(&text.to_uppercase()), Some(text));
        }
    }

    #[test]
    fn every_single_character_change_is_mangled_or_forged_or_the_same_id() {
        let text = CLICK.seal(&one());
        for at in 0..text.len() {
            for replacement in (b' '..=b'~').map(char::from) {
                let mut changed = text.clone();
                changed.replace_range(at..=at, &replacement.to_string());
                let same_value = at >= 4
                    && crockford::value(text.as_bytes()[at])
                        == u8::try_from(replacement).ok().and_then(crockford::value);
                let same_prefix = at < 4 && changed.eq_ignore_ascii_case(&text);
                match Click::open(&changed, &one()) {
                    Ok(click) => {
                        assert!(same_value || same_prefix, "{changed}");
                        assert_eq!(click, CLICK);
                    }
                    Err(_) => assert!(!same_value && !same_prefix, "{changed}"),
                }
            }
        }
    }

    #[test]
    fn the_faults_are_told_apart() {
        let text = CLICK.seal(&one());
        let other_key = keys(&format!("1:{}", "cd".repeat(32)));
        let other_number = keys(&format!("2:{}", "ab".repeat(32)));
        assert_eq!(Click::open(&text, &other_key), Err(ClickIdFault::Forged));
        assert_eq!(Click::open(&text, &other_number), Err(ClickIdFault::Mangled));
        assert_eq!(Click::open("CLK_example123", &one()), Err(ClickIdFault::Mangled));
        assert_eq!(Click::open("", &one()), Err(ClickIdFault::Mangled));
        assert_eq!(Click::open(&"é".repeat(22), &one()), Err(ClickIdFault::Mangled));
    }

    #[test]
    fn an_old_key_still_opens_after_rotation() {
        let text = CLICK.seal(&one());
        let rotated = keys(&format!("2:{},1:{}", "cd".repeat(32), "ab".repeat(32)));
        assert_eq!(Click::open(&text, &rotated), Ok(CLICK));
        assert!(Click::open(&CLICK.seal(&rotated), &one()).is_err(), "sealed by the new key");
    }

    #[test]
    fn numbers_are_sealed_as_forty_bits() {
        let click = Click { random: 0x98_7654_3210, ..CLICK };
        assert_eq!(Click::open(&click.seal(&one()), &one()), Ok(click));
        let wide = Click { link_number: U40_MAX + 1 + 7, random: U40_MAX + 1 + 9, ..CLICK };
        let narrow = Click { link_number: 7, random: 9, ..CLICK };
        assert_eq!(wide.seal(&one()), narrow.seal(&one()));
    }

    #[test]
    fn a_class_has_one_word_in_rows_and_on_the_wire() {
        for class in ClickClass::ALL {
            assert_eq!(serde_json::json!(class), class.as_str());
        }
    }
}
