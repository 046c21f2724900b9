//! The least that is paid out in a currency is set.

use crate::error::Fault;
use crate::flows::actor::{Actor, note};
use crate::flows::enter_money::within_digits;
use crate::store::payout::open;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;
use shared::id::Environment;
use shared::money::Currency;
use sqlx::PgPool;

/// Sets it; drafts that are there already stay as they are.
pub async fn set(
    pool: &PgPool,
    by: Actor,
    environment: Environment,
    (amount, currency): (Decimal, Currency),
    now: Timestamp,
) -> Result<(), Fault> {
    by.may_operate()?;
    if amount < Decimal::ZERO || !currency.holds(amount.normalize()) {
        return Err(Fault::invalid("the minimum is zero or more, in the currency's own decimals"));
    }
    within_digits("the minimum", amount)?;
    let mut transaction = pool.begin().await?;
    let world = environment.as_str();
    open::set_minimum(&mut transaction, world, currency.code(), amount).await?;
    let detail = json!({"environment": world, "amount": amount});
    note(&mut transaction, by, "payout.minimum", currency.code(), detail, now).await?;
    transaction.commit().await?;
    Ok(())
}
