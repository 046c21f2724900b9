//! What each risk reason weighs: one table per version, never edited once in use.

use serde::{Deserialize, Serialize};

/// A named reason to look twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The order was placed while its affiliate was suspended.
    AffiliateSuspended,
    /// The click came from something other than a person.
    ClickNotHuman,
    /// The order came too soon after its click.
    QuickOrder,
    /// The affiliate had too many orders in one hour.
    AffiliateVelocity,
    /// One shopper hash had too many orders in one day.
    ShopperVelocity,
    /// The customer is the affiliate.
    SelfReferral,
    /// Too many of the affiliate's orders were taken back whole.
    RefundRate,
    /// The click came from another country than the order names.
    CountryMismatch,
    /// The order is far above what the merchant usually sells.
    AmountOutlier,
    /// A click id of the order was forged, or made for another merchant or environment.
    FaultyClick,
    /// The same click and amount came under another order id shortly before or after.
    SameSale,
}

impl Reason {
    /// Every reason, in the order in which they are listed.
    pub const ALL: [Self; 11] = [
        Self::AffiliateSuspended,
        Self::ClickNotHuman,
        Self::QuickOrder,
        Self::AffiliateVelocity,
        Self::ShopperVelocity,
        Self::SelfReferral,
        Self::RefundRate,
        Self::CountryMismatch,
        Self::AmountOutlier,
        Self::FaultyClick,
        Self::SameSale,
    ];

    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AffiliateSuspended => "affiliate_suspended",
            Self::ClickNotHuman => "click_not_human",
            Self::QuickOrder => "quick_order",
            Self::AffiliateVelocity => "affiliate_velocity",
            Self::ShopperVelocity => "shopper_velocity",
            Self::SelfReferral => "self_referral",
            Self::RefundRate => "refund_rate",
            Self::CountryMismatch => "country_mismatch",
            Self::AmountOutlier => "amount_outlier",
            Self::FaultyClick => "faulty_click",
            Self::SameSale => "same_sale",
        }
    }

    /// Reads a word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    /// Whether a person decides whatever the points: a suspension is no matter of degree.
    pub fn always_reviewed(self) -> bool {
        self == Self::AffiliateSuspended
    }

    /// Whether it stems from the shopper's address, which many people can share.
    pub fn of_address(self) -> bool {
        matches!(self, Self::ShopperVelocity | Self::CountryMismatch)
    }
}

/// Points and limits of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    /// Frozen on every score.
    pub version: u32,
    /// Points of `ClickNotHuman`.
    pub click_not_human: u32,
    /// Points of `QuickOrder`.
    pub quick_order: u32,
    /// Seconds from click to order below which it counts.
    pub quick_order_seconds: i64,
    /// Points of `AffiliateVelocity`.
    pub affiliate_velocity: u32,
    /// Orders in an hour above which it counts.
    pub affiliate_hour_orders_max: i64,
    /// Points of `ShopperVelocity`.
    pub shopper_velocity: u32,
    /// Orders in a day above which it counts.
    pub shopper_day_orders_max: i64,
    /// Points of `SelfReferral`.
    pub self_referral: u32,
    /// Points of `RefundRate`.
    pub refund_rate: u32,
    /// Percent of orders taken back above which it counts.
    pub refund_percent_max: i64,
    /// Orders from which a rate says something.
    pub refund_orders_min: i64,
    /// Points of `CountryMismatch`.
    pub country_mismatch: u32,
    /// Points of `AmountOutlier`.
    pub amount_outlier: u32,
    /// How many times the median above which it counts.
    pub median_times_max: u32,
    /// Points of `FaultyClick`.
    pub faulty_click: u32,
    /// Points of `SameSale`.
    pub same_sale: u32,
}

/// MONEY §15; `same_sale` is named in §14 without points.
pub const WEIGHTS_1: Weights = Weights {
    version: 1,
    click_not_human: 40,
    quick_order: 30,
    quick_order_seconds: 10,
    affiliate_velocity: 20,
    affiliate_hour_orders_max: 20,
    shopper_velocity: 20,
    shopper_day_orders_max: 3,
    self_referral: 50,
    refund_rate: 20,
    refund_percent_max: 30,
    refund_orders_min: 20,
    country_mismatch: 15,
    amount_outlier: 20,
    median_times_max: 10,
    faulty_click: 30,
    same_sale: 20,
};

/// The version new scores are made by.
pub const WEIGHTS: &Weights = &WEIGHTS_1;

impl Weights {
    /// The table of a version, for scores made by it.
    pub fn of_version(version: u32) -> Option<&'static Self> {
        [&WEIGHTS_1].into_iter().find(|weights| weights.version == version)
    }

    /// What a reason weighs.
    pub fn points(&self, reason: Reason) -> u32 {
        match reason {
            Reason::AffiliateSuspended => 0,
            Reason::ClickNotHuman => self.click_not_human,
            Reason::QuickOrder => self.quick_order,
            Reason::AffiliateVelocity => self.affiliate_velocity,
            Reason::ShopperVelocity => self.shopper_velocity,
            Reason::SelfReferral => self.self_referral,
            Reason::RefundRate => self.refund_rate,
            Reason::CountryMismatch => self.country_mismatch,
            Reason::AmountOutlier => self.amount_outlier,
            Reason::FaultyClick => self.faulty_click,
            Reason::SameSale => self.same_sale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::THRESHOLD_MIN;
    use super::*;

    #[test]
    fn a_shared_address_alone_never_reaches_any_threshold() {
        let of_address = Reason::ALL.into_iter().filter(|reason| reason.of_address());
        let of_address: Vec<_> = of_address.collect();
        assert_eq!(of_address, [Reason::ShopperVelocity, Reason::CountryMismatch]);
        let points: u32 = of_address.into_iter().map(|reason| WEIGHTS.points(reason)).sum();
        assert!(points < THRESHOLD_MIN, "{points}");
        assert!(!Reason::ALL.into_iter().any(|r| r.of_address() && r.always_reviewed()));
    }

    #[test]
    fn a_reason_s_word_reads_back_and_is_what_json_says() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
            let json = serde_json::to_value(reason).expect("a word");
            assert_eq!(json, reason.as_str());
        }
        assert_eq!(Reason::parse("nothing"), None);
    }

    #[test]
    fn the_first_version_is_the_contract_s_table() {
        use Reason as R;
        let contract = [
            (R::ClickNotHuman, 40),
            (R::QuickOrder, 30),
            (R::AffiliateVelocity, 20),
            (R::ShopperVelocity, 20),
            (R::SelfReferral, 50),
            (R::RefundRate, 20),
            (R::CountryMismatch, 15),
            (R::AmountOutlier, 20),
            (R::FaultyClick, 30),
            (R::SameSale, 20),
            (R::AffiliateSuspended, 0),
        ];
        let first = Weights::of_version(1).expect("the first version is kept");
        for (reason, points) in contract {
            assert_eq!(first.points(reason), points, "{reason:?}");
        }
        assert_eq!(Weights::of_version(2), None);
    }
}
