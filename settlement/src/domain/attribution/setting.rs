//! A merchant's order of candidates, and which of them need no person; versioned by instant.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What can say who earns an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The click id sent.
    Click,
    /// The coupon sent.
    Coupon,
    /// An earlier click of the customer sent.
    Customer,
}

impl Kind {
    /// Every kind, in the order that holds where a merchant chose none.
    pub const ALL: [Self; 3] = [Self::Click, Self::Coupon, Self::Customer];

    /// The word in rows and receipts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Coupon => "coupon",
            Self::Customer => "customer",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// How sure an attribution by it is.
    pub fn confidence(self) -> &'static str {
        match self {
            Self::Click => "HIGH",
            Self::Coupon | Self::Customer => "MEDIUM",
        }
    }
}

/// One version of a merchant's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// From 1, gapless; 0: the network's own, where the merchant had chosen nothing.
    pub version: u32,
    /// The candidates, the first to hold wins; one that is not named is not considered.
    pub order: Vec<Kind>,
    /// Coupon or customer: those that earn without a person.
    pub automatic: Vec<Kind>,
    /// From when; the next version ends it.
    pub in_force_from: Timestamp,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            version: 0,
            order: Kind::ALL.to_vec(),
            automatic: Vec::new(),
            in_force_from: Timestamp::MIN,
        }
    }
}

impl Setting {
    /// Whether an attribution by this kind makes a commission at once; a click always does.
    pub fn is_automatic(&self, kind: Kind) -> bool {
        kind == Kind::Click || self.automatic.contains(&kind)
    }
}

/// The version in force at an instant, the latest written among those; `None`: the network's own.
pub fn in_force(versions: &[Setting], at: Timestamp) -> Option<&Setting> {
    versions
        .iter()
        .filter(|setting| setting.in_force_from <= at)
        .max_by_key(|setting| setting.version)
}
