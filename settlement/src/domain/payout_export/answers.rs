//! Reads a bank's answers: a CSV of `payout_id,currency,amount,answer,reason`, faults per line.
//!
//! | column | holds |
//! |---|---|
//! | `payout_id` | the payout's UUID, or its 32 hex digits as `EndToEndId` has them, in any case |
//! | `currency` | ISO 4217, in capitals |
//! | `amount` | a decimal above zero, with at most the currency's minor digits: `1299.50` |
//! | `answer` | `settled`, `failed` or `returned` |
//! | `reason` | the bank's words, at most 500 characters; the column may be absent |
//!
//! UTF-8 with or without a byte order mark, RFC 4180, columns in any order. Nothing is applied
//! here: whether a row fits its payout is for the flow that holds the payout to say.

use rust_decimal::Decimal;
use shared::money::{Currency, parse_amount};
use std::fmt;
use uuid::Uuid;

/// Bytes of a file of answers at most.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Rows of a file of answers at most.
pub const ROWS_MAX: u32 = 100_000;
/// Faults told at most; a file of another kind would have one per line.
pub const FAULTS_MAX: usize = 100;
/// Characters of a reason at most.
pub const REASON_CHARACTERS_MAX: usize = 500;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const COLUMNS: [&str; 5] = ["payout_id", "currency", "amount", "answer", "reason"];
const REASON: usize = 4;

/// What a bank says of one payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The money arrived.
    Settled,
    /// The transfer was refused; no money left.
    Failed,
    /// The money arrived and came back.
    Returned,
}

impl Answer {
    /// Reads the word of a file or a row.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Settled, Self::Failed, Self::Returned].into_iter().find(|it| it.as_str() == word)
    }

    /// The word of a file or a row.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Returned => "returned",
        }
    }
}

/// One readable row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    /// Its place among the file's rows: the heading is 1, empty lines do not count.
    pub line_number: u32,
    /// Which payout.
    pub payout_id: Uuid,
    /// The currency the bank names.
    pub currency: Currency,
    /// The amount the bank names, above zero, in `currency`.
    pub amount: Decimal,
    /// What became of it.
    pub answer: Answer,
    /// The bank's words.
    pub reason: Option<String>,
}

/// Something unreadable. It never repeats what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineFault {
    /// Which row: the heading is 1, empty lines do not count.
    pub line_number: u32,
    /// In which column; empty for a fault of the whole line.
    pub column: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = if self.column.is_empty() { "" } else { " " };
        write!(f, "line {}: {}{gap}{}", self.line_number, self.column, self.rule)
    }
}

/// A file, read: every readable row, and every fault up to [`FAULTS_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// In the file's order.
    pub rows: Vec<AnswerRow>,
    /// In the file's order.
    pub faults: Vec<LineFault>,
}

/// Reads a file. A file with an unreadable heading has no rows and one fault.
pub fn parse(bytes: &[u8]) -> Answers {
    let mut found = Answers::default();
    if bytes.len() > FILE_BYTES_MAX {
        found.note(1, "", "the file has more than 16 MiB");
        return found;
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let columns = reader.byte_headers().ok().and_then(places);
    let Some(columns) = columns else {
        found.note(1, "", "the heading must be payout_id,currency,amount,answer,reason");
        return found;
    };
    let mut record = csv::ByteRecord::new();
    for line in 2_u32.. {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return found,
            Err(_) => {
                found.note(line, "", "is not CSV");
                return found;
            }
        }
        if line > ROWS_MAX + 1 || found.faults.len() >= FAULTS_MAX {
            found.note(line, "", "and what follows was not read: too many rows or faults");
            return found;
        }
        found.read(&record, &columns, line);
    }
    found
}

/// Where each column stands; the reason may be absent, nothing else may be there.
fn places(heading: &csv::ByteRecord) -> Option<[Option<usize>; COLUMNS.len()]> {
    let of = |column: &str| heading.iter().position(|name| name == column.as_bytes());
    let places = COLUMNS.map(of);
    let named = places.iter().flatten().count();
    let complete = places[..REASON].iter().all(Option::is_some) && named == heading.len();
    complete.then_some(places)
}

impl Answers {
    fn note(&mut self, line_number: u32, column: &'static str, rule: &'static str) {
        self.faults.push(LineFault { line_number, column, rule });
    }

    fn read(&mut self, record: &csv::ByteRecord, columns: &[Option<usize>; 5], line: u32) {
        let before = self.faults.len();
        let width = columns.iter().flatten().count();
        if record.len() != width {
            return self.note(line, "", "has another number of cells than the heading");
        }
        let cell = |column: usize| {
            let cell = columns[column].and_then(|place| record.get(place)).unwrap_or_default();
            std::str::from_utf8(cell).ok().map(str::trim)
        };
        let payout_id = cell(0).and_then(|text| Uuid::try_parse(text).ok());
        let currency = cell(1).and_then(Currency::parse);
        let amount = cell(2).and_then(parse_amount).map(|amount| amount.normalize());
        let amount = amount.filter(|amount| {
            *amount > Decimal::ZERO && currency.is_none_or(|currency| currency.holds(*amount))
        });
        let answer = cell(3).and_then(Answer::parse);
        let reason = cell(REASON).filter(|text| {
            text.chars().count() <= REASON_CHARACTERS_MAX && !text.chars().any(char::is_control)
        });
        for (column, rule, is_read) in [
            (COLUMNS[0], "must be a payout's id", payout_id.is_some()),
            (COLUMNS[1], "must be an ISO 4217 code in capitals", currency.is_some()),
            (COLUMNS[2], "must be a decimal above zero in its currency's digits", amount.is_some()),
            (COLUMNS[3], "must be settled, failed or returned", answer.is_some()),
            (COLUMNS[REASON], "must be at most 500 printable characters", reason.is_some()),
        ] {
            if !is_read {
                self.note(line, column, rule);
            }
        }
        let (Some(payout_id), Some(currency), Some(amount), Some(answer)) =
            (payout_id, currency, amount, answer)
        else {
            return;
        };
        if self.faults.len() == before {
            let reason = reason.filter(|text| !text.is_empty()).map(str::to_owned);
            let row = AnswerRow { line_number: line, payout_id, currency, amount, answer, reason };
            self.rows.push(row);
        }
    }
}

#[cfg(test)]
mod tests;
