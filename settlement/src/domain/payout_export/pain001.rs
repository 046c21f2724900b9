//! The run's payouts by bank as an ISO 20022 credit transfer initiation: pain.001.001.09.
//!
//! One `PmtInf` per currency. `EndToEndId` and `InstrId` are the payout's id as 32 hex digits;
//! names are in Latin letters. A transfer in euros between two IBANs asks for SEPA, each side
//! bearing its own charges by the scheme's rules; every other one shares charges.

mod element;

use super::plain_text::latin;
use super::{Payer, Transfer, end_to_end_id};
use crate::domain::payout_method::{Account, Bank, BankAccount};
use element::{Element, node, text};
use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;
use shared::money::Currency;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The message and its version.
pub const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";
/// Digits of an amount at most, before and after the point together.
const AMOUNT_DIGITS_MAX: usize = 18;
/// What SEPA carries in one transfer at most, in cents.
const SEPA_CENTS_MAX: i64 = 99_999_999_999;
const NAME_CHARACTERS_MAX: usize = 70;

/// The run that a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Its id, and the message's.
    pub run_id: Uuid,
    /// When the file is written; the execution asked for is that day, in UTC.
    pub written_at: Timestamp,
}

/// A payout that the message cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("payout {0}: its amount is not above zero, or has more than 18 digits")]
pub struct Unwritable(pub Uuid);

/// Writes the file of those payouts whose method is a bank account; `None` when there are none.
pub fn render(
    run: Run,
    payer: &Payer,
    transfers: &[Transfer],
) -> Result<Option<Vec<u8>>, Unwritable> {
    let by_bank = transfers.iter().filter_map(|it| it.method.bank().map(|bank| (it, bank)));
    let mut groups = BTreeMap::<Currency, Vec<Line<'_>>>::new();
    for (transfer, bank) in by_bank {
        let fits = transfer.amount > Decimal::ZERO && digits(transfer.amount) <= AMOUNT_DIGITS_MAX;
        if !fits || !transfer.currency.holds(transfer.amount.normalize()) {
            return Err(Unwritable(transfer.payout_id));
        }
        groups.entry(transfer.currency).or_default().push(Line { transfer, bank });
    }
    if groups.is_empty() {
        return Ok(None);
    }
    let all = groups.values().flatten().map(|line| line.transfer.amount);
    let mut message = vec![node(
        "GrpHdr",
        [
            vec![
                text("MsgId", run.run_id.simple().to_string()),
                text("CreDtTm", second(run.written_at)),
            ],
            totals(all),
            vec![node("InitgPty", vec![text("Nm", latin(&payer.name, NAME_CHARACTERS_MAX))])],
        ]
        .concat(),
    )];
    message.extend(groups.iter().map(|(currency, lines)| group(run, payer, *currency, lines)));
    let document = node("Document", vec![node("CstmrCdtTrfInitn", message)]);
    Ok(Some(document.with("xmlns", NAMESPACE).to_xml()))
}

struct Line<'a> {
    transfer: &'a Transfer,
    bank: &'a BankAccount,
}

/// `PmtInf`: the transfers of one currency.
fn group(run: Run, payer: &Payer, currency: Currency, lines: &[Line<'_>]) -> Element {
    let day = run.written_at.to_zoned(TimeZone::UTC).date().to_string();
    let head =
        vec![text("PmtInfId", format!("{}{currency}", run.run_id.simple())), text("PmtMtd", "TRF")];
    let debtor = vec![
        node("ReqdExctnDt", vec![text("Dt", day)]),
        node("Dbtr", vec![text("Nm", latin(&payer.name, NAME_CHARACTERS_MAX))]),
        node("DbtrAcct", vec![node("Id", vec![account(&payer.account)])]),
        node("DbtrAgt", vec![node("FinInstnId", vec![text("BICFI", payer.bic.clone())])]),
    ];
    let totals = totals(lines.iter().map(|line| line.transfer.amount));
    let transfers = lines.iter().map(|line| transfer(payer, line)).collect();
    node("PmtInf", [head, totals, debtor, transfers].concat())
}

/// `CdtTrfTxInf`: one payout.
fn transfer(payer: &Payer, line: &Line<'_>) -> Element {
    let Line { transfer, bank } = line;
    let id = end_to_end_id(transfer.payout_id);
    let is_sepa = is_sepa(payer, line);
    let mut parts =
        vec![node("PmtId", vec![text("InstrId", id.clone()), text("EndToEndId", id.clone())])];
    if is_sepa {
        parts.push(node("PmtTpInf", vec![node("SvcLvl", vec![text("Cd", "SEPA")])]));
    }
    let amount = text("InstdAmt", transfer.currency.format(transfer.amount));
    parts.push(node("Amt", vec![amount.with("Ccy", transfer.currency.code())]));
    parts.push(text("ChrgBr", if is_sepa { "SLEV" } else { "SHAR" }));
    parts.extend(bank.bank.as_ref().map(|bank| {
        let id = match bank {
            Bank::Bic(bic) => text("BICFI", bic.clone()),
            Bank::ClearingId(member) => node("ClrSysMmbId", vec![text("MmbId", member.clone())]),
        };
        node("CdtrAgt", vec![node("FinInstnId", vec![id])])
    }));
    let address = node("PstlAdr", vec![text("Ctry", bank.country.clone())]);
    parts.push(node("Cdtr", vec![text("Nm", latin(&bank.holder, NAME_CHARACTERS_MAX)), address]));
    parts.push(node("CdtrAcct", vec![node("Id", vec![account(&bank.account)])]));
    parts.push(node("RmtInf", vec![text("Ustrd", format!("Commissions, payout {id}"))]));
    node("CdtTrfTxInf", parts)
}

fn is_sepa(payer: &Payer, line: &Line<'_>) -> bool {
    let between_ibans =
        matches!((&payer.account, &line.bank.account), (Account::Iban(_), Account::Iban(_)));
    between_ibans
        && line.transfer.currency.code() == "EUR"
        && line.transfer.amount <= Decimal::new(SEPA_CENTS_MAX, 2)
}

fn account(account: &Account) -> Element {
    match account {
        Account::Iban(iban) => text("IBAN", iban.clone()),
        Account::Number(number) => node("Othr", vec![text("Id", number.clone())]),
    }
}

/// How many, and their sum. Over several currencies the sum is a check of the file, not an amount
/// of anything (ISO 20022 asks for it "irrespective of currencies"); it may be left out, and is
/// when it has too many digits.
fn totals(amounts: impl Iterator<Item = Decimal> + Clone) -> Vec<Element> {
    let mut found = vec![text("NbOfTxs", amounts.clone().count().to_string())];
    let sum = amounts.sum::<Decimal>().normalize();
    if digits(sum) <= AMOUNT_DIGITS_MAX {
        found.push(text("CtrlSum", sum.to_string()));
    }
    found
}

fn digits(amount: Decimal) -> usize {
    amount.normalize().mantissa().unsigned_abs().to_string().len()
}

/// An instant to the second, in UTC.
fn second(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
