//! Every field at its boundaries: what is read, as what, and what is a fault.

use super::super::Account;
use super::*;

/// Each text as a field of that name, read by `take`; `None` where it is a fault.
fn check(
    name: &'static str,
    take: impl Fn(&mut Fields<'_>) -> Option<String>,
    cases: &[(&str, Option<&str>)],
) {
    for (text, expected) in cases {
        let given = BTreeMap::from([(name.to_owned(), (*text).to_owned())]);
        let mut fields = Fields::new(&given);
        let read = take(&mut fields);
        assert_eq!(read.as_deref(), *expected, "{name} {text:?}");
        let faults = fields.finish();
        assert_eq!(faults.len(), usize::from(expected.is_none()), "{name} {text:?}: {faults:?}");
        assert!(faults.iter().all(|fault| fault.starts_with(name)), "{faults:?}");
    }
}

fn holder(fields: &mut Fields<'_>) -> Option<String> {
    fields.holder()
}

fn letters(many: usize) -> String {
    "A1".repeat(many).chars().take(many).collect()
}

#[test]
fn a_field_is_trimmed_and_an_empty_one_was_not_given() {
    for (text, expected) in [("  a b ", Some("a b")), ("", None), ("  ", None)] {
        let given = BTreeMap::from([("holder".to_owned(), text.to_owned())]);
        let mut fields = Fields::new(&given);
        assert_eq!(fields.take("holder"), expected);
        assert_eq!(fields.bic(), None, "not given is no fault of its own");
        assert!(fields.finish().is_empty());
    }
}

#[test]
fn a_holder_has_a_name_of_at_most_seventy_printable_characters() {
    let (most, more) = ("आ".repeat(70), "आ".repeat(71));
    let cases = [
        ("Asha Gurung", Some("Asha Gurung")),
        (&most, Some(&*most)),
        (&more, None),
        ("x\u{7}y", None),
        ("", None),
    ];
    check("holder", holder, &cases);
}

#[test]
fn an_account_number_has_five_to_thirty_four_letters_and_digits() {
    let (most, more) = (letters(34), letters(35));
    let cases = [
        ("1234", None),
        ("12345", Some("12345")),
        ("1-2 3\u{a0}4-5a", Some("12345a")),
        (&most, Some(&*most)),
        (&more, None),
        ("12345_", None),
        ("१२३४५", None),
    ];
    check("accountNumber", |fields| fields.account_number().flatten(), &cases);
}

#[test]
fn a_clearing_id_has_one_to_thirty_five_letters_and_digits() {
    let (most, more) = (letters(35), letters(36));
    let cases =
        [("7", Some("7")), (&*most, Some(&*most)), (&more, None), ("-", None), ("7/8", None)];
    check("clearingId", |fields| fields.clearing_id().flatten(), &cases);
}

#[test]
fn an_iban_holds_its_check_digits() {
    let known = "DE89370400440532013000";
    let cases = [
        (known, Some(known)),
        ("de89 3704-0044 0532 0130 00", Some(known)),
        ("DE88370400440532013000", None),
        ("DE8937040044053201300", None),
    ];
    check("iban", |fields| fields.iban().flatten(), &cases);
}

#[test]
fn a_bic_has_eight_or_eleven_characters_and_letters_for_its_country() {
    let cases = [
        ("nicanpka", Some("NICANPKA")),
        ("NICANPKA123", Some("NICANPKA123")),
        ("1234NP78", Some("1234NP78")),
        ("NICANPK", None),
        ("NICANPKA1", None),
        ("NICA1PKA", None),
        ("NICAN1KA", None),
        ("NICANPK_", None),
        ("NICANPKé", None),
    ];
    check("bic", |fields| fields.bic().flatten(), &cases);
    assert_eq!(bic("nicanpka"), None, "capitals alone, where nothing is made of them");
}

#[test]
fn a_country_is_two_capitals() {
    let cases =
        [("NP", Some("NP")), ("np", None), ("N", None), ("NPL", None), ("N1", None), ("É", None)];
    check("country", |fields| fields.country().flatten(), &cases);
}

#[test]
fn a_mobile_number_has_ten_digits_and_begins_with_nine() {
    let cases = [
        ("9841234567", Some("9841234567")),
        ("+977 98-4123 4567", Some("9841234567")),
        ("984123456", None),
        ("98412345678", None),
        ("8841234567", None),
        ("984123456x", None),
        ("+9779841234", None),
        ("", None),
    ];
    check("phone", |fields| fields.mobile("phone"), &cases);
}

#[test]
fn an_email_address_has_a_name_and_a_host_with_a_dot_inside() {
    let long = format!("{}@example.com", "a".repeat(242));
    let most = &long[1..];
    assert_eq!((most.len(), long.len()), (253, 254));
    let longer = format!("a{long}");
    let cases = [
        ("asha@example.com", Some("asha@example.com")),
        ("a@b.c", Some("a@b.c")),
        (most, Some(most)),
        (&long, Some(&*long)),
        (&longer, None),
        ("@example.com", None),
        ("asha", None),
        ("asha@example", None),
        ("asha@.example.com", None),
        ("asha@example.com.", None),
        ("asha@a@example.com", None),
        ("a sha@example.com", None),
        ("a,b@example.com", None),
        ("a;b@example.com", None),
        ("a\"b@example.com", None),
        ("आशा@example.com", None),
    ];
    check("email", |fields| fields.email("email"), &cases);
}

#[test]
fn a_wallet_is_a_mobile_number_or_an_email_address() {
    let cases = [
        ("+9779841234567", Some("9841234567")),
        ("asha@example.com", Some("asha@example.com")),
        ("asha", None),
    ];
    check("id", |fields| fields.wallet("id"), &cases);
}

#[test]
fn unknown_fields_are_named_shortly_five_at_most() {
    let long = format!("a\u{7}{}", "b".repeat(40));
    let names = [&long, "b", "c", "d", "e", "f", "known"];
    let given = names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    let mut fields = Fields::new(&given);
    fields.take("known");
    let first = format!("a{} is not a field of this method", "b".repeat(31));
    let others = ["b", "c", "d", "e"].map(|name| format!("{name} is not a field of this method"));
    assert_eq!(fields.finish(), [&[first][..], &others].concat());
}

#[test]
fn an_account_is_an_iban_when_its_check_digits_hold_and_a_number_otherwise() {
    let iban = |text: &str| Some(Account::Iban(text.to_owned()));
    let number = |text: &str| Some(Account::Number(text.to_owned()));
    let (most, more) = (letters(34), letters(35));
    let cases = [
        (" de89 3704 0044 0532 0130 00 ", iban("DE89370400440532013000")),
        ("de88 3704 0044 0532 0130 00", number("de88370400440532013000")),
        ("0101-0123-4567", number("010101234567")),
        ("12345", number("12345")),
        ("1234", None),
        (&most, number(&most)),
        (&more, None),
        ("12345_", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert!(account(text) == expected, "{text:?}");
    }
}
