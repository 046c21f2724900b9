//! What an affiliate is told of a payout: what is in it, what is not yet, what never will be.
//!
//! Amounts are never added across currencies; every sum here is of one.

pub mod words;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use shared::money::Currency;
use uuid::Uuid;

/// An amount in its currency; may be below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Of the amount.
    pub currency: Currency,
    /// In `currency`.
    pub amount: Decimal,
}

/// A payout's paper. A merchant's has that merchant's lines and balances alone.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Who is paid.
    pub affiliate: String,
    /// Which payout, and how far it is.
    pub payout: Head,
    /// Its lines, a section per merchant, in order of their names.
    pub sections: Vec<Section>,
    /// What waits, newest first.
    pub waiting: Vec<Waiting>,
    /// Whether more waits than is listed.
    pub more_waiting: bool,
    /// What was rejected in the period, newest first.
    pub rejected: Vec<Rejected>,
    /// Whether more was rejected than is listed.
    pub more_rejected: bool,
    /// A row per currency.
    pub balances: Vec<Balance>,
    /// In which zone instants are shown.
    pub zone: TimeZone,
    /// When it was printed.
    pub printed_at: Timestamp,
}

/// A payout's own facts.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its id.
    pub payout_id: Uuid,
    /// Whether it is of the test world.
    pub is_test: bool,
    /// draft, approved, processing, settled, failed, cancelled, returned.
    pub state: String,
    /// Of every line.
    pub currency: Currency,
    /// The cut-off of the payout before; `None`: there was none.
    pub from: Option<Timestamp>,
    /// Its own cut-off.
    pub until: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When the bank answered last.
    pub answered_at: Option<Timestamp>,
    /// The frozen method, masked.
    pub method: Option<String>,
    /// Why it was cancelled, failed or returned: the bank's or an operator's words.
    pub reason: Option<String>,
}

/// One merchant's lines.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its name.
    pub merchant: String,
    /// Commissions, oldest order first.
    pub orders: Vec<OrderLine>,
    /// Corrections, bank returns, conversions of currency, write-offs.
    pub others: Vec<OtherLine>,
}

impl Section {
    /// What the merchant's lines come to.
    pub fn sum(&self) -> Decimal {
        let orders = self.orders.iter().map(|line| line.net);
        orders.chain(self.others.iter().map(|line| line.amount)).sum()
    }
}

/// A commission that is paid.
#[derive(Debug, Clone)]
pub struct OrderLine {
    /// When the order was placed.
    pub ordered_at: Timestamp,
    /// cnv_….
    pub conversion_id: String,
    /// What the order came to.
    pub order_amount: Decimal,
    /// The frozen terms, in words.
    pub terms: String,
    /// What the sale earned.
    pub commission: Decimal,
    /// What is paid for it: the difference was taken back with refunds.
    pub net: Decimal,
}

/// A line that is no commission.
#[derive(Debug, Clone)]
pub struct OtherLine {
    /// What it is, in words.
    pub what: String,
    /// From when.
    pub at: Timestamp,
    /// Plus favours the affiliate.
    pub amount: Decimal,
}

/// Something that will be paid later.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// When the order was placed, or the line took effect.
    pub at: Timestamp,
    /// cnv_… of a commission; what it is of another line.
    pub what: String,
    /// Which merchant's.
    pub merchant: String,
    /// What it comes to today.
    pub net: Money,
    /// Why not yet, and until when.
    pub why: String,
}

/// Something that will not be paid.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// When the order was placed.
    pub ordered_at: Timestamp,
    /// cnv_….
    pub conversion_id: String,
    /// Which merchant's.
    pub merchant: String,
    /// What it would have been.
    pub commission: Money,
    /// Why not.
    pub why: String,
}

/// Where an affiliate stands in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// Of every amount.
    pub currency: Currency,
    /// Orders not confirmed yet.
    pub pending: Decimal,
    /// In a return window, or waiting for it.
    pub hold: Decimal,
    /// Over the window, being checked.
    pub approved: Decimal,
    /// To be paid with the next payout; below zero: to be set off against what comes.
    pub payable: Decimal,
    /// Sent, and not answered by the bank.
    pub in_flight: Decimal,
    /// Paid out.
    pub paid: Decimal,
}

impl Statement {
    /// What the payout comes to, in its currency.
    pub fn total(&self) -> Money {
        let amount = self.sections.iter().map(Section::sum).sum();
        Money { currency: self.payout.currency, amount }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_what_is_paid_of_every_line_of_every_merchant() {
        let at = Timestamp::UNIX_EPOCH;
        let currency = Currency::parse("NPR").expect("a currency");
        let order = |net| OrderLine {
            ordered_at: at,
            conversion_id: String::new(),
            order_amount: Decimal::from(1_000),
            terms: String::new(),
            commission: Decimal::from(100),
            net: Decimal::from(net),
        };
        let other = |amount| OtherLine { what: String::new(), at, amount: Decimal::from(amount) };
        let section = |nets: &[i64], amounts: &[i64]| Section {
            merchant: String::new(),
            orders: nets.iter().map(|net| order(*net)).collect(),
            others: amounts.iter().map(|amount| other(*amount)).collect(),
        };
        let sections = vec![section(&[100, 60], &[-25]), section(&[], &[7])];
        assert_eq!(sections[0].sum(), Decimal::from(135));
        let payout = Head {
            payout_id: Uuid::nil(),
            is_test: false,
            state: "draft".to_owned(),
            currency,
            from: None,
            until: at,
            sent_at: None,
            answered_at: None,
            method: None,
            reason: None,
        };
        let statement = Statement {
            affiliate: String::new(),
            payout,
            sections,
            waiting: Vec::new(),
            more_waiting: false,
            rejected: Vec::new(),
            more_rejected: false,
            balances: Vec::new(),
            zone: TimeZone::UTC,
            printed_at: at,
        };
        assert_eq!(statement.total(), Money { currency, amount: Decimal::from(142) });
    }
}
