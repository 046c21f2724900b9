//! From an order's lines and the rule book to an amount, rounded once (MONEY §2).

use super::rule::{Kind, Level, Question, RuleBook, RuleVersion, Tried};
use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use shared::event::Item;
use shared::id::CampaignId;
use shared::money::Currency;
use uuid::Uuid;

/// What is priced.
#[derive(Debug, Clone, Copy)]
pub struct Basket<'a> {
    /// Order total.
    pub order_amount: Decimal,
    /// Order currency.
    pub currency: Currency,
    /// Lines; empty when none were sent.
    pub items: &'a [Item],
    /// The SKU sent beside the total; `items` win over it.
    pub product: Option<&'a str>,
    /// The campaign of the click.
    pub campaign: Option<CampaignId>,
    /// min(ordered, received).
    pub at: Timestamp,
}

/// The rule that priced a line, as frozen on the commission and shown on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FrozenRule {
    /// Its level.
    pub level: Level,
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: i32,
    /// `percent` or `flat`.
    pub kind: String,
    /// Basis points of a percent rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_bps: Option<u32>,
    /// Amount of a flat rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flat_amount: Option<Decimal>,
    /// Its cap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_amount: Option<Decimal>,
    /// Its minimum order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_order: Option<Decimal>,
}

impl FrozenRule {
    fn of(rule: &RuleVersion) -> Self {
        let (kind, rate_bps, flat_amount) = match rule.kind {
            Kind::Percent(bps) => ("percent", Some(bps), None),
            Kind::Flat(amount) => ("flat", None, Some(amount)),
        };
        Self {
            level: rule.subject.level(),
            id: rule.id,
            version: rule.version,
            kind: kind.to_owned(),
            rate_bps,
            flat_amount,
            cap_amount: rule.cap,
            minimum_order: rule.minimum_order,
        }
    }
}

/// One line as priced and frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PricedLine {
    /// Its SKU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Its units.
    pub quantity: u32,
    /// What it was computed on.
    pub base: Decimal,
    /// Its share before rounding.
    pub exact: Decimal,
    /// Its share as shown: all shown shares sum to the amount.
    pub amount: Decimal,
    /// The rule that priced it; `None` when no level matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<FrozenRule>,
    /// What each level said.
    pub tried: Vec<Tried>,
}

/// An order as priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// What the amount was computed on.
    pub base: Decimal,
    /// The amount, rounded once.
    pub amount: Decimal,
    /// The lines.
    pub lines: Vec<PricedLine>,
}

impl Priced {
    /// The rule shown for the whole: that of the line that earns most.
    pub fn leading_rule(&self) -> Option<&FrozenRule> {
        let best = self.lines.iter().filter(|line| line.rule.is_some());
        best.max_by(|a, b| a.exact.cmp(&b.exact)).and_then(|line| line.rule.as_ref())
    }
}

/// Prices an order.
pub fn price(basket: Basket<'_>, book: &RuleBook) -> Priced {
    let bases = line_bases(&basket);
    let base = if basket.items.is_empty() {
        basket.order_amount
    } else {
        let sum = bases.iter().map(|line| line.base).sum::<Decimal>();
        settle_noise(sum).min(basket.order_amount)
    };
    let choices: Vec<_> = bases
        .iter()
        .map(|line| {
            book.choose(Question {
                sku: line.sku,
                campaign: basket.campaign,
                currency: basket.currency,
                at: basket.at,
            })
        })
        .collect();
    let exact = exact_shares(&basket, &bases, &choices);
    let amount = basket.currency.round_half_even(settle_noise(exact.iter().sum()));
    let shown = largest_remainder(&exact, amount, basket.currency);
    let lines = bases
        .into_iter()
        .zip(choices)
        .zip(exact.into_iter().zip(shown))
        .map(|((line, (rule, tried)), (exact, amount))| PricedLine {
            sku: line.sku.map(str::to_owned),
            quantity: line.quantity,
            // A stored zero comes back without its decimals; the receipt says the same either way.
            base: if line.base.is_zero() { Decimal::ZERO } else { line.base },
            exact: exact.normalize(),
            amount,
            rule: rule.map(FrozenRule::of),
            tried,
        })
        .collect();
    Priced { base, amount, lines }
}

