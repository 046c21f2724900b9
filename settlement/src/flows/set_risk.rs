//! What operators set for risk: merchants' thresholds, and customers who are affiliates themselves.

use super::actor::{Actor, note};
use crate::domain::order::Scope;
use crate::domain::risk::{THRESHOLD_MAX, THRESHOLD_MIN};
use crate::error::Fault;
use crate::store::{affiliate, merchant, risk};
use jiff::Timestamp;
use serde_json::json;
use shared::id::AffiliateId;
use sqlx::PgPool;

/// Hex digits of a customer hash.
const HASH_DIGITS: usize = 32;

/// Sets a merchant's threshold from now on.
pub async fn threshold(
    pool: &PgPool,
    by: Actor,
    scope: Scope,
    threshold: u32,
    now: Timestamp,
) -> Result<(), Fault> {
    by.may_operate()?;
    if !(THRESHOLD_MIN..=THRESHOLD_MAX).contains(&threshold) {
        let fault = format!("the threshold must be from {THRESHOLD_MIN} to {THRESHOLD_MAX}");
        return Err(Fault::Invalid(vec![fault]));
    }
    let mut transaction = pool.begin().await?;
    let found = merchant::lock(&mut transaction, scope.merchant.0).await?;
    found.ok_or(Fault::NotFound("merchant"))?;
    risk::insert_threshold(&mut transaction, scope, threshold, now).await?;
    let subject = scope.merchant.to_string();
    let detail = json!({"environment": scope.environment.as_str(), "threshold": threshold});
    note(&mut transaction, by, "risk.threshold", &subject, detail, now).await?;
    transaction.commit().await?;
    Ok(())
}

/// Whether a customer had been entered before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// It is entered now.
    New,
    /// It had been.
    Before,
}

/// Enters a merchant's customer, by its keyed hash, as an affiliate itself. Orders settled from now
/// on are measured by it.
pub async fn customer(
    pool: &PgPool,
    by: Actor,
    scope: Scope,
    who: AffiliateId,
    customer_hash: &str,
    now: Timestamp,
) -> Result<Entered, Fault> {
    by.may_operate()?;
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if customer_hash.len() != HASH_DIGITS || !customer_hash.bytes().all(hex) {
        let fault = format!("a customer hash is {HASH_DIGITS} lowercase hex digits");
        return Err(Fault::Invalid(vec![fault]));
    }
    let mut transaction = pool.begin().await?;
    let found = merchant::lock(&mut transaction, scope.merchant.0).await?;
    found.ok_or(Fault::NotFound("merchant"))?;
    affiliate::lock(&mut transaction, who.0).await?.ok_or(Fault::NotFound("affiliate"))?;
    let new = risk::insert_customer(&mut transaction, scope, who, customer_hash, now).await?;
    if new == 0 {
        return Ok(Entered::Before);
    }
    let detail = json!({
        "environment": scope.environment.as_str(), "merchant": scope.merchant.to_string(),
    });
    note(&mut transaction, by, "risk.customer", &who.to_string(), detail, now).await?;
    transaction.commit().await?;
    Ok(Entered::New)
}
