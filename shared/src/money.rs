//! Amounts: decimal strings on the wire, `Decimal` with a currency in code, one rounding rule.

use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt;

/// Integer digits an amount may have.
pub const AMOUNT_INTEGER_DIGITS_MAX: usize = 15;
/// Fraction digits any reader takes before a currency narrows it; no currency has more than 4.
pub const AMOUNT_FRACTION_DIGITS_MAX: usize = 12;

/// An ISO 4217 currency in which orders can be paid.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Reads a three-letter code in capitals; `None` when it is none, or has no minor unit
    /// (metals, test codes).
    pub fn parse(code: &str) -> Option<Self> {
        let capitals = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        let currency = iso_currency::Currency::from_code(code).filter(|_| capitals)?;
        currency.exponent().map(|_| Self(currency))
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits of the minor unit: 2 for NPR, 0 for JPY, 3 for KWD.
    pub fn minor_digits(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }

    /// Rounds half to even at the minor unit: the only rounding of money in the system.
    pub fn round_half_even(self, amount: Decimal) -> Decimal {
        amount.round_dp_with_strategy(self.minor_digits(), RoundingStrategy::MidpointNearestEven)
    }

    /// Writes an amount with exactly the minor digits: `299.90`.
    pub fn format(self, amount: Decimal) -> String {
        let digits = usize::try_from(self.minor_digits()).unwrap_or(0);
        format!("{:.digits$}", self.round_half_even(amount))
    }

    /// Whether an amount has no more fraction digits than the currency.
    pub fn holds(self, amount: Decimal) -> bool {
        amount.scale() <= self.minor_digits()
    }
}

/// Whether an amount, of either sign, has no more integer digits than amounts may have.
pub fn is_in_bounds(amount: Decimal) -> bool {
    // 10^15 in its low, middle and high 32 bits: the least that has a digit too many.
    const BEYOND: Decimal = Decimal::from_parts(0xa4c6_8000, 0x0003_8d7e, 0, false, 0);
    amount.abs() < BEYOND
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| serde::de::Error::custom("not a currency"))
    }
}

/// Reads `[0-9]{1,15}(\.[0-9]+)?`; `None` for signs, exponents, spaces, and anything else.
pub fn parse_amount(text: &str) -> Option<Decimal> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let fits = digits(whole, AMOUNT_INTEGER_DIGITS_MAX)
        && fraction.is_none_or(|fraction| digits(fraction, AMOUNT_FRACTION_DIGITS_MAX));
    if fits { Decimal::from_str_exact(text).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).expect("a currency of the test")
    }

    #[test]
    fn amounts_are_plain_decimals_and_nothing_else() {
        for text in ["0", "0.00", "2999.00", "999999999999999.9999", "007"] {
            assert!(parse_amount(text).is_some(), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "NaN",
            "Infinity",
            " 1",
            "1 ",
            "1,000",
            "1_0",
            "0x10",
            "1000000000000000",
            "٣",
            "1.2.3",
            "0.1234567890123",
        ] {
            assert_eq!(parse_amount(text), None, "{text}");
        }
    }

    #[test]
    fn rounding_is_half_to_even_at_the_currency_s_minor_unit() {
        let cases = [
            ("NPR", "0.125", "0.12"),
            ("NPR", "0.135", "0.14"),
            ("NPR", "299.9", "299.90"),
            ("JPY", "2.5", "2"),
            ("JPY", "3.5", "4"),
            ("KWD", "0.0005", "0.000"),
        ];
        for (code, amount, expected) in cases {
            let amount = parse_amount(amount).expect("an amount of the test");
            assert_eq!(currency(code).format(amount), expected, "{code} {amount}");
        }
    }

    #[test]
    fn only_currencies_with_a_minor_unit_are_taken() {
        for code in ["npr", "NP", "XAU", "XXX", "ABC", ""] {
            assert_eq!(Currency::parse(code), None, "{code}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = parse_amount(&text);
        }
    }

    #[test]
    fn a_currency_is_its_code_in_order_and_on_the_wire() {
        let (npr, jpy) = (currency("NPR"), currency("JPY"));
        assert_eq!((npr.code(), format!("{npr} {npr:?}").as_str()), ("NPR", "NPR NPR"));
        let mut sorted = [npr, jpy, currency("EUR")];
        sorted.sort();
        assert_eq!(sorted.map(Currency::code), ["EUR", "JPY", "NPR"]);
        assert!(jpy < npr && npr <= npr);
        assert_eq!(serde_json::json!(npr), "NPR");
        assert_eq!(serde_json::from_str::<Currency>("\"JPY\"").ok(), Some(jpy));
        assert!(serde_json::from_str::<Currency>("\"npr\"").is_err());
    }

    #[test]
    fn an_amount_has_at_most_fifteen_integer_digits() {
        let cases = [
            ("999999999999999.9999", true),
            ("-999999999999999.9999", true),
            ("1000000000000000", false),
            ("-1000000000000000", false),
            ("79228162514264337593543950335", false),
            ("0", true),
        ];
        for (amount, expected) in cases {
            let amount: Decimal = amount.parse().expect("a decimal of the test");
            assert_eq!(is_in_bounds(amount), expected, "{amount}");
        }
    }

    #[test]
    fn a_currency_holds_no_more_than_its_minor_digits() {
        let cases = [("NPR", "1.50", true), ("NPR", "1.500", false), ("JPY", "1", true)];
        for (code, amount, holds) in cases {
            let amount = parse_amount(amount).expect("an amount of the test");
            assert_eq!(currency(code).holds(amount), holds, "{code} {amount}");
        }
    }
}
