//! A merchant gets a key; its secret is shown once.

use super::actor::{Actor, note};
use super::directory_rows;
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::{Vault, draw};
use crate::store::api_key::{self, ApiKeyRow};
use crate::store::directory_row::Written;
use crate::store::{instant, merchant};
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::json;
use shared::shop::ShopTerms;
use sqlx::types::Json;
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
/// Calls a minute of one key at most.
const PER_MINUTE_MAX: u32 = 12_000;
/// Calls an hour of one key at most.
const PER_HOUR_MAX: u32 = 720_000;
/// Characters of a secret that a shop gave at least.
const SHOP_SECRET_CHARACTERS_MIN: usize = 16;
/// Characters of a secret that a shop gave at most.
const SHOP_SECRET_CHARACTERS_MAX: usize = 200;
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
    /// For a shop's key, which proves that shop's webhooks and nothing else.
    pub shop: Option<ShopTerms>,
}

impl NewKey {
    /// A key with the usual limits, for any address.
    pub fn usual(scope: Scope) -> Self {
        Self {
            scope,
            per_minute_max: PER_MINUTE_DEFAULT,
            per_hour_max: PER_HOUR_DEFAULT,
            allow_list: Vec::new(),
            shop: None,
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
    /// The directory rows that the edge must acknowledge before the key works.
    pub rows: Vec<Written>,
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

/// Creates a shop's key; with the secret that the shop gave, or else one of ours to type in there.
pub async fn import(
    pool: &PgPool,
    vault: &Vault,
    actor: Actor,
    input: NewKey,
    secret: Option<&str>,
    now: Timestamp,
) -> Result<IssuedKey, Fault> {
    let is_sound = |secret: &str| {
        (SHOP_SECRET_CHARACTERS_MIN..=SHOP_SECRET_CHARACTERS_MAX).contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if secret.is_some_and(|secret| !is_sound(secret)) {
        return Err(Fault::invalid(format!(
            "a shop's secret has {SHOP_SECRET_CHARACTERS_MIN} to {SHOP_SECRET_CHARACTERS_MAX} \
             visible ASCII characters"
        )));
    }
    let mut transaction = pool.begin().await?;
    let issued = make(&mut transaction, vault, actor, input, secret, now).await?;
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
    make(connection, vault, actor, input, None, now).await
}

async fn make(
    connection: &mut PgConnection,
    vault: &Vault,
    actor: Actor,
    input: NewKey,
    secret: Option<&str>,
    now: Timestamp,
) -> Result<IssuedKey, Fault> {
    let scope = input.scope;
    actor.may_change(scope.merchant)?;
    let (per_minute_max, _) = check(&input)?;
    // The lock makes the sum below hold until the commit.
    merchant::lock(connection, scope.merchant.0).await?.ok_or(Fault::NotFound("merchant"))?;
    check_sum(connection, scope, per_minute_max, now).await?;
    let (key_id, signing_secret) = insert(connection, vault, &input, secret, now).await?;
    let merchant = scope.merchant;
    let changed: Option<&[&str]> = Some(&[&key_id]);
    let rows = directory_rows::refresh_keys(connection, vault, merchant, changed, now).await?;
    let detail = json!({
        "merchantId": merchant,
        "perMinuteMax": input.per_minute_max,
        "perHourMax": input.per_hour_max,
        "allowList": input.allow_list,
        "shop": input.shop,
    });
    note(connection, actor, "key.create", &key_id, detail, now).await?;
    Ok(IssuedKey { key_id, signing_secret, rows })
}

/// Draws a key, and its secret when none is given, and inserts it; answers its id and its secret.
/// The caller has checked the input.
pub(super) async fn insert(
    connection: &mut PgConnection,
    vault: &Vault,
    input: &NewKey,
    secret: Option<&str>,
    now: Timestamp,
) -> Result<(String, String), Fault> {
    let NewKey { scope, per_minute_max, per_hour_max, allow_list, shop } = input;
    let (per_minute_max, per_hour_max) = check_limits(*per_minute_max, *per_hour_max)?;
    let key_id = draw::key_id(scope.environment);
    let drawn = || draw::signing_secret(scope.environment);
    let signing_secret = secret.map_or_else(drawn, str::to_owned);
    let row = ApiKeyRow {
        environment: scope.environment.as_str().to_owned(),
        merchant_id: scope.merchant.0,
        key_id: key_id.clone(),
        state: "active".to_owned(),
        secret_sealed: vault.seal(&key_id, &signing_secret),
        per_minute_max,
        per_hour_max,
        allow_list: allow_list.clone(),
        shop: shop.map(Json),
        created_at: instant::to_row(now),
        expires_at: None,
        successor_key_id: None,
        last_used_at: None,
    };
    api_key::insert(connection, &row).await?;
    Ok((key_id, signing_secret))
}

/// Refuses a key that would push the active keys' limits past what intake takes. The caller
/// holds the merchant's lock.
pub(super) async fn check_sum(
    connection: &mut PgConnection,
    scope: Scope,
    added: i32,
    now: Timestamp,
) -> Result<(), Fault> {
    let environment = scope.environment.as_str();
    let known = api_key::per_minute_sum(connection, environment, scope.merchant.0, now).await?;
    let sum = known + i64::from(added);
    if sum > PER_MINUTE_SUM_MAX {
        return Err(Fault::RateSumExceeded { sum, max: PER_MINUTE_SUM_MAX });
    }
    Ok(())
}

fn check(input: &NewKey) -> Result<(i32, i32), Fault> {
    let limits = check_limits(input.per_minute_max, input.per_hour_max);
    let list = check_allow_list(&input.allow_list);
    match (limits, list) {
        (Ok(limits), Ok(())) => Ok(limits),
        (Err(Fault::Invalid(mut faults)), Err(Fault::Invalid(more))) => {
            faults.extend(more);
            Err(Fault::Invalid(faults))
        }
        (Err(fault), _) | (_, Err(fault)) => Err(fault),
    }
}

/// Reads a key's limits, calls a minute and an hour, as its row has them.
pub(super) fn check_limits(per_minute_max: u32, per_hour_max: u32) -> Result<(i32, i32), Fault> {
    let mut faults = Vec::new();
    let mut limit = |field: &str, value: u32, most: u32| {
        if !(1..=most).contains(&value) {
            faults.push(format!("{field} must be 1 to {most}"));
        }
        i32::try_from(value).unwrap_or(i32::MAX)
    };
    let limits = (
        limit("perMinuteMax", per_minute_max, PER_MINUTE_MAX),
        limit("perHourMax", per_hour_max, PER_HOUR_MAX),
    );
    if faults.is_empty() { Ok(limits) } else { Err(Fault::Invalid(faults)) }
}

/// Refuses a list that is too long, or holds what is neither an address nor a network.
pub(super) fn check_allow_list(allow_list: &[String]) -> Result<(), Fault> {
    let mut faults = Vec::new();
    if allow_list.len() > ALLOW_LIST_MAX {
        faults.push(format!("allowList must have at most {ALLOW_LIST_MAX} entries"));
    }
    let is_odd =
        |entry: &String| entry.parse::<IpAddr>().is_err() && entry.parse::<IpNet>().is_err();
    if allow_list.iter().any(is_odd) {
        faults.push("allowList must hold addresses or networks such as 203.0.113.0/24".into());
    }
    if faults.is_empty() { Ok(()) } else { Err(Fault::Invalid(faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allow_list_holds_addresses_and_networks_of_both_kinds() {
        let good =
            ["203.0.113.7", "203.0.113.0/24", "2001:db8::1", "2001:db8::/32", "::ffff:1.2.3.4"];
        for entry in good {
            assert!(check_allow_list(&[entry.to_owned()]).is_ok(), "{entry}");
        }
        for entry in ["", "shop.np", "203.0.113.7/33", "203.0.113", "2001:db8::/129", " 10.0.0.1"] {
            assert!(check_allow_list(&[entry.to_owned()]).is_err(), "{entry}");
        }
        let full = vec!["10.0.0.1".to_owned(); ALLOW_LIST_MAX];
        assert!(check_allow_list(&full).is_ok());
        assert!(check_allow_list(&[full, vec!["10.0.0.2".to_owned()]].concat()).is_err());
    }

    #[test]
    fn limits_have_bounds_and_every_fault_is_told() {
        assert_eq!(check_limits(1, 720_000).ok(), Some((1, 720_000)));
        let Err(Fault::Invalid(faults)) = check_limits(0, 720_001) else { panic!("refused") };
        assert_eq!(faults.len(), 2, "{faults:?}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let (key_id, signing_secret) = ("pk_live_a".to_owned(), "sk_live_swordfish".to_owned());
        let issued = IssuedKey { key_id, signing_secret, rows: Vec::new() };
        assert!(!format!("{issued:?}").contains("swordfish"));
    }
}
