//! Names of things: environments, parties, events, and the ids derived from what they name.

use crate::crockford;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// One of the two isolated worlds; every row and every key belongs to exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Real orders and real money.
    Live,
    /// The sandbox, with a clock that can be moved.
    Test,
}

impl Environment {
    /// The word used in URLs, rows and key ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    /// Reads the word back; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "live" => Some(Self::Live),
            "test" => Some(Self::Test),
            _ => None,
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A merchant, by its UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MerchantId(pub Uuid);

/// An affiliate, by its UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AffiliateId(pub Uuid);

/// A campaign, by its UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CampaignId(pub Uuid);

impl fmt::Display for MerchantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AffiliateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of signed message an event is; decides the prefix of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An order reported for attribution.
    Conversion,
    /// News about an order already reported.
    OrderStatus,
    /// A move of a merchant's test clock.
    ClockAdvance,
    /// A shop's own webhook.
    Webhook,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::Conversion, Self::OrderStatus, Self::ClockAdvance, Self::Webhook];

    /// The word used in rows and read answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conversion => "conversion",
            Self::OrderStatus => "order_status",
            Self::ClockAdvance => "clock_advance",
            Self::Webhook => "webhook",
        }
    }

    /// Reads the word back; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "conversion" => Some(Self::Conversion),
            "order_status" => Some(Self::OrderStatus),
            "clock_advance" => Some(Self::ClockAdvance),
            "webhook" => Some(Self::Webhook),
            _ => None,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Conversion => "cnvevt_",
            Self::OrderStatus => "osevt_",
            Self::ClockAdvance => "clkevt_",
            Self::Webhook => "whevt_",
        }
    }
}

/// An event's id: its kind and its place in one object's stream, so it is found without an index.
///
/// Text form: prefix, then lowercase Crockford base32 of epoch (64 bits) and `seq` (64 bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventId {
    /// What kind of event it is.
    pub kind: EventKind,
    /// The random number the object drew at birth.
    pub epoch: u64,
    /// The gapless place in that object's stream, from 1.
    pub seq: u64,
}

impl EventId {
    /// Reads an id; `None` when it is not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        EventKind::ALL.into_iter().find_map(|kind| {
            let number = crockford::decode_u128(text.strip_prefix(kind.prefix())?)?;
            let (epoch, seq) = (u64::try_from(number >> 64).ok()?, number & u128::from(u64::MAX));
            Some(Self { kind, epoch, seq: u64::try_from(seq).ok()? })
        })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u128::from(self.epoch) << 64 | u128::from(self.seq);
        write!(f, "{}{}", self.kind.prefix(), crockford::encode_u128(number))
    }
}

/// The 128 bits that merchant, environment and order id make, from which both the conversion's
/// and its commission's id are written. Rule: MONEY §9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversionId(u128);

impl ConversionId {
    /// Derives the id; `external_order_id` is taken byte for byte, nothing is folded.
    pub fn derive(merchant: MerchantId, environment: Environment, external_order_id: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"khata/conversion/1\0");
        digest.update(merchant.0.as_bytes());
        digest.update([0, u8::from(environment == Environment::Test)]);
        digest.update(external_order_id.as_bytes());
        let bytes = digest.finalize();
        Self(bytes.iter().take(16).fold(0, |number, &byte| number << 8 | u128::from(byte)))
    }

    /// Reads `cnv_…`; `None` when it is not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        crockford::decode_u128(text.strip_prefix("cnv_")?).map(Self)
    }

    /// The id of the one commission this conversion can have: `com_` and the same characters.
    pub fn commission_id(self) -> String {
        format!("com_{}", crockford::encode_u128(self.0))
    }
}

impl fmt::Display for ConversionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cnv_{}", crockford::encode_u128(self.0))
    }
}

