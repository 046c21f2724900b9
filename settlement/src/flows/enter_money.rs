//! What operators enter into a merchant's books: its payments, negative balances given up, and
//! balances taken into another currency at an entered rate. Each has an id of its own; the same one
//! again changes nothing.

use super::actor::{Actor, note};
use super::payout::clock;
use crate::domain::ledger::Transfer;
use crate::domain::ledger::operator::{self, Subject};
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::operator_entry::{
    self as store, ConvertedRow, Entry, PaymentRow, RateRow, WriteOffRow,
};
use crate::store::payable_item::{self, NewItem};
use crate::store::payout::{open, run};
use crate::store::{instant, ledger};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::json;
use shared::id::{AffiliateId, Environment};
use shared::money::{AMOUNT_INTEGER_DIGITS_MAX, Currency, is_in_bounds};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

/// What an entry came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// It is in the books.
    Done,
    /// It was before, by the same id.
    DoneBefore,
    /// This id was used for another one.
    Another,
    /// A run of payouts is being made from these balances: try again.
    RunUnderWay,
    /// There is not that much to be taken: what there is, open.
    TooMuch(Decimal),
    /// Only a negative balance can be given up: what it is.
    NotNegative(Decimal),
    /// More would be taken back than the merchant paid: what it paid, in this currency.
    MoreThanPaid(Decimal),
}

/// Who enters something, where, and by which id of theirs.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who.
    pub by: Actor,
    /// In which merchant's books.
    pub scope: Scope,
    /// The request's own id.
    pub id: &'a str,
    /// When it is entered.
    pub now: Timestamp,
}

impl Request<'_> {
    /// The checks of every entry; its amount may be below zero.
    fn check_signed(&self, amount: Decimal, currency: Currency) -> Result<(), Fault> {
        self.by.may_operate()?;
        if self.id.trim().is_empty() {
            return Err(Fault::invalid("it needs an id of its own"));
        }
        if amount.is_zero() || !currency.holds(amount.normalize()) {
            return Err(Fault::invalid("the amount is not zero, in the currency's own decimals"));
        }
        within_digits("the amount", amount)
    }

    fn check(&self, amount: Decimal, currency: Currency) -> Result<(), Fault> {
        self.check_signed(amount, currency)?;
        if amount < Decimal::ZERO {
            return Err(Fault::invalid("the amount is above zero"));
        }
        Ok(())
    }

    /// Whether the merchant, which must be one, can owe in a currency; holds the merchant's row.
    async fn lock_books(
        &self,
        connection: &mut PgConnection,
        currency: Currency,
    ) -> Result<bool, Fault> {
        let Scope { environment, merchant } = self.scope;
        let place = (environment.as_str(), merchant.0);
        let known = store::lock_books(connection, place, currency.code()).await?;
        known.ok_or(Fault::NotFound("merchant"))
    }

    fn entry(&self, at: Timestamp) -> Entry<'_> {
        Entry {
            environment: self.scope.environment.as_str(),
            merchant_id: self.scope.merchant.0,
            id: self.id,
            by: self.by.account(),
            at,
            now: self.now,
        }
    }

    async fn at(&self, connection: &mut PgConnection) -> Result<Timestamp, sqlx::Error> {
        let Scope { environment, merchant } = self.scope;
        clock::at(connection, environment, Some(merchant), self.now).await
    }

    async fn post(
        &self,
        connection: &mut PgConnection,
        transfers: &[Transfer],
    ) -> Result<(), Fault> {
        let posted: Vec<_> = transfers.iter().map(|transfer| (self.scope, transfer)).collect();
        ledger::post(connection, &posted, instant::to_row(self.now)).await?;
        Ok(())
    }

    /// What a run could take from a balance, with the right to make runs held.
    async fn open_balance(
        &self,
        connection: &mut PgConnection,
        affiliate: AffiliateId,
        currency: Currency,
    ) -> Result<Option<Decimal>, Fault> {
        let Scope { environment, merchant } = self.scope;
        let own = (environment == Environment::Test).then_some(merchant.0);
        if !run::try_lock(connection, environment.as_str(), own).await? {
            return Ok(None);
        }
        let place = (environment.as_str(), merchant.0);
        let code = currency.code();
        Ok(Some(open::balance(connection, place, affiliate.0, code).await?))
    }

    fn item(&self, kind: &'static str, whose: AffiliateId, sum: Sum, at: Timestamp) -> NewItem {
        NewItem {
            environment: self.scope.environment.as_str(),
            merchant_id: self.scope.merchant.0,
            item_id: draw::id(self.now),
            kind,
            source: self.id.to_owned(),
            affiliate_id: whose.0,
            currency: sum.1.code().to_owned(),
            amount: sum.0,
            commission_id: None,
            effective_at: at,
        }
    }
}

