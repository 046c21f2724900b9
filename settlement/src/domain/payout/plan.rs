//! What goes into which payout: all open lines of an affiliate in a currency, or none of them.

use rust_decimal::Decimal;
use shared::id::{AffiliateId, MerchantId};
use shared::money::Currency;
use std::collections::BTreeMap;

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The net of a payable commission.
    Commission,
    /// An operator's extra entry.
    Correction,
    /// What a bank sent back.
    BankReturn,
    /// One side of a conversion between currencies.
    Fx,
    /// A negative balance given up.
    WriteOff,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Commission, Self::Correction, Self::BankReturn, Self::Fx, Self::WriteOff];

    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commission => "commission",
            Self::Correction => "correction",
            Self::BankReturn => "bank_return",
            Self::Fx => "fx",
            Self::WriteOff => "write_off",
        }
    }

    /// Reads the word back; `None` for anything else.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One open line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// In whose books.
    pub merchant: MerchantId,
    /// What it stands for.
    pub kind: Kind,
    /// A commission's id, or a payable item's.
    pub subject: String,
    /// Whose.
    pub affiliate: AffiliateId,
    /// Its currency.
    pub currency: Currency,
    /// Plus favours the affiliate.
    pub amount: Decimal,
}

/// A payout to be drafted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Who is paid.
    pub affiliate: AffiliateId,
    /// In which currency.
    pub currency: Currency,
    /// Sum of the lines, above zero.
    pub amount: Decimal,
    /// Every open line of the two.
    pub lines: Vec<Line>,
}

/// What a run comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// By affiliate and currency.
    pub drafts: Vec<Draft>,
    /// Affiliates and currencies whose lines stay open: what they sum to.
    pub carried: Vec<(AffiliateId, Currency, Decimal)>,
}

/// The least that is paid, per currency.
pub type Minimums = BTreeMap<Currency, Decimal>;

/// Whether this much is paid: above zero, and not below the currency's minimum.
pub fn is_paid(currency: Currency, amount: Decimal, minimums: &Minimums) -> bool {
    let minimum = minimums.get(&currency).copied().unwrap_or(Decimal::ZERO);
    amount > Decimal::ZERO && amount >= minimum
}

/// Makes a draft of all lines of each affiliate and currency, or leaves them all open.
pub fn plan(lines: Vec<Line>, minimums: &Minimums) -> Plan {
    let mut together: BTreeMap<(AffiliateId, Currency), Vec<Line>> = BTreeMap::new();
    for line in lines {
        together.entry((line.affiliate, line.currency)).or_default().push(line);
    }
    let mut plan = Plan::default();
    for ((affiliate, currency), lines) in together {
        let amount = lines.iter().map(|line| line.amount).sum();
        if is_paid(currency, amount, minimums) {
            plan.drafts.push(Draft { affiliate, currency, amount, lines });
        } else {
            plan.carried.push((affiliate, currency, amount));
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).expect("a currency")
    }

    fn line(affiliate: u128, code: &str, cents: i64) -> Line {
        Line {
            merchant: MerchantId(Uuid::from_u128(1)),
            kind: Kind::Commission,
            subject: format!("com_{affiliate}{code}{cents}"),
            affiliate: AffiliateId(Uuid::from_u128(affiliate)),
            currency: currency(code),
            amount: Decimal::new(cents, 2),
        }
    }

    #[test]
    fn all_lines_of_an_affiliate_and_currency_are_paid_or_none() {
        let minimums = Minimums::from([(currency("NPR"), Decimal::new(100_00, 2))]);
        let cases: [(&str, &[i64], bool); 8] = [
            ("NPR", &[100_00], true),
            ("NPR", &[99_99], false),
            ("NPR", &[150_00, -50_00], true),
            ("NPR", &[150_00, -50_01], false),
            ("NPR", &[-1], false),
            ("USD", &[1], true),
            ("USD", &[1, -1], false),
            ("USD", &[0], false),
        ];
        for (code, cents, is_paid) in cases {
            let plan = plan(cents.iter().map(|c| line(7, code, *c)).collect(), &minimums);
            assert_eq!(plan.drafts.len(), usize::from(is_paid), "{code} {cents:?}");
            assert_eq!(plan.carried.len(), usize::from(!is_paid), "{code} {cents:?}");
            let amount = Decimal::new(cents.iter().sum(), 2);
            let planned = plan.drafts.first().map(|d| (d.amount, d.lines.len()));
            assert_eq!(planned, is_paid.then_some((amount, cents.len())), "{code} {cents:?}");
        }
    }

    #[test]
    fn affiliates_and_currencies_are_never_summed_together() {
        let lines =
            vec![line(7, "NPR", 10), line(8, "NPR", 20), line(7, "USD", 40), line(7, "NPR", 80)];
        let plan = plan(lines, &Minimums::new());
        let amounts: Vec<_> = plan
            .drafts
            .iter()
            .map(|d| (d.affiliate.0.as_u128(), d.currency.code(), d.amount))
            .collect();
        let cents = |cents| Decimal::new(cents, 2);
        assert_eq!(amounts, [(7, "NPR", cents(90)), (7, "USD", cents(40)), (8, "NPR", cents(20))]);
    }
}
