//! What operators entered, and the postings that each entry must have made.

use super::super::correction::ChargedTo;
use super::super::ledger::Transfer;
use super::super::ledger::operator::{self, Subject};
use super::{Difference, StoredTransfer, compare};
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::AffiliateId;
use shared::money::Currency;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// One entry, as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entered {
    /// The request's own id.
    pub id: String,
    /// Whose balance moves; `None`: no affiliate's.
    pub affiliate: Option<AffiliateId>,
    /// The amount entered, in `currency`.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
    /// When it takes effect.
    pub at: Timestamp,
    /// What it is.
    pub kind: Kind,
}

/// What an operator entered.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A correction with its second approval.
    Correction(ChargedTo),
    /// A negative balance given up.
    WriteOff,
    /// A merchant's payment.
    Payment,
    /// A balance taken into another currency.
    Fx {
        /// The rate frozen on it.
        rate: Decimal,
        /// The rate it names.
        entered_rate: Decimal,
        /// The other currency.
        to: Currency,
        /// What came, in that currency.
        came: Decimal,
    },
}

impl Entered {
    fn subject(&self) -> Subject<'_> {
        let affiliate = self.affiliate.unwrap_or(AffiliateId(Uuid::nil()));
        Subject { id: &self.id, affiliate, at: self.at }
    }

    fn transfers(&self) -> Vec<Transfer> {
        let (subject, amount, currency) = (self.subject(), self.amount, self.currency);
        match self.kind {
            Kind::Correction(charged_to) => {
                vec![operator::correction(subject, charged_to, amount, currency)]
            }
            Kind::WriteOff => vec![operator::write_off(subject, amount, currency)],
            Kind::Payment => {
                vec![operator::merchant_payment(&self.id, amount, currency, self.at)]
            }
            Kind::Fx { rate, to, .. } => {
                let came = operator::converted(amount, rate, to).unwrap_or_default();
                operator::fx(subject, (amount, currency), (came, to)).into()
            }
        }
    }

    /// Where an entry contradicts itself.
    fn own_difference(&self) -> Option<Difference> {
        let Kind::Fx { rate, entered_rate, to, came } = self.kind else { return None };
        let made = operator::converted(self.amount, entered_rate, to);
        let stored = format!("{came} {to} at {rate}");
        let rebuilt = format!("{} {to} at {entered_rate}", made.unwrap_or_default());
        (made != Some(came) || rate != entered_rate)
            .then(|| Difference::of(&self.id, "conversion of a balance", &stored, &rebuilt))
    }
}

/// Every difference between what is posted in a scope's books beside commissions and payouts, and
/// what the entries make.
pub fn differences(
    entered: &[Entered],
    stored: &BTreeMap<String, StoredTransfer>,
) -> Vec<Difference> {
    let mut found: Vec<_> = entered.iter().filter_map(Entered::own_difference).collect();
    let transfers: Vec<_> = entered.iter().flat_map(Entered::transfers).collect();
    let made = compare::as_stored(&transfers, stored);
    let keys: BTreeSet<_> = stored.keys().chain(made.keys()).collect();
    for key in keys {
        let (stored, made) = (stored.get(key), made.get(key));
        if stored != made {
            let (stored, made) = (format!("{stored:?}"), format!("{made:?}"));
            found.push(Difference::of(key, "transfer of an entry", &stored, &made));
        }
    }
    found
}
