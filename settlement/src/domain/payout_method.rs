//! How an affiliate is paid: by bank or to a wallet; read with every fault at once.
//!
//! Details are secret: sealed at rest, shown masked, and in no log, `Debug` or error.

pub(in crate::domain) mod field;

use field::Fields;
use std::collections::BTreeMap;
use std::fmt;

pub use field::{ACCOUNT_CHARACTERS_MAX, HOLDER_CHARACTERS_MAX};

/// Characters of a number that a mask shows at most.
const SHOWN_MAX: usize = 4;

/// What a method can be, as files and rows name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A bank account.
    Bank,
    /// An `eSewa` wallet.
    Esewa,
    /// A Khalti wallet.
    Khalti,
    /// A `PayPal` account.
    Paypal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Bank, Self::Esewa, Self::Khalti, Self::Paypal];

    /// The word of a file or a row.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Esewa => "esewa",
            Self::Khalti => "khalti",
            Self::Paypal => "paypal",
        }
    }

    /// Reads the word of a file or a row.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A bank account's number.
#[derive(Clone, PartialEq, Eq)]
pub enum Account {
    /// With its check digits, as an electronic IBAN: capitals and digits, no spaces.
    Iban(String),
    /// As the bank writes it, without spaces or hyphens.
    Number(String),
}

impl Account {
    /// Its characters.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Iban(text) | Self::Number(text) => text,
        }
    }
}

/// Which bank.
#[derive(Clone, PartialEq, Eq)]
pub enum Bank {
    /// ISO 9362: 8 or 11 characters.
    Bic(String),
    /// Its member id in the clearing system of its country.
    ClearingId(String),
}

impl Bank {
    /// Its characters.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Bic(text) | Self::ClearingId(text) => text,
        }
    }
}

/// An account with all that a transfer needs.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// In whose name.
    pub holder: String,
    /// Which account.
    pub account: Account,
    /// At which bank; an IBAN names its own.
    pub bank: Option<Bank>,
    /// Where the bank is: ISO 3166, two capitals.
    pub country: String,
}

/// One way to be paid. Made by [`PayoutMethod::parse`] alone.
#[derive(Clone, PartialEq, Eq)]
pub struct PayoutMethod(Details);

#[derive(Clone, PartialEq, Eq)]
enum Details {
    Bank(BankAccount),
    Wallet(Kind, String),
}

impl PayoutMethod {
    /// Reads the named fields of a method; answers every fault at once, none of which repeats what
    /// was read.
    ///
    /// | `method` | fields |
    /// |---|---|
    /// | `bank` | `holder`; `iban`, or `accountNumber` and `country`; `bic` or `clearingId` |
    /// | `esewa` | `id`: a Nepali mobile number or an e-mail address |
    /// | `khalti` | `phone`: a Nepali mobile number |
    /// | `paypal` | `email` |
    ///
    /// An IBAN needs neither a `bic` nor a `country`; a `country` beside it must be its own.
    pub fn parse(fields: &BTreeMap<String, String>) -> Result<Self, Vec<String>> {
        let mut fields = Fields::new(fields);
        let Some(kind) = fields.take("method").and_then(Kind::parse) else {
            return Err(vec!["method must be bank, esewa, khalti or paypal".to_owned()]);
        };
        let wallet = |text: Option<String>| text.map(|text| Details::Wallet(kind, text));
        let details = match kind {
            Kind::Bank => bank(&mut fields).map(Details::Bank),
            Kind::Esewa => wallet(fields.wallet("id")),
            Kind::Khalti => wallet(fields.mobile("phone")),
            Kind::Paypal => wallet(fields.email("email")),
        };
        let faults = fields.finish();
        details.filter(|_| faults.is_empty()).map(Self).ok_or(faults)
    }

    /// The fields that [`PayoutMethod::parse`] reads the same method from: what is sealed.
    pub fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = vec![("method", self.kind().as_str())];
        match &self.0 {
            Details::Bank(bank) => {
                fields.push(("holder", &bank.holder));
                fields.push(("country", &bank.country));
                fields.push(match &bank.account {
                    Account::Iban(text) => ("iban", text),
                    Account::Number(text) => ("accountNumber", text),
                });
                fields.extend(bank.bank.as_ref().map(|bank| match bank {
                    Bank::Bic(text) => ("bic", text.as_str()),
                    Bank::ClearingId(text) => ("clearingId", text.as_str()),
                }));
            }
            Details::Wallet(Kind::Khalti, text) => fields.push(("phone", text)),
            Details::Wallet(Kind::Paypal, text) => fields.push(("email", text)),
            Details::Wallet(_, text) => fields.push(("id", text)),
        }
        fields.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match &self.0 {
            Details::Bank(_) => Kind::Bank,
            Details::Wallet(kind, _) => *kind,
        }
    }

    /// The bank account, of a method that is one.
    pub fn bank(&self) -> Option<&BankAccount> {
        match &self.0 {
            Details::Bank(bank) => Some(bank),
            Details::Wallet(..) => None,
        }
    }

    /// The number, id, phone or address the money goes to.
    pub fn destination(&self) -> &str {
        match &self.0 {
            Details::Bank(bank) => bank.account.as_str(),
            Details::Wallet(_, text) => text,
        }
    }

    /// The method as people may see it: `bank ••••4321`, `paypal a•••@example.com`.
    pub fn masked(&self) -> String {
        let text = self.destination();
        let hidden = if let Some((name, host)) = text.split_once('@') {
            format!("{}•••@{host}", name.chars().take(1).collect::<String>())
        } else {
            let length = text.chars().count();
            let shown = length.saturating_sub(field::HIDDEN_CHARACTERS_MIN).min(SHOWN_MAX);
            format!("••••{}", text.chars().skip(length - shown).collect::<String>())
        };
        format!("{} {hidden}", self.kind().as_str())
    }
}

impl fmt::Debug for PayoutMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PayoutMethod").field(&self.kind()).finish()
    }
}

impl fmt::Debug for BankAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BankAccount").field("country", &self.country).finish_non_exhaustive()
    }
}

fn bank(fields: &mut Fields<'_>) -> Option<BankAccount> {
    let holder = fields.holder();
    let (iban, number) = (fields.iban(), fields.account_number());
    let (bic, clearing_id) = (fields.bic(), fields.clearing_id());
    let country = fields.country();
    let account = match (iban, number) {
        (Some(iban), None) => iban.map(Account::Iban),
        (None, Some(number)) => number.map(Account::Number),
        _ => fields.fault("iban or accountNumber must be given, and not both"),
    };
    let bank = match (bic, clearing_id) {
        (Some(bic), None) => bic.map(Bank::Bic),
        (None, Some(id)) => id.map(Bank::ClearingId),
        (None, None) if matches!(account, Some(Account::Number(_))) => {
            fields.fault("bic or clearingId must be given with accountNumber")
        }
        (None, None) => None,
        (Some(_), Some(_)) => fields.fault("bic and clearingId must not both be given"),
    };
    let country = match (&account, country) {
        (Some(Account::Iban(iban)), country) => {
            let own = iban.chars().take(2).collect::<String>();
            if country.flatten().is_some_and(|country| country != own) {
                return fields.fault("country must be the IBAN's own");
            }
            own
        }
        (_, Some(country)) => country?,
        (_, None) => return fields.fault("country must be two capitals of ISO 3166"),
    };
    Some(BankAccount { holder: holder?, account: account?, bank, country })
}

#[cfg(test)]
mod tests;