/// A key's public id as sent, brought to its one form: `live_pk_X` becomes `pk_live_X`.
///
/// `None` when it is neither form, longer than 80 characters, or holds anything but
/// letters, digits and `_`.
pub fn key_id_canonical(sent: &str) -> Option<String> {
    const KEY_ID_CHARACTERS_MAX: usize = 80;
    let sane = sent.len() <= KEY_ID_CHARACTERS_MAX
        && sent.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !sane {
        return None;
    }
    for environment in [Environment::Live, Environment::Test] {
        for form in [format!("pk_{environment}_"), format!("{environment}_pk_")] {
            if let Some(rest) = sent.strip_prefix(&form).filter(|rest| !rest.is_empty()) {
                return Some(format!("pk_{environment}_{rest}"));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MERCHANT: MerchantId =
        MerchantId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));

    #[test]
    fn an_event_id_survives_the_round_trip() {
        for kind in EventKind::ALL {
            let id = EventId { kind, epoch: u64::MAX, seq: 7 };
            assert_eq!(EventId::parse(&id.to_string()), Some(id));
        }
        assert_eq!(EventId::parse("cnvevt_"), None);
        assert_eq!(EventId::parse("cnv_00000000000000000000000000"), None);
    }

    #[test]
    fn a_conversion_id_depends_on_merchant_environment_and_order_alone() {
        let id = |environment, order| ConversionId::derive(MERCHANT, environment, order);
        assert_eq!(id(Environment::Live, "A-1"), id(Environment::Live, "A-1"));
        assert_ne!(id(Environment::Live, "A-1"), id(Environment::Test, "A-1"));
        assert_ne!(id(Environment::Live, "A-1"), id(Environment::Live, "a-1"));
        let text = id(Environment::Live, "A-1").to_string();
        assert_eq!(ConversionId::parse(&text), Some(id(Environment::Live, "A-1")));
        assert_eq!(text.len(), 30);
    }

    #[test]
    fn a_key_id_has_one_form_whatever_was_sent() {
        let cases = [
            ("pk_live_abc", Some("pk_live_abc")),
            ("live_pk_abc", Some("pk_live_abc")),
            ("test_pk_abc", Some("pk_test_abc")),
            ("pk_live_", None),
            ("sk_live_abc", None),
            ("pk_live_a b", None),
            (&format!("pk_live_{}", "a".repeat(73)), None),
            ("", None),
        ];
        for (sent, expected) in cases {
            assert_eq!(key_id_canonical(sent).as_deref(), expected, "{sent}");
        }
        let longest = format!("pk_live_{}", "a".repeat(72));
        assert_eq!(key_id_canonical(&longest), Some(longest));
    }

    #[test]
    fn a_conversion_id_is_the_digest_that_the_contract_names() {
        // Computed from MONEY §9 without this code.
        let cases = [
            (Environment::Live, "5va87n1rqghd39wd95yv3kgh43"),
            (Environment::Test, "0zjdmgypqn7a7v4ex88qtgn33k"),
        ];
        for (environment, characters) in cases {
            let id = ConversionId::derive(MERCHANT, environment, "A-1");
            assert_eq!(id.to_string(), format!("cnv_{characters}"));
            assert_eq!(id.commission_id(), format!("com_{characters}"));
        }
    }

    #[test]
    fn every_word_reads_back_and_no_other_does() {
        for environment in [Environment::Live, Environment::Test] {
            assert_eq!(Environment::parse(environment.as_str()), Some(environment));
            assert_eq!(serde_json::json!(environment), environment.as_str());
        }
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
        for text in ["", "LIVE", "live ", "order-status"] {
            assert_eq!(Environment::parse(text), None, "{text}");
            assert_eq!(EventKind::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_party_is_written_as_its_uuid() {
        let uuid = MERCHANT.0;
        let written =
            [MERCHANT.to_string(), AffiliateId(uuid).to_string(), CampaignId(uuid).to_string()];
        assert_eq!(written, ["01900000-0000-7000-8000-000000000001"; 3]);
    }
}
