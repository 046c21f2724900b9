//! Signals and counts to points and reasons, and what follows from them.

use super::signals::{ClickFault, Signals};
use super::weights::{Reason, Weights};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most points a score has.
pub const POINTS_MAX: u32 = 100;

/// What has been counted of the merchant's orders by the time of a score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// The affiliate's orders in the hour of this one, this one included.
    pub affiliate_hour_orders: i64,
    /// All of the affiliate's orders.
    pub affiliate_orders: i64,
    /// Of these, taken back whole.
    pub affiliate_reversed: i64,
    /// Orders of the same shopper hash on the day of this one, this one included.
    pub shopper_day_orders: i64,
    /// Whether the same click and amount came under another order id within ten minutes.
    pub same_sale: bool,
}

/// All that a score is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Frozen at the sale.
    pub signals: Signals,
    /// Counted until the score.
    pub counts: Counts,
}

/// A reason with what it weighs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weighed {
    /// Which.
    pub code: Reason,
    /// Its points.
    pub points: u32,
    /// The reason in a sentence for a shop owner.
    pub sentence: String,
}

/// Points and what made them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// By which table.
    pub weights_version: u32,
    /// 0 to 100.
    pub points: u32,
    /// In the order of `Reason::ALL`.
    pub reasons: Vec<Weighed>,
}

impl Score {
    /// The reasons alone.
    pub fn codes(&self) -> BTreeSet<Reason> {
        self.reasons.iter().map(|weighed| weighed.code).collect()
    }

    /// Whether a person decides: the points reach the threshold, or a reason demands it.
    pub fn needs_person(&self, threshold: u32) -> bool {
        self.points >= threshold || self.reasons.iter().any(|r| r.code.always_reviewed())
    }

    /// What follows, when a person has cleared these reasons before.
    pub fn outcome(&self, threshold: u32, cleared: Option<&BTreeSet<Reason>>) -> Outcome {
        if !self.needs_person(threshold) {
            return Outcome::Clear;
        }
        match cleared {
            Some(cleared) if self.codes().is_subset(cleared) => Outcome::Cleared,
            _ => Outcome::Review,
        }
    }
}

/// What follows from a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing holds the commission back.
    Clear,
    /// It waits for a person.
    Review,
    /// A person had cleared all of its reasons.
    Cleared,
}

impl Outcome {
    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Review => "review",
            Self::Cleared => "cleared",
        }
    }

    /// Reads a row's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Clear, Self::Review, Self::Cleared].into_iter().find(|one| one.as_str() == text)
    }
}

/// Weighs what is known.
pub fn score(facts: &Facts, weights: &Weights) -> Score {
    let weighed = |code: Reason| {
        let sentence = sentence(code, facts, weights)?;
        Some(Weighed { code, points: weights.points(code), sentence })
    };
    let reasons: Vec<Weighed> = Reason::ALL.into_iter().filter_map(weighed).collect();
    let sum: u32 = reasons.iter().map(|weighed| weighed.points).sum();
    Score { weights_version: weights.version, points: sum.min(POINTS_MAX), reasons }
}

/// The sentence of a reason that holds; `None` when it does not.
fn sentence(reason: Reason, facts: &Facts, weights: &Weights) -> Option<String> {
    let (signals, counts) = (&facts.signals, &facts.counts);
    match reason {
        Reason::AffiliateSuspended => signals
            .affiliate_suspended
            .then(|| "The affiliate was suspended when the order was placed.".to_owned()),
        Reason::ClickNotHuman => signals.click_class.map(|class| {
            format!("The click was no person's: it was counted as {}.", class.as_str())
        }),
        Reason::QuickOrder => {
            let seconds = signals.click_to_order_seconds?;
            (seconds < weights.quick_order_seconds).then(|| quick(seconds))
        }
        Reason::AffiliateVelocity => {
            let orders = counts.affiliate_hour_orders;
            (orders > weights.affiliate_hour_orders_max)
                .then(|| format!("The affiliate brought {orders} orders in one hour."))
        }
        Reason::ShopperVelocity => {
            let orders = counts.shopper_day_orders;
            (orders > weights.shopper_day_orders_max)
                .then(|| format!("{orders} orders in one day came from the same shopper hash."))
        }
        Reason::SelfReferral => signals
            .self_referral
            .then(|| "The customer is known to be the affiliate itself.".to_owned()),
        Reason::RefundRate => refund_rate(*counts, weights),
        Reason::CountryMismatch => country_mismatch(signals),
        Reason::AmountOutlier => amount_outlier(signals, weights),
        Reason::FaultyClick => Some(
            match signals.click_fault? {
                ClickFault::Forged => "The order came with a click id that was not made here.",
                ClickFault::OtherMerchant => "The order came with another merchant's click id.",
                ClickFault::OtherEnvironment => {
                    "The order came with a click id of the other environment."
                }
            }
            .to_owned(),
        ),
        Reason::SameSale => counts.same_sale.then(|| {
            "The same click and the same amount came under another order id within 10 minutes."
                .to_owned()
        }),
    }
}

fn quick(seconds: i64) -> String {
    match seconds {
        ..=-1 => "The order was placed before its click.".to_owned(),
        1 => "The order came 1 second after its click.".to_owned(),
        _ => format!("The order came {seconds} seconds after its click."),
    }
}

fn refund_rate(counts: Counts, weights: &Weights) -> Option<String> {
    let (orders, reversed) = (counts.affiliate_orders, counts.affiliate_reversed);
    let over = reversed.saturating_mul(100) > orders.saturating_mul(weights.refund_percent_max);
    (orders >= weights.refund_orders_min && over)
        .then(|| format!("{reversed} of the affiliate's {orders} orders were taken back."))
}

fn country_mismatch(signals: &Signals) -> Option<String> {
    let (click, order) = (signals.click_country.as_ref()?, signals.order_country.as_ref()?);
    (!click.eq_ignore_ascii_case(order))
        .then(|| format!("The click came from {click}, the order names {order}."))
}

fn amount_outlier(signals: &Signals, weights: &Weights) -> Option<String> {
    let (amount, median) = (signals.order_amount?, signals.median_amount?);
    let most = median.checked_mul(weights.median_times_max.into())?;
    // A median of zero says nothing about how much is much.
    (!median.is_zero() && amount > most).then(|| {
        format!("The order of {amount} is over {} × the usual {median}.", weights.median_times_max)
    })
}

#[cfg(test)]
mod tests;