/// Commits what is done and gives the rest up at once: a transaction that is merely dropped keeps
/// its locks a little longer, and the next request would find a run under way.
async fn end(transaction: Transaction<'_, Postgres>, entered: Entered) -> Result<Entered, Fault> {
    match entered {
        Entered::Done => transaction.commit().await?,
        Entered::DoneBefore
        | Entered::Another
        | Entered::RunUnderWay
        | Entered::TooMuch(_)
        | Entered::NotNegative(_)
        | Entered::MoreThanPaid(_) => transaction.rollback().await?,
    }
    Ok(entered)
}

/// Amounts and rates have no more integer digits than the books can sum.
pub(super) fn within_digits(what: &str, number: Decimal) -> Result<(), Fault> {
    if is_in_bounds(number) {
        return Ok(());
    }
    Err(Fault::invalid(format!("{what} has at most {AMOUNT_INTEGER_DIGITS_MAX} integer digits")))
}

/// An amount in a currency.
pub type Sum = (Decimal, Currency);

/// A merchant paid against its debt, at `paid_at`. An amount below zero takes so much of what it
/// paid back: the way out of a payment entered wrongly.
pub async fn pay_merchant(
    pool: &PgPool,
    request: Request<'_>,
    (amount, currency): Sum,
    paid_at: Timestamp,
) -> Result<Entered, Fault> {
    request.check_signed(amount, currency)?;
    let mut transaction = pool.begin().await?;
    if !request.lock_books(&mut transaction, currency).await? {
        return Err(Fault::invalid(format!("the merchant has no books in {currency}")));
    }
    if paid_at > request.at(&mut transaction).await? {
        return Err(Fault::invalid("the payment is in the future"));
    }
    let row = PaymentRow { currency: currency.code().to_owned(), amount };
    let entry = request.entry(paid_at);
    if let Some(known) = store::insert_payment(&mut transaction, entry, &row).await? {
        let entered = if known == row { Entered::DoneBefore } else { Entered::Another };
        return end(transaction, entered).await;
    }
    let Scope { environment, merchant } = request.scope;
    let place = (environment.as_str(), merchant.0);
    let paid = store::paid(&mut transaction, place, &row.currency).await?;
    if amount < Decimal::ZERO && paid < Decimal::ZERO {
        return end(transaction, Entered::MoreThanPaid(paid - amount)).await;
    }
    let transfer = operator::merchant_payment(request.id, amount, currency, paid_at);
    request.post(&mut transaction, &[transfer]).await?;
    let detail = json!({"amount": amount, "currency": currency.code()});
    note(&mut transaction, request.by, "merchant.payment", request.id, detail, request.now).await?;
    end(transaction, Entered::Done).await
}

/// Gives up so much of an affiliate's negative balance.
pub async fn write_off(
    pool: &PgPool,
    request: Request<'_>,
    affiliate: AffiliateId,
    (amount, currency): Sum,
    reason: &str,
) -> Result<Entered, Fault> {
    request.check(amount, currency)?;
    let mut transaction = pool.begin().await?;
    request.lock_books(&mut transaction, currency).await?;
    let at = request.at(&mut transaction).await?;
    let Some(open) = request.open_balance(&mut transaction, affiliate, currency).await? else {
        return end(transaction, Entered::RunUnderWay).await;
    };
    let row = WriteOffRow {
        affiliate_id: affiliate.0,
        currency: currency.code().to_owned(),
        amount,
        reason: reason.to_owned(),
    };
    if let Some(known) = store::find_write_off(&mut transaction, request.entry(at)).await? {
        let entered = if known == row { Entered::DoneBefore } else { Entered::Another };
        return end(transaction, entered).await;
    }
    if open >= Decimal::ZERO {
        return end(transaction, Entered::NotNegative(open)).await;
    }
    if amount > -open {
        return end(transaction, Entered::TooMuch(open)).await;
    }
    store::insert_write_off(&mut transaction, request.entry(at), &row).await?;
    let subject = Subject { id: request.id, affiliate, at };
    request.post(&mut transaction, &[operator::write_off(subject, amount, currency)]).await?;
    let item = request.item("write_off", affiliate, (amount, currency), at);
    payable_item::insert(&mut transaction, &[item], request.now).await?;
    let detail = json!({"affiliateId": affiliate, "amount": amount, "currency": currency.code()});
    note(&mut transaction, request.by, "write_off", request.id, detail, request.now).await?;
    end(transaction, Entered::Done).await
}

