//! A key gets a successor; both work for a while, then the old one ends by itself, at the edge too.

use super::actor::{Actor, note};
use super::create_key::{self, IssuedKey, NewKey};
use super::directory_rows;
use super::hold_key::{self, HeldKey};
use crate::error::Fault;
use crate::secrets::Vault;
use crate::store::api_key::{self, ApiKeyRow};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::shop::Source;
use sqlx::PgPool;

/// Hours for which both keys work unless set otherwise.
pub const GRACE_HOURS_DEFAULT: u32 = 24;
/// Hours for which both keys work at most: 30 days.
pub const GRACE_HOURS_MAX: u32 = 720;
/// Expired keys marked in one round at most.
const EXPIRED_MAX: i64 = 200;

/// What a rotation made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The successor, with the old key's limits and allow-list.
    pub issued: IssuedKey,
    /// When the old key stops working.
    pub expires_at: Timestamp,
}

/// Makes a successor of an active key; the old one works for `grace_hours` more, 0 for none.
///
/// While both work, both count in the sum of the merchant's limits (EDGE §3).
pub async fn run(
    pool: &PgPool,
    vault: &Vault,
    actor: Actor,
    key_id: &str,
    grace_hours: u32,
    now: Timestamp,
) -> Result<Rotated, Fault> {
    if grace_hours > GRACE_HOURS_MAX {
        let sentence = format!("graceHours must be at most {GRACE_HOURS_MAX}");
        return Err(Fault::invalid(sentence));
    }
    let expires_at = now
        .checked_add(SignedDuration::from_hours(i64::from(grace_hours)))
        .map_err(|_| Fault::invalid("graceHours leads beyond the calendar"))?;
    let mut transaction = pool.begin().await?;
    let HeldKey { row, scope } = hold_key::find(&mut transaction, actor, key_id).await?;
    refuse_rotation(&row, now)?;
    let limit = |value: i32| {
        u32::try_from(value).map_err(|_| Fault::Corrupt("a key's limit is negative".to_owned()))
    };
    let input = NewKey {
        scope,
        per_minute_max: limit(row.per_minute_max)?,
        per_hour_max: limit(row.per_hour_max)?,
        allow_list: row.allow_list.clone(),
        shop: row.shop.map(|shop| shop.0),
    };
    let (successor, signing_secret) =
        create_key::insert(&mut transaction, vault, &input, None, now).await?;
    let touched = api_key::set_successor(&mut transaction, key_id, &successor, expires_at).await?;
    if touched != 1 {
        return Err(Fault::Corrupt("a key changed under its lock".to_owned()));
    }
    // Both are written: the sum adds nothing more.
    create_key::check_sum(&mut transaction, scope, 0, now).await?;
    // A key that ends now ends here as well; no job need come by.
    if grace_hours == 0 {
        api_key::set_state(&mut transaction, key_id, "revoked").await?;
    }
    let changed: Option<&[&str]> = Some(&[key_id, &successor]);
    let merchant = scope.merchant;
    let rows =
        directory_rows::refresh_keys(&mut transaction, vault, merchant, changed, now).await?;
    let detail = json!({"successor": successor, "expiresAt": expires_at.to_string()});
    note(&mut transaction, actor, "key.rotate", key_id, detail, now).await?;
    transaction.commit().await?;
    Ok(Rotated { issued: IssuedKey { key_id: successor, signing_secret, rows }, expires_at })
}

fn refuse_rotation(row: &ApiKeyRow, now: Timestamp) -> Result<(), Fault> {
    hold_key::refuse_ended(row, now)?;
    if let Some(successor) = &row.successor_key_id {
        return Err(Fault::Conflict(format!("this key is rotated already, to {successor}")));
    }
    if row.shop.is_some_and(|shop| shop.source == Source::Shopify) {
        let sentence = "Shopify makes this key's secret: import the new one, then revoke this key";
        return Err(Fault::Conflict(sentence.to_owned()));
    }
    if row.state != "active" {
        return Err(Fault::Conflict("only an active key can be rotated".to_owned()));
    }
    Ok(())
}

/// Marks keys whose time is over as revoked; answers how many.
///
/// The edge refuses them by its own clock and needs no telling, so nothing hangs on when this
/// comes by: it is for those who read.
pub async fn expire_once(pool: &PgPool, now: Timestamp) -> Result<usize, Fault> {
    let mut transaction = pool.begin().await?;
    let mut marked = 0;
    for key_id in api_key::expired(&mut transaction, now, EXPIRED_MAX).await? {
        // Another node, or a person, may have come first.
        if api_key::set_state(&mut transaction, &key_id, "revoked").await? == 1 {
            let detail = json!({"to": "revoked"});
            let actor = Actor::Installation;
            note(&mut transaction, actor, "key.expire", &key_id, detail, now).await?;
            marked += 1;
        }
    }
    transaction.commit().await?;
    Ok(marked)
}
