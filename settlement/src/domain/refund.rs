//! What is left of a commission when a part of its order is taken back (MONEY §3).

use super::pricing::{PricedLine, settle_noise};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use shared::money::Currency;
use std::collections::BTreeMap;

/// What a refund leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing: the whole order was taken back.
    Nothing,
    /// This net amount.
    Net(Decimal),
}

impl Left {
    /// The smaller of two results, when an order got both kinds of refund over time.
    #[must_use]
    pub fn smaller(self, other: Self) -> Self {
        match (self, other) {
            (Self::Net(one), Self::Net(two)) => Self::Net(one.min(two)),
            _ => Self::Nothing,
        }
    }
}

/// By the total taken back so far: `round_half_even(A × (B − R) / B)`.
pub fn left_by_total(
    amount: Decimal,
    base: Decimal,
    refunded: Decimal,
    currency: Currency,
) -> Left {
    if base.is_zero() || refunded >= base {
        return Left::Nothing;
    }
    let net = in_minor_units(amount, base - refunded, base, currency)
        .unwrap_or_else(|| currency.round_half_even(amount * ((base - refunded) / base)));
    Left::Net(net)
}

/// The exact quotient in whole minor units, so that a tie is a tie; `None` when it would not fit
/// 128 bits or an operand is finer than the minor unit.
fn in_minor_units(
    amount: Decimal,
    kept: Decimal,
    base: Decimal,
    currency: Currency,
) -> Option<Decimal> {
    let digits = currency.minor_digits();
    let units = |value: Decimal| {
        let scaled = value.checked_mul(Decimal::from(10u64.pow(digits)))?;
        if scaled.fract().is_zero() { scaled.to_u128() } else { None }
    };
    let (amount, kept, base) = (units(amount)?, units(kept)?, units(base)?);
    let product = amount.checked_mul(kept)?;
    let (whole, rest) = (product / base, product % base);
    let up = match (rest * 2).cmp(&base) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => whole % 2 == 1,
        std::cmp::Ordering::Greater => true,
    };
    let rounded = i128::try_from(whole + u128::from(up)).ok()?;
    Decimal::try_from_i128_with_scale(rounded, digits).ok()
}

/// Line by line: each line keeps the part of its share that its kept units are of its units.
pub fn left_by_items(
    lines: &[PricedLine],
    returned: &BTreeMap<String, u32>,
    currency: Currency,
) -> Left {
    let mut everything = true;
    let mut net = Decimal::ZERO;
    for (line, back) in with_units_back(lines, returned) {
        everything &= back == line.quantity;
        let kept = Decimal::from(line.quantity - back);
        net += line.exact * kept / Decimal::from(line.quantity.max(1));
    }
    if everything { Left::Nothing } else { Left::Net(currency.round_half_even(settle_noise(net))) }
}

/// What the units taken back had cost: of each line's base the part that they are of its units.
pub fn value_of_items(
    lines: &[PricedLine],
    returned: &BTreeMap<String, u32>,
    currency: Currency,
) -> Decimal {
    if returned.is_empty() {
        return Decimal::ZERO;
    }
    let value = with_units_back(lines, returned)
        .map(|(line, back)| line.base * Decimal::from(back) / Decimal::from(line.quantity.max(1)));
    currency.round_half_even(value.sum())
}

/// Each line with how many of its units came back: the first line of a SKU gives first.
fn with_units_back<'a>(
    lines: &'a [PricedLine],
    returned: &BTreeMap<String, u32>,
) -> impl Iterator<Item = (&'a PricedLine, u32)> {
    let mut open = returned.clone();
    lines.iter().map(move |line| {
        let back = line.sku.as_ref().and_then(|sku| open.get_mut(sku)).map_or(0, |open| {
            let taken = (*open).min(line.quantity);
            *open -= taken;
            taken
        });
        (line, back)
    })
}