/// A rate to be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRate {
    /// In which world it may be used.
    pub environment: Environment,
    /// From which currency.
    pub from: Currency,
    /// To which.
    pub to: Currency,
    /// Units of the second for one of the first.
    pub rate: Decimal,
    /// The day it is of.
    pub dated: Date,
    /// Where it was read.
    pub source: String,
}

/// Enters a rate; answers its id.
pub async fn enter_rate(
    pool: &PgPool,
    by: Actor,
    new: NewRate,
    now: Timestamp,
) -> Result<Uuid, Fault> {
    by.may_operate()?;
    if new.rate <= Decimal::ZERO || new.from == new.to {
        return Err(Fault::invalid("a rate is above zero, between two currencies"));
    }
    within_digits("a rate", new.rate)?;
    if new.dated > newest_day(now) {
        return Err(Fault::invalid("a rate is of a day that has begun"));
    }
    let mut transaction = pool.begin().await?;
    let row = RateRow {
        rate_id: draw::id(now),
        environment: new.environment.as_str().to_owned(),
        from_currency: new.from.code().to_owned(),
        to_currency: new.to.code().to_owned(),
        rate: new.rate,
        dated: instant::date_to_row(new.dated),
        source: new.source,
    };
    store::insert_rate(&mut transaction, &row, by.account(), now).await?;
    let detail = json!({"from": row.from_currency, "to": row.to_currency, "rate": row.rate});
    note(&mut transaction, by, "fx.rate", &row.rate_id.to_string(), detail, now).await?;
    transaction.commit().await?;
    Ok(row.rate_id)
}

/// The day that the clocks furthest ahead, at UTC+14, are in.
fn newest_day(now: Timestamp) -> Date {
    jiff::tz::Offset::constant(14).to_datetime(now).date()
}

/// Takes so much of an affiliate's open balance into another currency, at an entered rate.
pub async fn convert(
    pool: &PgPool,
    request: Request<'_>,
    affiliate: AffiliateId,
    from_amount: Decimal,
    rate_id: Uuid,
) -> Result<Entered, Fault> {
    let mut transaction = pool.begin().await?;
    let rate = store::find_rate(&mut transaction, rate_id).await?;
    let own = |rate: &RateRow| rate.environment == request.scope.environment.as_str();
    let rate = rate.filter(own).ok_or(Fault::NotFound("rate"))?;
    let known = |code: &str| {
        Currency::parse(code).ok_or_else(|| Fault::Corrupt("a rate has no currency".to_owned()))
    };
    let (from, to) = (known(&rate.from_currency)?, known(&rate.to_currency)?);
    request.check(from_amount, from)?;
    let to_amount = operator::converted(from_amount, rate.rate, to)
        .filter(|amount| *amount > Decimal::ZERO)
        .ok_or_else(|| Fault::invalid("the other currency has no such amount"))?;
    within_digits("the amount in the other currency", to_amount)?;
    request.lock_books(&mut transaction, from).await?;
    let at = request.at(&mut transaction).await?;
    let Some(open) = request.open_balance(&mut transaction, affiliate, from).await? else {
        return end(transaction, Entered::RunUnderWay).await;
    };
    let row = ConvertedRow {
        affiliate_id: affiliate.0,
        rate_id,
        rate: rate.rate,
        from_currency: rate.from_currency,
        from_amount,
        to_currency: rate.to_currency,
        to_amount,
    };
    if let Some(known) = store::find_converted(&mut transaction, request.entry(at)).await? {
        let entered = if known == row { Entered::DoneBefore } else { Entered::Another };
        return end(transaction, entered).await;
    }
    if from_amount > open {
        return end(transaction, Entered::TooMuch(open)).await;
    }
    store::insert_converted(&mut transaction, request.entry(at), &row).await?;
    let subject = Subject { id: request.id, affiliate, at };
    let transfers = operator::fx(subject, (from_amount, from), (to_amount, to));
    request.post(&mut transaction, &transfers).await?;
    let items = [
        request.item("fx", affiliate, (-from_amount, from), at),
        request.item("fx", affiliate, (to_amount, to), at),
    ];
    payable_item::insert(&mut transaction, &items, request.now).await?;
    let detail = json!({
        "affiliateId": affiliate,
        "left": format!("{from} {from_amount}"),
        "came": format!("{to} {to_amount}"),
        "rate": row.rate,
    });
    note(&mut transaction, request.by, "fx.convert", request.id, detail, request.now).await?;
    end(transaction, Entered::Done).await
}
