//! The commission's rate in percent, from the terms frozen at the sale (MONEY §13).

use crate::domain::commission::Terms;
use rust_decimal::{Decimal, RoundingStrategy};

/// Decimals of a rate that is no rule's own.
const RATE_DECIMALS: u32 = 2;

/// A percent rule's own rate where it alone priced the whole order, uncapped; else what `amount` is
/// of the base, to two decimals; 0 of a base of 0.
pub fn of(terms: &Terms, amount: Decimal) -> Decimal {
    if let Some(bps) = whole_rate_bps(terms) {
        return Decimal::new(i64::from(bps), 2);
    }
    // Multiplied first it stays exact: an amount has at most 15 integer digits.
    let percent = (Decimal::ONE_HUNDRED * amount).checked_div(terms.base).unwrap_or_default();
    percent.round_dp_with_strategy(RATE_DECIMALS, RoundingStrategy::MidpointNearestEven)
}

fn whole_rate_bps(terms: &Terms) -> Option<u32> {
    let rule = &terms.rule;
    let bps = rule.rate_bps.filter(|_| rule.kind == "percent")?;
    let is_alone = terms.lines.iter().all(|line| line.rule.as_ref() == Some(rule));
    let uncapped = terms.base * Decimal::new(i64::from(bps), 4);
    let is_capped = rule.cap_amount.is_some_and(|cap| uncapped > cap);
    (is_alone && !is_capped).then_some(bps)
}

/// A rate as it is written: at least one decimal, and no zeros behind that.
pub fn text(rate: Decimal) -> String {
    let rate = rate.normalize();
    let decimals = usize::try_from(rate.scale()).unwrap_or(0).max(1);
    format!("{rate:.decimals$}")
}
