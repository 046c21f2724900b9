//! What an order earns, worked out by hand: lines, rules, caps, in exact fractions.

use super::fraction::Fraction;
use crate::told::{Micros, Order};

/// Product, campaign, merchant, platform: asked in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Product(&'static str),
    Campaign(usize),
    Merchant,
    Platform,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pays {
    Bps(i64),
    /// Minor units of NPR.
    Flat(i64),
    /// The rule has ended.
    Nothing,
}

/// A version of a rule; amounts are minor units of NPR.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub about: About,
    pub pays: Pays,
    pub cap: Option<i64>,
    pub minimum: Option<i64>,
    pub from: Micros,
}

/// One line with its exact share.
#[derive(Debug, Clone)]
pub struct Share {
    pub sku: Option<&'static str>,
    pub quantity: i64,
    pub exact: Fraction,
}

#[derive(Debug, Clone)]
pub struct Price {
    pub base: i64,
    pub amount: i64,
    pub shares: Vec<Share>,
}

/// The version in force: the newest that has begun, before the first the first.
fn in_force(rules: &[Rule], about: About, at: Micros) -> Option<usize> {
    let mut first = None;
    let mut newest = None;
    for (place, rule) in rules.iter().enumerate() {
        if rule.about == about {
            first = first.or(Some(place));
            if rule.from <= at {
                newest = Some(place);
            }
        }
    }
    newest.or(first)
}

fn find(
    rules: &[Rule],
    sku: Option<&'static str>,
    campaign: usize,
    currency: usize,
    at: Micros,
) -> Option<usize> {
    let levels = [
        sku.map(About::Product),
        Some(About::Campaign(campaign)),
        Some(About::Merchant),
        Some(About::Platform),
    ];
    for about in levels.into_iter().flatten() {
        if let Some(place) = in_force(rules, about, at) {
            let rule = &rules[place];
            let has_money =
                matches!(rule.pays, Pays::Flat(_)) || rule.cap.is_some() || rule.minimum.is_some();
            let wrong_currency = has_money && currency != 0;
            if rule.pays != Pays::Nothing && !wrong_currency {
                return Some(place);
            }
        }
    }
    None
}

/// Prices an order of a campaign, judged at an instant.
pub fn price(order: &Order, campaign: usize, rules: &[Rule], at: Micros) -> Price {
    let total: i64 = order.lines.iter().map(|line| line.quantity * line.price).sum();
    let scale =
        if total > order.amount { Fraction::of(order.amount, total) } else { Fraction::of(1, 1) };
    let mut lines: Vec<(Option<&'static str>, i64, Fraction)> = Vec::new();
    for line in &order.lines {
        let base = Fraction::of(line.quantity * line.price, 1).times(scale);
        lines.push((Some(line.sku), line.quantity, base));
    }
    if lines.is_empty() {
        lines.push((order.product, 1, Fraction::of(order.amount, 1)));
    }
    let chosen: Vec<Option<usize>> =
        lines.iter().map(|(sku, _, _)| find(rules, *sku, campaign, order.currency, at)).collect();
    let mut exact = vec![Fraction::ZERO; lines.len()];
    for (place, rule) in rules.iter().enumerate() {
        let members: Vec<usize> = (0..lines.len()).filter(|n| chosen[*n] == Some(place)).collect();
        if members.is_empty() || rule.minimum.is_some_and(|minimum| order.amount < minimum) {
            continue;
        }
        let mut sum = Fraction::ZERO;
        for (nth, member) in members.iter().enumerate() {
            let (_, quantity, base) = lines[*member];
            exact[*member] = match (rule.pays, rule.about) {
                (Pays::Bps(bps), _) => base.times(Fraction::of(bps, 10_000)),
                (Pays::Flat(flat), About::Product(_)) => Fraction::of(flat * quantity, 1),
                (Pays::Flat(flat), _) if nth == 0 => Fraction::of(flat, 1),
                (Pays::Flat(_) | Pays::Nothing, _) => Fraction::ZERO,
            };
            sum = sum.plus(exact[*member]);
        }
        let cap = rule.cap.map(|cap| Fraction::of(cap, 1));
        if let Some(cap) = cap.filter(|cap| sum.is_above(*cap)) {
            for member in members {
                exact[member] = exact[member].times(cap).times(sum.upside_down());
            }
        }
    }
    let sum = exact.iter().fold(Fraction::ZERO, |sum, share| sum.plus(*share));
    let base = if order.lines.is_empty() { order.amount } else { total.min(order.amount) };
    let share = |((sku, quantity, _), exact)| Share { sku, quantity, exact };
    Price { base, amount: sum.rounded(), shares: lines.into_iter().zip(exact).map(share).collect() }
}

/// What a total taken back leaves of an amount; `None`: nothing at all.
pub fn left_by_total(price: &Price, refunded: i64) -> Option<i64> {
    if price.base == 0 || refunded >= price.base {
        return None;
    }
    let kept = Fraction::of(price.base - refunded, price.base);
    Some(Fraction::of(price.amount, 1).times(kept).rounded())
}

/// What units taken back leave; `None`: nothing at all.
pub fn left_by_items(price: &Price, returned: &[(&'static str, i64)]) -> Option<i64> {
    let mut open: Vec<(&'static str, i64)> = returned.to_vec();
    let mut left = Fraction::ZERO;
    let mut is_something_left = false;
    for share in &price.shares {
        let mut back = 0;
        for (sku, units) in &mut open {
            if Some(*sku) == share.sku {
                back = share.quantity.min(*units);
                *units -= back;
            }
        }
        is_something_left |= back < share.quantity;
        let kept = Fraction::of(share.quantity - back, share.quantity);
        left = left.plus(share.exact.times(kept));
    }
    is_something_left.then(|| left.rounded())
}
