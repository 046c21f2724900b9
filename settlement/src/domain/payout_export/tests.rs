//! Payouts made up for tests.

use super::{Payer, Transfer};
use crate::domain::payout_method::PayoutMethod;
use proptest::prelude::*;
use rust_decimal::Decimal;
use shared::money::{Currency, parse_amount};
use uuid::Uuid;

/// A method from its fields.
pub fn method(fields: &[(&str, &str)]) -> PayoutMethod {
    let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    PayoutMethod::parse(&fields.collect()).unwrap()
}

/// An account at a Nepali bank.
pub fn nepali() -> PayoutMethod {
    method(&[
        ("method", "bank"),
        ("holder", "आशा गुरुङ"),
        ("accountNumber", "0101012345678901"),
        ("bic", "NICANPKA"),
        ("country", "NP"),
    ])
}

/// An account with an IBAN and nothing else.
pub fn german() -> PayoutMethod {
    method(&[("method", "bank"), ("holder", "Müller & Söhne"), ("iban", "DE89370400440532013000")])
}

/// A payout of an amount.
pub fn transfer(currency: &str, amount: &str) -> Transfer {
    Transfer {
        payout_id: "0197a1c4-7a10-7c3e-9a55-2f6f0c1d4e21".parse().unwrap(),
        affiliate_id: "0197a1c4-7b22-7d18-8f0e-6a4b9c3d2e10".parse().unwrap(),
        affiliate: "Asha, \"Tea\" & Co".to_owned(),
        amount: parse_amount(amount).unwrap(),
        currency: Currency::parse(currency).unwrap(),
        cut_off_at: "2026-06-14T03:45:00Z".parse().unwrap(),
        method: nepali(),
    }
}

/// The network's own account.
pub fn payer() -> Payer {
    Payer::parse("Khata Network Pvt. Ltd.", "GB29 NWBK 6016 1331 9268 19", "NWBKGB2L").unwrap()
}

fn any_method() -> impl Strategy<Value = PayoutMethod> {
    let holder = prop_oneof!["[ऀ-ॿ ]{1,40}", "\\PC{1,70}", "[A-Za-z&<>'\" ]{1,70}"];
    let holder = holder.prop_filter("a name", |text| !text.trim().is_empty());
    let number = "[A-Za-z0-9]{5,34}";
    let wallet = "9[0-9]{9}";
    prop_oneof![
        (holder.clone(), number, "[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?").prop_map(
            |(holder, number, bic)| method(&[
                ("method", "bank"),
                ("holder", &holder),
                ("accountNumber", &number),
                ("bic", &bic),
                ("country", "NP"),
            ])
        ),
        (holder.clone(), number, "[A-Za-z0-9]{1,35}").prop_map(|(holder, number, id)| method(&[
            ("method", "bank"),
            ("holder", &holder),
            ("accountNumber", &number),
            ("clearingId", &id),
            ("country", "NP"),
        ])),
        holder.prop_map(|holder| method(&[
            ("method", "bank"),
            ("holder", &holder),
            ("iban", "DE89370400440532013000"),
        ])),
        wallet.prop_map(|phone| method(&[("method", "khalti"), ("phone", &phone)])),
        wallet.prop_map(|id| method(&[("method", "esewa"), ("id", &id)])),
        "[=+@a-z]{1,9}@example\\.com"
            .prop_filter("one sign", |text| text.matches('@').count() == 1)
            .prop_map(|email| method(&[("method", "paypal"), ("email", &email)])),
    ]
}

fn any_transfer() -> impl Strategy<Value = Transfer> {
    let currency = prop_oneof![Just("NPR"), Just("EUR"), Just("JPY"), Just("KWD"), Just("USD")];
    (any::<u128>(), any::<u128>(), "\\PC{0,60}", currency, 1..=10_i64.pow(17), any_method())
        .prop_map(|(payout, affiliate, name, currency, minor_units, method)| {
            let currency = Currency::parse(currency).unwrap();
            Transfer {
                payout_id: Uuid::from_u128(payout),
                affiliate_id: Uuid::from_u128(affiliate),
                affiliate: name,
                amount: Decimal::new(
                    minor_units % 10_i64.pow(15 + currency.minor_digits()) + 1,
                    currency.minor_digits(),
                ),
                currency,
                cut_off_at: "2026-06-14T03:45:00Z".parse().unwrap(),
                method,
            }
        })
}

/// Payouts of every currency and method, with names of every script.
pub fn any_transfers(most: usize) -> impl Strategy<Value = Vec<Transfer>> {
    proptest::collection::vec(any_transfer(), 0..=most)
}
