//! `fx …`, `write-off`, `merchant payment`: what operators enter into a merchant's books.

use super::Failure;
use super::operate::Desk;
use super::scope::{currency, environment};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use settlement::domain::order::Scope;
use settlement::flows::enter_money::{self, Entered, NewRate, Request};
use shared::id::{AffiliateId, Environment, MerchantId};
use shared::money::Currency;
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, Args)]
pub(super) struct Place {
    /// In whose books
    #[arg(long)]
    merchant: Uuid,
    /// live or test
    #[arg(long, value_parser = environment)]
    environment: Environment,
    /// Your own id of this entry: the same again changes nothing
    #[arg(long)]
    id: String,
    /// E-mail address of the account that does it
    #[arg(long = "as", value_name = "E-MAIL")]
    by: String,
}

impl Place {
    fn request<'a>(&'a self, desk: &Desk) -> Request<'a> {
        let scope = Scope { environment: self.environment, merchant: MerchantId(self.merchant) };
        Request { by: desk.actor, scope, id: &self.id, now: desk.now }
    }
}

#[derive(Debug, Args)]
pub(super) struct Payment {
    /// How much; below zero takes back so much of what was entered before, and no more than that
    #[arg(long, allow_negative_numbers = true)]
    amount: Decimal,
    /// ISO 4217
    #[arg(long, value_parser = currency)]
    currency: Currency,
    /// When the money came, RFC 3339; now without it
    #[arg(long)]
    paid_at: Option<Timestamp>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct WriteOff {
    /// Whose negative balance
    #[arg(long)]
    affiliate: Uuid,
    /// How much of it
    #[arg(long)]
    amount: Decimal,
    /// ISO 4217
    #[arg(long, value_parser = currency)]
    currency: Currency,
    /// Why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
pub(super) enum FxVerb {
    /// Enter an exchange rate
    Rate {
        /// live or test
        #[arg(long, value_parser = environment)]
        environment: Environment,
        /// ISO 4217
        #[arg(long, value_parser = currency)]
        from: Currency,
        /// ISO 4217
        #[arg(long, value_parser = currency)]
        to: Currency,
        /// Units of the second for one of the first
        #[arg(long)]
        rate: Decimal,
        /// The day it is of, 2026-06-15
        #[arg(long)]
        date: Date,
        /// Where it was read
        #[arg(long)]
        source: String,
        /// E-mail address of the account that does it
        #[arg(long = "as", value_name = "E-MAIL")]
        by: String,
    },
    /// Take an affiliate's open balance into another currency, at an entered rate
    Convert {
        /// Whose
        #[arg(long)]
        affiliate: Uuid,
        /// How much, in the rate's first currency
        #[arg(long)]
        amount: Decimal,
        /// The rate's id
        #[arg(long)]
        rate: Uuid,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn fx(verb: FxVerb) -> Result<ExitCode, Failure> {
    match verb {
        FxVerb::Rate { environment, from, to, rate, date, source, by } => {
            let desk = Desk::open(&by).await?;
            let new = NewRate { environment, from, to, rate, dated: date, source };
            let id = enter_money::enter_rate(&desk.pool, desk.actor, new, desk.now).await?;
            println!("rate {id}: 1 {from} = {rate} {to}, of {date}");
            Ok(ExitCode::SUCCESS)
        }
        FxVerb::Convert { affiliate, amount, rate, place } => {
            let desk = Desk::open(&place.by).await?;
            let (request, affiliate) = (place.request(&desk), AffiliateId(affiliate));
            tell(enter_money::convert(&desk.pool, request, affiliate, amount, rate).await?)
        }
    }
}

pub(super) async fn write_off(orders: WriteOff) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&orders.place.by).await?;
    let (request, affiliate) = (orders.place.request(&desk), AffiliateId(orders.affiliate));
    let sum = (orders.amount, orders.currency);
    let reason = &orders.reason;
    tell(enter_money::write_off(&desk.pool, request, affiliate, sum, reason).await?)
}

pub(super) async fn payment(orders: Payment) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&orders.place.by).await?;
    let request = orders.place.request(&desk);
    let paid_at = orders.paid_at.unwrap_or(desk.now);
    let sum = (orders.amount, orders.currency);
    tell(enter_money::pay_merchant(&desk.pool, request, sum, paid_at).await?)
}

fn tell(entered: Entered) -> Result<ExitCode, Failure> {
    let other = |what: String| Err(Failure::Other(what));
    match entered {
        Entered::Done => println!("entered"),
        Entered::DoneBefore => println!("entered before by this id; nothing changed"),
        Entered::Another => return other("this id was used for another entry".to_owned()),
        Entered::RunUnderWay => return other("a run is being made; try again".to_owned()),
        Entered::TooMuch(open) => {
            return other(format!("that is more than there is: the open balance is {open}"));
        }
        Entered::NotNegative(open) => {
            return other(format!("only a negative balance can be given up; it is {open}"));
        }
        Entered::MoreThanPaid(paid) => {
            return other(format!("no more can be taken back than was paid: {paid}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
