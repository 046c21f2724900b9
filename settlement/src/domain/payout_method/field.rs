//! The single fields of a payout method: how each is written, and what is wrong with it.

use iban::{Iban, IbanLike};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a holder's name at most; what SEPA carries.
pub const HOLDER_CHARACTERS_MAX: usize = 70;
/// Characters of an account number at most; what ISO 20022 carries.
pub const ACCOUNT_CHARACTERS_MAX: usize = 34;
const ACCOUNT_CHARACTERS_MIN: usize = 5;
const CLEARING_ID_CHARACTERS_MAX: usize = 35;
const EMAIL_CHARACTERS_MAX: usize = 254;
const MOBILE_DIGITS: usize = 10;
/// Characters of a number that a mask hides at least.
pub(super) const HIDDEN_CHARACTERS_MIN: usize = 4;
const NAMES_SHOWN_MAX: usize = 5;

/// Fields not yet taken, and the faults found so far.
pub(super) struct Fields<'a> {
    given: &'a BTreeMap<String, String>,
    known: BTreeSet<&'static str>,
    faults: Vec<String>,
}

/// A field: not given, given wrong (the fault is noted), or read.
type Field = Option<Option<String>>;

impl<'a> Fields<'a> {
    pub(super) fn new(given: &'a BTreeMap<String, String>) -> Self {
        Self { given, known: BTreeSet::new(), faults: Vec::new() }
    }

    /// A field's text, trimmed; an empty one was not given.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'a str> {
        self.known.insert(name);
        self.given.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    pub(super) fn fault<T>(&mut self, sentence: &str) -> Option<T> {
        self.faults.push(sentence.to_owned());
        None
    }

    /// Every fault; fields that no part asked for are faults too.
    pub(super) fn finish(mut self) -> Vec<String> {
        let unknown = self.given.keys().filter(|name| !self.known.contains(name.as_str()));
        let names = unknown.take(NAMES_SHOWN_MAX).map(|name| shown(name));
        self.faults.extend(names.map(|name| format!("{name} is not a field of this method")));
        self.faults
    }

    fn read(
        &mut self,
        name: &'static str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<String>,
    ) -> Field {
        let text = self.take(name)?;
        let read = parse(text);
        if read.is_none() {
            self.faults.push(format!("{name} {rule}"));
        }
        Some(read)
    }

    fn required(
        &mut self,
        name: &'static str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<String>,
    ) -> Option<String> {
        match self.read(name, rule, parse) {
            Some(read) => read,
            None => self.fault(&format!("{name} {rule}")),
        }
    }

    pub(super) fn holder(&mut self) -> Option<String> {
        let rule = "must be the account holder's name, at most 70 printable characters";
        self.required("holder", rule, |text| {
            let fits = text.chars().count() <= HOLDER_CHARACTERS_MAX;
            (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
        })
    }

    pub(super) fn iban(&mut self) -> Field {
        self.read("iban", "must be an IBAN with its check digits", |text| {
            let electronic = compact(text).to_ascii_uppercase();
            electronic.parse::<Iban>().ok().map(|iban| iban.electronic_str().to_owned())
        })
    }

    pub(super) fn account_number(&mut self) -> Field {
        let rule = "must be 5 to 34 letters and digits";
        let characters = ACCOUNT_CHARACTERS_MIN..=ACCOUNT_CHARACTERS_MAX;
        self.read("accountNumber", rule, |text| {
            let number = compact(text);
            (characters.contains(&number.len()) && is_alphanumeric(&number)).then_some(number)
        })
    }

    pub(super) fn bic(&mut self) -> Field {
        self.read("bic", "must be a BIC of 8 or 11 characters", |text| {
            bic(&compact(text).to_ascii_uppercase())
        })
    }

    pub(super) fn clearing_id(&mut self) -> Field {
        self.read("clearingId", "must be 1 to 35 letters and digits", |text| {
            let id = compact(text);
            (id.len() <= CLEARING_ID_CHARACTERS_MAX && is_alphanumeric(&id)).then_some(id)
        })
    }

    pub(super) fn country(&mut self) -> Field {
        self.read("country", "must be two capitals of ISO 3166", |text| {
            let is_code = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
            is_code.then(|| text.to_owned())
        })
    }

    pub(super) fn mobile(&mut self, name: &'static str) -> Option<String> {
        self.required(name, "must be a Nepali mobile number of 10 digits", mobile)
    }

    pub(super) fn email(&mut self, name: &'static str) -> Option<String> {
        self.required(name, "must be an e-mail address", email)
    }

    pub(super) fn wallet(&mut self, name: &'static str) -> Option<String> {
        let rule = "must be a Nepali mobile number of 10 digits or an e-mail address";
        self.required(name, rule, |text| mobile(text).or_else(|| email(text)))
    }
}

/// Without the spaces and hyphens that people group characters with.
fn compact(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')).collect()
}

fn is_alphanumeric(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Reads an ISO 9362 code of a bank, in capitals.
pub(in crate::domain) fn bic(text: &str) -> Option<String> {
    let fits = matches!(text.len(), 8 | 11)
        && text.bytes().enumerate().all(|(at, b)| match at {
            4 | 5 => b.is_ascii_uppercase(),
            _ => b.is_ascii_uppercase() || b.is_ascii_digit(),
        });
    fits.then(|| text.to_owned())
}

/// A Nepali mobile number, without the country's prefix.
fn mobile(text: &str) -> Option<String> {
    let number = compact(text);
    let number = number.strip_prefix("+977").unwrap_or(&number);
    let fits = number.len() == MOBILE_DIGITS
        && number.starts_with('9')
        && number.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| number.to_owned())
}

fn email(text: &str) -> Option<String> {
    let (name, host) = text.split_once('@')?;
    let fits = !name.is_empty()
        && text.len() <= EMAIL_CHARACTERS_MAX
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b',' | b';' | b'"'))
        && !host.contains('@');
    fits.then(|| text.to_owned())
}

/// A name as given, short enough to repeat.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(32).collect()
}

/// Reads an account: an IBAN if its check digits hold, else a bank's own number.
pub(in crate::domain) fn account(text: &str) -> Option<super::Account> {
    let text = compact(text.trim());
    let upper = text.to_ascii_uppercase();
    if let Ok(iban) = upper.parse::<Iban>() {
        return Some(super::Account::Iban(iban.electronic_str().to_owned()));
    }
    let characters = ACCOUNT_CHARACTERS_MIN..=ACCOUNT_CHARACTERS_MAX;
    let fits = characters.contains(&text.len()) && is_alphanumeric(&text);
    fits.then_some(super::Account::Number(text))
}

#[cfg(test)]
mod tests;
