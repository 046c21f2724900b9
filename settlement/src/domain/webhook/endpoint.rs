//! An endpoint as deliveries know it: whose it is, what it wants to be told, and how.

use crate::domain::notice::Kind;
use shared::id::{AffiliateId, Environment, MerchantId};
use uuid::Uuid;

/// Where an endpoint stands: under its merchant, or under the nil merchant when an affiliate's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointKey {
    /// Which world.
    pub environment: Environment,
    /// Its merchant; the nil merchant for an affiliate's endpoint.
    pub merchant: MerchantId,
    /// Its id.
    pub endpoint: Uuid,
}

/// Whose an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The merchant's whose notices they are: it is told everything.
    Merchant,
    /// An affiliate's: it is told what concerns it, without risk reasons.
    Affiliate(AffiliateId),
}

/// How bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `{type, timestamp, sequence, data}` (PRODUCT §6).
    Khata,
    /// The affiliate order event (MONEY §13).
    AffiliateOrder,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Khata, Self::AffiliateOrder];

    /// The word in rows and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Khata => "khata",
            Self::AffiliateOrder => "affiliate_order",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

/// What deliveries need to know of an endpoint to write their bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Which one.
    pub key: EndpointKey,
    /// Whose.
    pub owner: Owner,
    /// The types it chose.
    pub events: Vec<Kind>,
    /// How its bodies are written.
    pub format: Format,
}
