//! What past orders would have earned under a proposed rule, beside what they earned.

use super::pricing::{self, Basket};
use super::rule::RuleBook;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::event::Item;
use shared::id::{AffiliateId, CampaignId};
use shared::money::Currency;
use std::collections::BTreeMap;

/// A past order that an affiliate was credited for, or would have been had it earned anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Sale {
    /// Who earns it.
    pub affiliate: AffiliateId,
    /// Under which campaign.
    pub campaign: Option<CampaignId>,
    /// Currency of every amount here.
    pub currency: Currency,
    /// Order total.
    pub amount: Decimal,
    /// Its lines; empty when none were sent.
    pub items: Vec<Item>,
    /// The SKU sent beside the total.
    pub product: Option<String>,
    /// min(ordered, received).
    pub at: Timestamp,
    /// Its commission as frozen at the sale, before anything was taken back; zero without one.
    pub earned: Decimal,
}

/// One affiliate's sums in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Who.
    pub affiliate: AffiliateId,
    /// In which currency.
    pub currency: Currency,
    /// Orders counted.
    pub orders: u64,
    /// What they earned.
    pub now: Decimal,
    /// What they would have earned.
    pub then: Decimal,
}

impl Difference {
    /// How much more, or less, the proposal pays.
    pub fn delta(&self) -> Decimal {
        self.then - self.now
    }
}

/// Sums over affiliates and currencies; grows by as many sales as are added.
#[derive(Debug, Default)]
pub struct Comparison(BTreeMap<(AffiliateId, &'static str), Difference>);

impl Comparison {
    /// Counts one sale under a book that has the proposed rule.
    pub fn add(&mut self, sale: &Sale, proposed: &RuleBook) {
        let basket = Basket {
            order_amount: sale.amount,
            currency: sale.currency,
            items: &sale.items,
            product: sale.product.as_deref(),
            campaign: sale.campaign,
            at: sale.at,
        };
        let then = pricing::price(basket, proposed).amount;
        let key = (sale.affiliate, sale.currency.code());
        let sums = self.0.entry(key).or_insert_with(|| Difference {
            affiliate: sale.affiliate,
            currency: sale.currency,
            orders: 0,
            now: Decimal::ZERO,
            then: Decimal::ZERO,
        });
        sums.orders += 1;
        sums.now += sale.earned;
        sums.then += then;
    }

    /// The sums, affiliate by affiliate.
    pub fn differences(self) -> Vec<Difference> {
        self.0.into_values().collect()
    }
}
