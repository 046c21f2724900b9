//! Why a candidate lost: a word for machines, a sentence for a shop owner.

use super::Kind;
use serde::{Deserialize, Serialize};

/// Why a candidate lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// None was sent.
    Absent,
    /// Not a click id, or damaged.
    Mangled,
    /// Its seal is false.
    Forged,
    /// Its link is not known.
    LinkUnknown,
    /// It leads to another merchant.
    OtherMerchant,
    /// It belongs to the other environment.
    OtherEnvironment,
    /// The order is older than the click.
    ClickAfterOrder,
    /// The cookie window was over.
    WindowPassed,
    /// The merchant has no such coupon.
    CouponUnknown,
    /// The coupon was nobody's when the order was placed.
    CouponNotInForce,
    /// No earlier order of the customer was attributed by a click.
    CustomerNew,
}

impl Reason {
    /// Every reason's word on the wire; a test reads them back.
    pub const WORDS: [&'static str; 11] = [
        "absent",
        "mangled",
        "forged",
        "link_unknown",
        "other_merchant",
        "other_environment",
        "click_after_order",
        "window_passed",
        "coupon_unknown",
        "coupon_not_in_force",
        "customer_new",
    ];

    /// The reason in a sentence for a shop owner.
    pub fn sentence(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::Absent, Kind::Click) => "The order came without a click id.",
            (Self::Absent, Kind::Coupon) => "The order came without a coupon.",
            (Self::Absent, Kind::Customer) => "The order came without a customer id.",
            (Self::Mangled, _) => {
                "The click id is not one of this network's, or was damaged on the way."
            }
            (Self::Forged, _) => "The click id has a false seal: it was not made here.",
            (Self::LinkUnknown, _) => "The click id is genuine, but its link is not known.",
            (Self::OtherMerchant, _) => "The click led to another merchant.",
            (Self::OtherEnvironment, _) => "The click was made in the other environment.",
            (Self::ClickAfterOrder, _) => "The order was placed before the click.",
            (Self::WindowPassed, Kind::Customer) => {
                "The customer's earlier click was too long ago: its cookie window had passed."
            }
            (Self::WindowPassed, _) => {
                "The order came after the campaign's cookie window had passed."
            }
            (Self::CouponUnknown, _) => "Its coupon is not assigned to any affiliate.",
            (Self::CouponNotInForce, _) => {
                "Its coupon was not assigned to an affiliate when the order was placed."
            }
            (Self::CustomerNew, _) => "No earlier order of this customer came by a click.",
        }
    }

    /// What it adds to the risk reasons.
    pub(super) fn risk(self) -> Option<&'static str> {
        match self {
            Self::Forged => Some("click_forged"),
            Self::OtherMerchant => Some("click_other_merchant"),
            Self::OtherEnvironment => Some("click_other_environment"),
            Self::Absent
            | Self::Mangled
            | Self::LinkUnknown
            | Self::ClickAfterOrder
            | Self::WindowPassed
            | Self::CouponUnknown
            | Self::CouponNotInForce
            | Self::CustomerNew => None,
        }
    }
}

/// Why nobody earns an order: what was sent and lost; when nothing was sent, that.
pub(super) fn why_nobody(lost: &[(Kind, Reason)]) -> String {
    let sent = lost.iter().filter(|(_, reason)| *reason != Reason::Absent);
    let first = lost.first().filter(|_| lost.iter().all(|(_, r)| *r == Reason::Absent));
    let told = sent.chain(first).map(|(kind, reason)| reason.sentence(*kind));
    told.collect::<Vec<_>>().join(" ")
}
