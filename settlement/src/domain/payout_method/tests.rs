//! Tests of reading and hiding payout methods.

use super::*;

/// The fields given, and the first word of each fault.
type Faulty<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

fn fields(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    given.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

const IBAN: [(&str, &str); 3] =
    [("method", "bank"), ("holder", "Asha Gurung"), ("iban", "de89 3704 0044 0532 0130 00")];
const NEPALI: [(&str, &str); 5] = [
    ("method", "bank"),
    ("holder", "आशा गुरुङ"),
    ("accountNumber", "0101-0123-4567-8901"),
    ("bic", "nicanpka"),
    ("country", "NP"),
];

#[test]
fn every_method_is_read_masked_and_read_again_from_what_is_sealed() {
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&IBAN, "bank ••••3000"),
        (&NEPALI, "bank ••••8901"),
        (&[("method", "esewa"), ("id", "+977 98-41234567")], "esewa ••••4567"),
        (&[("method", "esewa"), ("id", "asha@example.com")], "esewa a•••@example.com"),
        (&[("method", "khalti"), ("phone", "9801234567")], "khalti ••••4567"),
        (&[("method", "paypal"), ("email", "asha@example.com")], "paypal a•••@example.com"),
    ];
    for (given, masked) in cases {
        let method = PayoutMethod::parse(&fields(given)).expect(masked);
        assert_eq!(method.masked(), masked);
        assert_eq!(PayoutMethod::parse(&method.fields()).as_ref(), Ok(&method), "{masked}");
    }
}

#[test]
fn an_account_is_kept_as_the_bank_s_systems_write_it() {
    let iban = PayoutMethod::parse(&fields(&IBAN)).expect("it is right");
    let bank = iban.bank().expect("it is a bank's");
    assert_eq!((bank.account.as_str(), bank.country.as_str()), ("DE89370400440532013000", "DE"));
    let number = PayoutMethod::parse(&fields(&NEPALI)).expect("it is right");
    let bank = number.bank().expect("it is a bank's");
    assert_eq!(bank.account.as_str(), "0101012345678901");
    assert_eq!(bank.bank.as_ref().map(Bank::as_str), Some("NICANPKA"));
}

#[test]
fn every_fault_of_a_method_is_told_at_once_and_repeats_nothing() {
    let cases: [Faulty<'_>; 9] = [
        (&[("method", "cash")], &["method"]),
        (&[("method", "bank")], &["holder", "iban", "country"]),
        (
            &[
                ("method", "bank"),
                ("holder", "x\u{7}"),
                ("iban", "DE89370400440532013001"),
                ("bic", "DEUT"),
                ("country", "de"),
                ("swift", "x"),
            ],
            &["holder", "iban", "bic", "country", "swift"],
        ),
        (
            &[("method", "bank"), ("holder", "A"), ("accountNumber", "12345"), ("country", "NP")],
            &["bic"],
        ),
        (
            &[
                ("method", "bank"),
                ("holder", "A"),
                ("iban", "DE89370400440532013000"),
                ("accountNumber", "12345"),
                ("country", "DE"),
            ],
            &["iban"],
        ),
        (
            &[
                ("method", "bank"),
                ("holder", "A"),
                ("iban", "DE89370400440532013000"),
                ("country", "FR"),
            ],
            &["country"],
        ),
        (&[("method", "khalti"), ("phone", "123")], &["phone"]),
        (&[("method", "paypal"), ("email", "a@b")], &["email"]),
        (&[("method", "esewa"), ("phone", "9801234567")], &["id", "phone"]),
    ];
    for (given, expected) in cases {
        let faults = PayoutMethod::parse(&fields(given)).expect_err("it is wrong");
        let told: Vec<_> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        assert_eq!(told, expected, "{faults:?}");
        assert!(!faults.join(" ").contains("DE89"), "{faults:?}");
    }
}

#[test]
fn debug_shows_no_detail() {
    let method = PayoutMethod::parse(&fields(&NEPALI)).expect("it is right");
    let shown = format!("{method:?} {:?}", method.bank());
    for secret in ["0101", "8901", "NICA", "आशा"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_short_number_is_hidden_more_than_shown() {
    let given = [
        ("method", "bank"),
        ("holder", "A"),
        ("accountNumber", "12345"),
        ("clearingId", "7"),
        ("country", "NP"),
    ];
    let method = PayoutMethod::parse(&fields(&given)).expect("it is right");
    assert_eq!(method.masked(), "bank ••••5");
}

#[test]
fn a_method_says_what_it_is_by_its_word() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(Kind::ALL.map(Kind::as_str), ["bank", "esewa", "khalti", "paypal"]);
    assert_eq!(Kind::parse("cash"), None);
}

#[test]
fn a_wallet_is_no_bank_and_pays_to_its_own_number() {
    let wallet = PayoutMethod::parse(&fields(&[("method", "khalti"), ("phone", "9801234567")]));
    let wallet = wallet.expect("it is right");
    assert_eq!(
        (wallet.kind(), wallet.bank(), wallet.destination()),
        (Kind::Khalti, None, "9801234567")
    );
    let bank = PayoutMethod::parse(&fields(&IBAN)).expect("it is right");
    assert_eq!((bank.kind(), bank.destination()), (Kind::Bank, "DE89370400440532013000"));
}

#[test]
fn debug_says_what_it_is_and_where() {
    let method = PayoutMethod::parse(&fields(&NEPALI)).expect("it is right");
    assert_eq!(format!("{method:?}"), "PayoutMethod(Bank)");
    let bank = method.bank().expect("it is a bank's");
    assert_eq!(format!("{bank:?}"), "BankAccount { country: \"NP\", .. }");
}

#[test]
fn an_iban_may_name_its_own_country_and_a_bank_is_named_once() {
    let with = |more: &[(&str, &str)]| PayoutMethod::parse(&fields(&[&IBAN, more].concat()));
    let plain = with(&[]).expect("it is right");
    assert_eq!(with(&[("country", "DE")]), Ok(plain));
    assert_eq!(with(&[("country", "NP")]), Err(vec!["country must be the IBAN's own".to_owned()]));
    let both = with(&[("bic", "DEUTDEFF"), ("clearingId", "7")]);
    assert_eq!(both, Err(vec!["bic and clearingId must not both be given".to_owned()]));
    let named = with(&[("bic", "DEUTDEFF")]).expect("it is right");
    assert_eq!(named.bank().and_then(|it| it.bank.as_ref()).map(Bank::as_str), Some("DEUTDEFF"));
}
