//! A merchant's product is put in, or brought up to date.

use super::actor::Actor;
use super::approved_domain;
use super::open_merchant::check_name;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::store::merchant;
use crate::store::product::{self, ProductRow};
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::money::Currency;
use shared::validate::EXTERNAL_ID_CHARACTERS_MAX;
use sqlx::{PgConnection, PgPool};

/// A product as the merchant describes it.
#[derive(Debug, Clone)]
pub struct NewProduct {
    /// Whose, and in which world.
    pub scope: Scope,
    /// The merchant's SKU, byte for byte.
    pub sku: String,
    /// Shown to affiliates.
    pub name: String,
    /// Price of one unit.
    pub price: Decimal,
    /// Of the price.
    pub currency: Currency,
    /// Its page, on the approved domain.
    pub url: String,
}

/// Puts a product in, in a transaction of its own.
pub async fn run(
    pool: &PgPool,
    actor: Actor,
    input: NewProduct,
    now: Timestamp,
) -> Result<(), Fault> {
    let mut transaction = pool.begin().await?;
    within(&mut transaction, actor, input, now).await?;
    transaction.commit().await?;
    Ok(())
}

/// Puts a product in, in the caller's transaction.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    input: NewProduct,
    now: Timestamp,
) -> Result<(), Fault> {
    let scope = input.scope;
    actor.may_change(scope.merchant)?;
    let mut faults = Vec::new();
    check_name("name", &input.name, &mut faults);
    let sku_characters = input.sku.chars().count();
    if !(1..=EXTERNAL_ID_CHARACTERS_MAX).contains(&sku_characters) || input.sku.contains('\0') {
        faults.push(format!("sku must be 1 to {EXTERNAL_ID_CHARACTERS_MAX} characters"));
    }
    if input.price < Decimal::ZERO || !input.currency.holds(input.price) {
        faults.push(format!("price must be an amount of {}, 0 or more", input.currency));
    }
    if !faults.is_empty() {
        return Err(Fault::Invalid(faults));
    }
    let found = merchant::lock(connection, scope.merchant.0).await?;
    let domain = found.ok_or(Fault::NotFound("merchant"))?.approved_domain;
    let row = ProductRow {
        environment: scope.environment.as_str().to_owned(),
        merchant_id: scope.merchant.0,
        sku: input.sku,
        name: input.name.trim().to_owned(),
        price: input.price,
        currency: input.currency.code().to_owned(),
        url: approved_domain::url_within("url", &input.url, &domain)?,
    };
    product::upsert(connection, &row, now).await?;
    Ok(())
}
