//! What was known when an order was judged; kept in its receipt, so that it can be judged again.

use super::Kind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::click_id::ClickClass;
use shared::id::{AffiliateId, CampaignId};

/// The facts of every candidate; a receipt keeps those of the candidates it came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The click id, read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub click: Option<ClickFacts>,
    /// The coupon, looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<CouponFacts>,
    /// The click of the customer's latest earlier conversion attributed by click.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerClick>,
    /// Whether the order has waited for its click's link long enough.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub link_wait_over: bool,
}

impl Facts {
    /// Takes over the facts of one candidate.
    pub(super) fn take(&mut self, kind: Kind, from: &Self) {
        match kind {
            Kind::Click => {
                self.click.clone_from(&from.click);
                self.link_wait_over = from.link_wait_over;
            }
            Kind::Coupon => self.coupon.clone_from(&from.coupon),
            Kind::Customer => self.customer.clone_from(&from.customer),
        }
    }

    /// The number of the link that the click needs and that is not known.
    pub fn missing_link(&self) -> Option<u64> {
        match self.click {
            Some(ClickFacts::Proven { link: SeenLink::Unknown { number }, .. }) => Some(number),
            _ => None,
        }
    }
}

/// A click id as it was sent, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "sent", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ClickFacts {
    /// None was sent.
    Absent,
    /// It is not one of ours, or damaged.
    Mangled,
    /// Its seal is false.
    Forged,
    /// It proved itself.
    Proven {
        /// What kind of visit it was.
        class: ClickClass,
        /// When, in the merchant's time.
        clicked_at: Timestamp,
        /// Whether its click record had arrived.
        recorded: bool,
        /// Its link.
        link: SeenLink,
    },
}

/// A click's link as the order's merchant may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "known", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum SeenLink {
    /// No link of this number is known.
    Unknown {
        /// The number sealed into the click id.
        number: u64,
    },
    /// It leads to another merchant; whose it is, is not told.
    OtherMerchant,
    /// It is the merchant's own, of the other environment.
    OtherEnvironment {
        /// Who shares it.
        affiliate_id: AffiliateId,
        /// Under which campaign.
        campaign_id: CampaignId,
        /// Days of the cookie window in force at the click.
        cookie_days: u32,
    },
    /// It is the merchant's own.
    Own {
        /// Who shares it.
        affiliate_id: AffiliateId,
        /// Under which campaign.
        campaign_id: CampaignId,
        /// Days of the cookie window in force at the click.
        cookie_days: u32,
    },
}

/// A coupon as it stood when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "known", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum CouponFacts {
    /// The merchant has no such coupon.
    Unknown,
    /// It has, but the coupon was nobody's at that instant.
    NotInForce,
    /// It belonged to one affiliate.
    Assigned {
        /// Whose it was.
        affiliate_id: AffiliateId,
        /// Under which campaign.
        campaign_id: CampaignId,
    },
}

/// The click behind a customer's latest earlier conversion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerClick {
    /// That conversion.
    pub conversion_id: String,
    /// The instant it was judged at.
    pub judged_at: Timestamp,
    /// Its click id as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub click_id: Option<String>,
    /// When it was clicked.
    pub clicked_at: Timestamp,
    /// Until when an order could earn.
    pub window_until: Timestamp,
    /// Whose click it was.
    pub affiliate_id: AffiliateId,
    /// Under which campaign.
    pub campaign_id: CampaignId,
}
