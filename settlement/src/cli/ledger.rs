//! `ledger trial-balance`: every account's balance, and whether the books balance.

use super::{ENVIRONMENT, Failure};
use clap::Subcommand;
use rust_decimal::Decimal;
use settlement::error::Fault;
use settlement::store::ledger::{self, BalanceRow};
use settlement::{app, config};
use shared::money::Currency;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Print every account's balance; exit 1 unless each merchant's sum is zero
    TrialBalance,
}

pub(super) async fn run(verb: Verb) -> Result<ExitCode, Failure> {
    let Verb::TrialBalance = verb;
    let pool = app::pool(&config::database(ENVIRONMENT)?)?;
    let mut connection = pool.acquire().await.map_err(Fault::from)?;
    let rows = ledger::trial_balance(&mut connection).await.map_err(Fault::from)?;
    let books = books(&rows);
    for book in &books {
        println!("{}", table(book));
    }
    let off = books.iter().filter(|book| sum(book) != Decimal::ZERO).count();
    if off == 0 {
        println!("the trial balance is zero; books with entries: {}", books.len());
        Ok(ExitCode::SUCCESS)
    } else {
        println!("the trial balance is NOT zero in {off} of {} books", books.len());
        Ok(ExitCode::FAILURE)
    }
}

/// The rows of each environment, merchant and currency; they come sorted that way.
fn books(rows: &[BalanceRow]) -> Vec<&[BalanceRow]> {
    let key = |row: &BalanceRow| (row.environment.clone(), row.merchant_id, row.currency.clone());
    rows.chunk_by(|a, b| key(a) == key(b)).collect()
}

fn sum(book: &[BalanceRow]) -> Decimal {
    book.iter().map(|row| row.balance).sum()
}

fn table(book: &[BalanceRow]) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let currency = book.first().map_or("", |row| row.currency.as_str());
    if let Some(first) = book.first() {
        let _ =
            writeln!(text, "{} · {} · {}", first.environment, first.merchant_id, first.currency);
    }
    let lines = book.iter().map(|row| (row.account.as_str(), row.balance));
    for (account, balance) in lines.chain([("sum", sum(book))]) {
        let shown = Currency::parse(currency).map(|currency| currency.format(balance));
        let shown = shown.unwrap_or_else(|| balance.to_string());
        let _ = writeln!(text, "  {account:<14}{shown:>20}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn each_book_has_its_own_sum() {
        let row = |environment: &str, account: &str, balance| BalanceRow {
            environment: environment.to_owned(),
            merchant_id: Uuid::nil(),
            currency: "NPR".to_owned(),
            account: account.to_owned(),
            balance: Decimal::new(balance, 2),
        };
        let rows = [
            row("live", "A.hold", 1_050),
            row("live", "M.accrued", -1_050),
            row("test", "A.hold", 1),
        ];
        let books = books(&rows);
        assert_eq!(
            books.iter().map(|book| sum(book)).collect::<Vec<_>>(),
            [Decimal::ZERO, Decimal::new(1, 2)]
        );
        assert!(table(books[0]).contains("  M.accrued                   -10.50\n"));
    }
}