struct Line<'a> {
    sku: Option<&'a str>,
    quantity: u32,
    base: Decimal,
}

fn line_bases<'a>(basket: &Basket<'a>) -> Vec<Line<'a>> {
    if basket.items.is_empty() {
        return vec![Line { sku: basket.product, quantity: 1, base: basket.order_amount }];
    }
    let total = |item: &Item| item.unit_price * Decimal::from(item.quantity);
    let sum: Decimal = basket.items.iter().map(total).sum();
    basket
        .items
        .iter()
        .map(|item| {
            let base = if sum > basket.order_amount {
                // Dividing first keeps the product inside 28 digits whatever was sent.
                total(item) * (basket.order_amount / sum)
            } else {
                total(item)
            };
            Line { sku: Some(&item.sku), quantity: item.quantity, base }
        })
        .collect()
}

/// Each line's share before rounding: rates and flats first, then each rule's cap over its lines.
fn exact_shares(
    basket: &Basket<'_>,
    lines: &[Line<'_>],
    choices: &[(Option<&RuleVersion>, Vec<Tried>)],
) -> Vec<Decimal> {
    let mut exact = vec![Decimal::ZERO; lines.len()];
    let mut priced: Vec<(Uuid, i32)> = Vec::new();
    for (rule, _) in choices {
        let Some(rule) = rule else { continue };
        if priced.contains(&(rule.id, rule.version)) {
            continue;
        }
        priced.push((rule.id, rule.version));
        if rule.minimum_order.is_some_and(|minimum| basket.order_amount < minimum) {
            continue;
        }
        let members: Vec<usize> = choices
            .iter()
            .enumerate()
            .filter(|(_, (other, _))| {
                other.is_some_and(|o| o.id == rule.id && o.version == rule.version)
            })
            .map(|(at, _)| at)
            .collect();
        share_rule(rule, &members, lines, &mut exact);
    }
    exact
}

fn share_rule(rule: &RuleVersion, members: &[usize], lines: &[Line<'_>], exact: &mut [Decimal]) {
    for (place, &at) in members.iter().enumerate() {
        exact[at] = match (rule.kind, rule.subject.level()) {
            (Kind::Percent(bps), _) => lines[at].base * Decimal::new(i64::from(bps), 4),
            (Kind::Flat(amount), Level::Product) => amount * Decimal::from(lines[at].quantity),
            // Once per order: the first line under the rule carries it.
            (Kind::Flat(amount), _) if place == 0 => amount,
            (Kind::Flat(_), _) => Decimal::ZERO,
        };
    }
    let total: Decimal = members.iter().map(|&at| exact[at]).sum();
    let Some(cap) = rule.cap.filter(|cap| total > *cap) else {
        return;
    };
    let (&last, others) = members.split_last().expect("a rule is priced because a line chose it");
    let mut left = cap;
    for &at in others {
        exact[at] *= cap / total;
        left -= exact[at];
    }
    // The last line takes the rest, so that a cap is met exactly.
    exact[last] = left.max(Decimal::ZERO);
}

/// Cuts what division left behind the tenth decimal, so that a tie stays a tie.
pub(super) fn settle_noise(amount: Decimal) -> Decimal {
    const NOISE_DECIMALS: u32 = 10;
    amount.round_dp_with_strategy(NOISE_DECIMALS, RoundingStrategy::MidpointNearestEven)
}

/// Splits a rounded amount over lines: down to the minor unit, the rest to the largest remainders.
fn largest_remainder(exact: &[Decimal], amount: Decimal, currency: Currency) -> Vec<Decimal> {
    let digits = currency.minor_digits();
    let unit = Decimal::new(1, digits);
    let mut shown: Vec<Decimal> =
        exact.iter().map(|share| share.trunc_with_scale(digits)).collect();
    let mut left = amount - shown.iter().sum::<Decimal>();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(exact[at] - shown[at]));
    for at in order {
        if left < unit {
            break;
        }
        shown[at] += unit;
        left -= unit;
    }
    shown
}

#[cfg(test)]
mod tests;
