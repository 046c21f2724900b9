//! The rate of each kind of terms.

use super::{currency, decimal};
use crate::domain::commission::Terms;
use crate::domain::hold::HoldStart;
use crate::domain::pricing::{FrozenRule, PricedLine};
use crate::domain::rule::Level;
use crate::domain::webhook::affiliate_order::rate;
use rust_decimal::Decimal;
use uuid::Uuid;

fn percent(id: u128, bps: u32) -> FrozenRule {
    FrozenRule {
        level: Level::Campaign,
        id: Uuid::from_u128(id),
        version: 1,
        kind: "percent".to_owned(),
        rate_bps: Some(bps),
        flat_amount: None,
        cap_amount: None,
        minimum_order: None,
    }
}

fn capped(bps: u32, cap: &str) -> FrozenRule {
    FrozenRule { cap_amount: Some(decimal(cap)), ..percent(1, bps) }
}

fn flat(amount: &str) -> FrozenRule {
    let flat_amount = Some(decimal(amount));
    FrozenRule { kind: "flat".to_owned(), rate_bps: None, flat_amount, ..percent(1, 0) }
}

fn terms(base: &str, rules: &[Option<FrozenRule>]) -> Terms {
    let line = |rule: &Option<FrozenRule>| PricedLine {
        sku: None,
        quantity: 1,
        base: Decimal::ZERO,
        exact: Decimal::ZERO,
        amount: Decimal::ZERO,
        rule: rule.clone(),
        tried: Vec::new(),
    };
    Terms {
        rule: rules.iter().flatten().next().expect("a rule of the test").clone(),
        base: decimal(base),
        currency: currency("NPR"),
        rounding: "half_even".to_owned(),
        hold_days: 14,
        hold_start: HoldStart::Delivered,
        cookie_days: 30,
        attribution_order: Vec::new(),
        lines: rules.iter().map(line).collect(),
    }
}

#[test]
fn a_rate_is_the_rule_s_own_or_what_the_amount_is_of_the_base() {
    let one = |rule: FrozenRule| vec![Some(rule)];
    // Base, rules of the lines, frozen amount, rate as written.
    let cases = [
        ("2999.00", one(percent(1, 1000)), "299.90", "10.0"),
        ("2999.00", one(percent(1, 1250)), "374.88", "12.5"),
        ("2999.00", one(percent(1, 1225)), "367.38", "12.25"),
        ("2999.00", one(percent(1, 10_000)), "2999.00", "100.0"),
        // A percentage stays its own where rounding made the amount another one's.
        ("0.05", one(percent(1, 1000)), "0.01", "10.0"),
        ("0.00", one(percent(1, 1000)), "0.00", "10.0"),
        ("200.00", vec![Some(percent(1, 500)), Some(percent(1, 500))], "10.00", "5.0"),
        // A cap that was not reached is none.
        ("2999.00", one(capped(1000, "299.90")), "299.90", "10.0"),
        ("2999.00", one(capped(1000, "100.00")), "100.00", "3.33"),
        ("300.00", one(flat("50.00")), "50.00", "16.67"),
        ("200.00", one(flat("50.00")), "50.00", "25.0"),
        ("40.00", one(flat("50.00")), "50.00", "125.0"),
        // Two rules, two versions, or a line without a rule: mixed.
        ("200.00", vec![Some(percent(1, 500)), Some(percent(2, 1000))], "15.00", "7.5"),
        ("200.00", vec![Some(percent(1, 500)), None], "5.00", "2.5"),
        ("200.00", vec![None, Some(percent(1, 500))], "5.00", "2.5"),
        // A base of nothing.
        ("0.00", one(flat("50.00")), "50.00", "0.0"),
        // Half to even at the second decimal.
        ("800.00", one(flat("1.00")), "1.00", "0.12"),
        ("800.00", one(flat("3.00")), "3.00", "0.38"),
    ];
    for (base, rules, amount, expected) in cases {
        let rate = rate::of(&terms(base, &rules), decimal(amount));
        assert_eq!(rate::text(rate), expected, "{amount} of {base}");
    }
}

#[test]
fn the_largest_amount_on_the_smallest_base_is_still_a_rate() {
    let rate = rate::of(&terms("0.001", &[Some(flat("1"))]), decimal("999999999999999"));
    assert_eq!(rate::text(rate), "99999999999999900000.0");
}
