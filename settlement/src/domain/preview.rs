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

#[cfg(test)]
mod tests {
    use super::super::rule::tests::{at, npr, rule};
    use super::super::rule::{Kind, Subject};
    use super::*;
    use uuid::Uuid;

    fn sale(affiliate: u128, amount: i64, earned: i64) -> Sale {
        Sale {
            affiliate: AffiliateId(Uuid::from_u128(affiliate)),
            campaign: None,
            currency: npr(),
            amount: Decimal::from(amount),
            items: Vec::new(),
            product: None,
            at: at(100),
            earned: Decimal::from(earned),
        }
    }

    #[test]
    fn each_affiliate_s_sums_are_held_against_each_other_currency_by_currency() {
        let usd = Currency::parse("USD").expect("a currency");
        let proposed = RuleBook(vec![rule(1, Subject::Merchant, Kind::Percent(1500))]);
        let mut comparison = Comparison::default();
        for sale in [
            sale(1, 100, 10),
            sale(2, 1_000, 200),
            Sale { currency: usd, ..sale(1, 10, 1) },
            sale(1, 200, 0),
        ] {
            comparison.add(&sale, &proposed);
        }
        let told: Vec<_> = comparison
            .differences()
            .into_iter()
            .map(|sums| {
                let delta = sums.delta();
                (sums.affiliate.0.as_u128(), sums.currency, sums.orders, sums.now, sums.then, delta)
            })
            .collect();
        let d = Decimal::from;
        let half = Decimal::new(5, 1);
        assert_eq!(
            told,
            [
                (1, npr(), 2, d(10), d(45), d(35)),
                (1, usd, 1, d(1), d(1) + half, half),
                (2, npr(), 1, d(200), d(150), d(-50)),
            ]
        );
    }
}
