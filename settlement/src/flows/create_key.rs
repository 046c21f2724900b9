//! A merchant gets a key; its secret is shown once.

use super::actor::{Actor, note};
use super::directory_rows;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::{Vault, draw};
use crate::store::api_key::{self, ApiKeyRow};
use crate::store::merchant;
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use std::fmt;
use std::net::IpAddr;

/// What the per-minute limits of one merchant's active keys in one environment may sum to:
/// what one intake object can take (EDGE §3).
pub const PER_MINUTE_SUM_MAX: i64 = 12_000;
/// Calls a minute unless set otherwise.
pub const PER_MINUTE_DEFAULT: u32 = 600;
/// Calls an hour unless set otherwise.
pub const PER_HOUR_DEFAULT: u32 = 30_000;
const PER_MINUTE_MAX: u32 = 12_000;
const PER_HOUR_MAX: u32 = 720_000;
/// Entries of an allow-list at most.
pub const ALLOW_LIST_MAX: usize = 100;

/// A new key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Whose, and in which world.
    pub scope: Scope,
    /// Calls in any 60 seconds.
    pub per_minute_max: u32,
    /// Calls in any 3,600 seconds.
    pub per_hour_max: u32,
    /// Addresses or networks that may use it; empty: any.
    pub allow_list: Vec<String>,
}

impl NewKey {
    /// A key with the usual limits, for any address.
    pub fn usual(scope: Scope) -> Self {
        Self {
            scope,
            per_minute_max: PER_MINUTE_DEFAULT,
            per_hour_max: PER_HOUR_DEFAULT,
            allow_list: Vec::new(),
        }
    }
}

/// A key as it is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedKey {
    /// `pk_…`.
    pub key_id: String,
    /// `sk_…`; not to be had again.
    pub signing_secret: String,
}

impl fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Creates a key in a transaction of its own.
pub async fn run(
    pool: &PgPool,
    vault: &Vault,
    actor: Actor,
    input: NewKey,
    now: Timestamp,
) -> Result<IssuedKey, Fault> {
    let mut transaction = pool.begin().await?;
    let issued = within(&mut transaction, vault, actor, input, now).await?;
    transaction.commit().await?;
    Ok(issued)
}

/// Creates a key in the caller's transaction.
pub async fn within(
    connection: &mut PgConnection,
    vault: &Vault,
    actor: Actor,
    input: NewKey,
    now: Timestamp,
) -> Result<IssuedKey, Fault> {
    let scope = input.scope;
    actor.may_change(scope.merchant)?;
    let limits = check(&input)?;
    // The lock makes the sum below hold until the commit.
    merchant::lock(connection, scope.merchant.0).await?.ok_or(Fault::NotFound("merchant"))?;
    check_sum(connection, scope, limits.0).await?;
    let issued = IssuedKey {
        key_id: draw::key_id(scope.environment),
        signing_secret: draw::signing_secret(scope.environment),
    };
    let row = ApiKeyRow {
        environment: scope.environment.as_str().to_owned(),
        merchant_id: scope.merchant.0,
        key_id: issued.key_id.clone(),
        state: "active".to_owned(),
        secret_sealed: vault.seal(&issued.key_id, &issued.signing_secret),
        per_minute_max: limits.0,
        per_hour_max: limits.1,
        allow_list: input.allow_list,
    };
    api_key::insert(connection, &row, now).await?;
    let key_id = Some(row.key_id.as_str());
    directory_rows::refresh_keys(connection, vault, scope.merchant, key_id, now).await?;
    let detail = json!({
        "merchantId": scope.merchant,
        "perMinuteMax": row.per_minute_max,
        "perHourMax": row.per_hour_max,
        "allowList": row.allow_list,
    });
    note(connection, actor, "key.create", &row.key_id, detail, now).await?;
    Ok(issued)
}

/// Refuses a key that would push the active keys' limits past what intake takes. The caller
/// holds the merchant's lock.
pub(super) async fn check_sum(
    connection: &mut PgConnection,
    scope: Scope,
    added: i32,
) -> Result<(), Fault> {
    let environment = scope.environment.as_str();
    let known = api_key::per_minute_sum(connection, environment, scope.merchant.0).await?;
    let sum = known + i64::from(added);
    if sum > PER_MINUTE_SUM_MAX {
        return Err(Fault::RateSumExceeded { sum, max: PER_MINUTE_SUM_MAX });
    }
    Ok(())
}

fn check(input: &NewKey) -> Result<(i32, i32), Fault> {
    let mut faults = Vec::new();
    let mut limit = |field: &str, value: u32, most: u32| {
        if !(1..=most).contains(&value) {
            faults.push(format!("{field} must be 1 to {most}"));
        }
        i32::try_from(value).unwrap_or(i32::MAX)
    };
    let per_minute = limit("perMinuteMax", input.per_minute_max, PER_MINUTE_MAX);
    let per_hour = limit("perHourMax", input.per_hour_max, PER_HOUR_MAX);
    if input.allow_list.len() > ALLOW_LIST_MAX {
        faults.push(format!("allowList must have at most {ALLOW_LIST_MAX} entries"));
    }
    for entry in &input.allow_list {
        if entry.parse::<IpAddr>().is_err() && entry.parse::<IpNet>().is_err() {
            faults.push("allowList must hold addresses or networks such as 203.0.113.0/24".into());
            break;
        }
    }
    if faults.is_empty() { Ok((per_minute, per_hour)) } else { Err(Fault::Invalid(faults)) }
}