#[cfg(test)]
mod tests {
    use super::super::rule::tests::npr;
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        shared::money::parse_amount(text).expect("an amount of the test")
    }

    fn line(sku: &str, quantity: u32, exact: &str) -> PricedLine {
        PricedLine {
            sku: Some(sku.to_owned()),
            quantity,
            base: Decimal::ONE_HUNDRED,
            exact: decimal(exact),
            amount: decimal(exact),
            rule: None,
            tried: Vec::new(),
        }
    }

    #[test]
    fn a_total_leaves_its_proportion_rounded_half_even() {
        let cases = [
            ("299.90", "2999.00", "0", Left::Net(decimal("299.90"))),
            ("299.90", "2999.00", "999.00", Left::Net(decimal("200.00"))),
            ("299.90", "2999.00", "2999.00", Left::Nothing),
            ("299.90", "2999.00", "5000.00", Left::Nothing),
            ("0.03", "6.00", "5.00", Left::Net(decimal("0.00"))),
            ("0.09", "6.00", "5.00", Left::Net(decimal("0.02"))),
            ("10.00", "0.00", "0.00", Left::Nothing),
            ("10.00", "3.00", "1.00", Left::Net(decimal("6.67"))),
            // A tie that a rounded quotient, 0.1666…67, would lift above itself.
            ("6.03", "6.00", "5.00", Left::Net(decimal("1.00"))),
            // A base finer than the minor unit, as scaled lines of very large orders leave it.
            ("10.00", "3.0000000001", "1.00", Left::Net(decimal("6.67"))),
        ];
        for (amount, base, refunded, expected) in cases {
            let left = left_by_total(decimal(amount), decimal(base), decimal(refunded), npr());
            assert_eq!(left, expected, "{amount} of {base}, {refunded} back");
        }
    }

    #[test]
    fn lines_are_taken_back_line_by_line() {
        let lines = [line("A", 2, "10.00"), line("B", 1, "5.00"), line("A", 1, "3.00")];
        let cases: [(&[(&str, u32)], Left); 5] = [
            (&[("A", 1)], Left::Net(decimal("13.00"))),
            (&[("A", 3)], Left::Net(decimal("5.00"))),
            (&[("A", 99), ("B", 99)], Left::Nothing),
            (&[("unknown", 1)], Left::Net(decimal("18.00"))),
            (&[("B", 1)], Left::Net(decimal("13.00"))),
        ];
        for (returned, expected) in cases {
            let returned = returned.iter().map(|(sku, n)| ((*sku).to_owned(), *n)).collect();
            assert_eq!(left_by_items(&lines, &returned, npr()), expected, "{returned:?}");
        }
    }

    #[test]
    fn what_a_division_left_behind_a_tie_does_not_lift_it() {
        // Half of 100.10 at 10 %, where each base is 150 × 0.33366…67.
        let exact: Decimal = "5.0050000000000000000000000005".parse().expect("a number");
        let half = |sku| PricedLine { exact, ..line(sku, 1, "5.00") };
        let returned = BTreeMap::from([("B".to_owned(), 1)]);
        let left = left_by_items(&[half("A"), half("B")], &returned, npr());
        assert_eq!(left, Left::Net(decimal("5.00")));
    }

    #[test]
    fn what_came_back_is_worth_its_part_of_each_line() {
        let mut lines = [line("A", 3, "10.00"), line("B", 1, "5.00"), line("A", 1, "3.00")];
        lines[2].base = decimal("40.00");
        let cases: [(&[(&str, u32)], &str); 6] = [
            (&[], "0.00"),
            (&[("A", 1)], "33.33"),
            (&[("A", 2)], "66.67"),
            (&[("A", 4)], "140.00"),
            (&[("A", 99), ("B", 99)], "240.00"),
            (&[("unknown", 1)], "0.00"),
        ];
        for (returned, expected) in cases {
            let returned = returned.iter().map(|(sku, n)| ((*sku).to_owned(), *n)).collect();
            assert_eq!(value_of_items(&lines, &returned, npr()), decimal(expected), "{returned:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_never_exceeds_the_commission_and_never_grows_with_the_refund(
            amount in 0i64..=10_000_000_000_000_000,
            base in 1i64..=100_000_000_000_000_000,
            one in 0i64..=100_000_000_000_000_000,
            more in 0i64..=1_000_000_000_000,
        ) {
            let of = |cents| Decimal::new(cents, 2);
            let net = |refunded| match left_by_total(of(amount), of(base), of(refunded), npr()) {
                Left::Nothing => Decimal::ZERO,
                Left::Net(net) => net,
            };
            prop_assert!(net(one) <= of(amount));
            prop_assert!(net(one) >= Decimal::ZERO);
            prop_assert!(net(one.saturating_add(more)) <= net(one));
        }
    }
}
