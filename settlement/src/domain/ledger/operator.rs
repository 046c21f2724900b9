//! What operators post: corrections, write-offs, merchants' payments, conversions (MONEY §7).

use super::{Account, Entry, Transfer};
use crate::domain::correction::ChargedTo;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::AffiliateId;
use shared::money::Currency;
use uuid::Uuid;

/// The affiliate of a transfer that touches no affiliate's account.
const NOBODY: AffiliateId = AffiliateId(Uuid::nil());

/// Whose payable balance moves, and when.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The request's own id, the key's second part.
    pub id: &'a str,
    /// Whose.
    pub affiliate: AffiliateId,
    /// When it takes effect.
    pub at: Timestamp,
}

/// A correction of `amount`, in the affiliate's favour when above zero.
pub fn correction(
    subject: Subject<'_>,
    charged_to: ChargedTo,
    amount: Decimal,
    currency: Currency,
) -> Transfer {
    let other = match charged_to {
        ChargedTo::Merchant => Account::MerchantDue,
        ChargedTo::Network => Account::NetworkCost,
    };
    payable(subject, "correction", (amount, currency), other)
}

/// A negative balance given up by `amount`.
pub fn write_off(subject: Subject<'_>, amount: Decimal, currency: Currency) -> Transfer {
    payable(subject, "write_off", (amount, currency), Account::NetworkCost)
}

/// A merchant pays `amount` against its debt.
pub fn merchant_payment(id: &str, amount: Decimal, currency: Currency, at: Timestamp) -> Transfer {
    Transfer {
        key: format!("merchant_payment:{id}"),
        affiliate: NOBODY,
        currency,
        effective_at: at,
        entries: vec![
            Entry { account: Account::MerchantDue, amount },
            Entry { account: Account::NetworkBank, amount: -amount },
        ],
    }
}

/// What an amount comes to at a rate, in the other currency's decimals; `None`: beyond any amount.
pub fn converted(amount: Decimal, rate: Decimal, to: Currency) -> Option<Decimal> {
    amount.checked_mul(rate).map(|product| to.round_half_even(product))
}

/// A balance leaves one currency and comes in another: a transfer for each.
pub fn fx(
    subject: Subject<'_>,
    left: (Decimal, Currency),
    came: (Decimal, Currency),
) -> [Transfer; 2] {
    let side = |name: &str, amount, currency| {
        let entries = (amount, currency);
        Transfer {
            key: format!("fx:{}:{name}", subject.id),
            ..payable(subject, "fx", entries, Account::NetworkFx)
        }
    };
    [side("a", -left.0, left.1), side("b", came.0, came.1)]
}

fn payable(
    subject: Subject<'_>,
    kind: &str,
    (amount, currency): (Decimal, Currency),
    other: Account,
) -> Transfer {
    Transfer {
        key: format!("{kind}:{}", subject.id),
        affiliate: subject.affiliate,
        currency,
        effective_at: subject.at,
        entries: vec![
            Entry { account: Account::AffiliatePayable, amount },
            Entry { account: other, amount: -amount },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::rule::tests::{at, npr};
    use super::*;

    fn shown(transfer: &Transfer) -> String {
        let entry = |e: &Entry| format!(" {} {}", e.account.as_str(), e.amount);
        let entries: String = transfer.entries.iter().map(entry).collect();
        format!("{} {}{entries}", transfer.key, transfer.currency)
    }

    #[test]
    fn each_posting_is_the_contract_s() {
        let subject = Subject { id: "7", affiliate: NOBODY, at: at(0) };
        let usd = Currency::parse("USD").expect("a currency");
        let five = Decimal::new(500, 2);
        let [a, b] = fx(subject, (five, npr()), (Decimal::new(4, 2), usd));
        let cases = [
            (
                correction(subject, ChargedTo::Merchant, -five, npr()),
                "correction:7 NPR A.payable -5.00 M.due 5.00",
            ),
            (
                correction(subject, ChargedTo::Network, five, npr()),
                "correction:7 NPR A.payable 5.00 N.cost -5.00",
            ),
            (write_off(subject, five, npr()), "write_off:7 NPR A.payable 5.00 N.cost -5.00"),
            (
                merchant_payment("7", five, npr(), at(0)),
                "merchant_payment:7 NPR M.due 5.00 N.bank -5.00",
            ),
            (a, "fx:7:a NPR A.payable -5.00 N.fx 5.00"),
            (b, "fx:7:b USD A.payable 0.04 N.fx -0.04"),
        ];
        for (transfer, expected) in cases {
            assert_eq!(shown(&transfer), expected);
            assert_eq!(transfer.entries.iter().map(|e| e.amount).sum::<Decimal>(), Decimal::ZERO);
        }
    }
}
