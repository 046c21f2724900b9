//! What goes to the bank and comes back: the files of a run, and the bank's answers to them.
//!
//! A payout's id is written in two forms, one for one: with hyphens in the CSV, and as 32 hex
//! digits (`EndToEndId` holds 35 characters at most) in pain.001. An answer may use either.

pub mod answers;
pub mod csv;
pub mod pain001;
mod plain_text;
#[cfg(test)]
pub mod tests;

use super::payout_method::{Account, PayoutMethod, field};
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::money::Currency;
use std::fmt;
use uuid::Uuid;

pub use super::payout_method::HOLDER_CHARACTERS_MAX as PAYER_NAME_CHARACTERS_MAX;

/// One payout as a file tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its id, and the end-to-end id.
    pub payout_id: Uuid,
    /// Who is paid.
    pub affiliate_id: Uuid,
    /// Their name.
    pub affiliate: String,
    /// Above zero, in `currency`.
    pub amount: Decimal,
    /// Of the amount.
    pub currency: Currency,
    /// Up to when its lines count.
    pub cut_off_at: Timestamp,
    /// The method frozen at its approval.
    pub method: PayoutMethod,
}

/// Who pays: the network's own account.
#[derive(Clone, PartialEq, Eq)]
pub struct Payer {
    name: String,
    account: Account,
    bic: String,
}

impl Payer {
    /// Reads the name, the IBAN or account number, and the BIC; `Err` names the parts at fault.
    pub fn parse(name: &str, account: &str, bic: &str) -> Result<Self, Vec<&'static str>> {
        let name = Some(name.trim()).filter(|name| {
            (1..=PAYER_NAME_CHARACTERS_MAX).contains(&name.chars().count())
                && !name.chars().any(char::is_control)
        });
        let (account, bic) = (field::account(account), field::bic(bic.trim()));
        match (name, account, bic) {
            (Some(name), Some(account), Some(bic)) => {
                Ok(Self { name: name.to_owned(), account, bic })
            }
            (name, account, bic) => {
                let parts = [
                    ("name", name.is_none()),
                    ("account", account.is_none()),
                    ("bic", bic.is_none()),
                ];
                Err(parts.into_iter().filter(|(_, is_off)| *is_off).map(|(part, _)| part).collect())
            }
        }
    }
}

impl fmt::Debug for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A payout's id as `EndToEndId` and `InstrId` have it: 32 lowercase hex digits.
pub fn end_to_end_id(payout_id: Uuid) -> String {
    payout_id.simple().to_string()
}
