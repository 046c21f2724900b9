//! Links, campaigns, keys, merchants and affiliates change state, and the directory with them.

use super::actor::{Actor, note};
use super::hold_key::{self, HeldKey};
use super::{create_key, directory_rows};
use crate::error::Fault;
use crate::secrets::Vault;
use crate::store::directory_row::Written;
use crate::store::directory_source::Which;
use crate::store::{affiliate, api_key, campaign, link, merchant, risk};
use jiff::Timestamp;
use serde_json::json;
use shared::id::{AffiliateId, CampaignId, MerchantId};
use sqlx::{PgConnection, PgPool};

/// What a link becomes. An archived one stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkChange {
    /// It stops working for now.
    Pause,
    /// It works again.
    Resume,
    /// It stops working for good.
    Archive,
}

/// What a campaign becomes. An archived one stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CampaignChange {
    /// Its links stop working for now.
    Pause,
    /// Its links work.
    Activate,
    /// Its links stop working for good.
    Archive,
}

/// What a key becomes. A revoked one stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyChange {
    /// It stops working for now.
    Disable,
    /// It works again.
    Enable,
    /// It stops working for good.
    Revoke,
}

/// What a merchant becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MerchantChange {
    /// Its live keys and links work.
    Approve,
    /// Nothing of it works.
    Suspend,
    /// Refused.
    Reject,
}

/// What an affiliate becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AffiliateChange {
    /// What it earns goes to review.
    Suspend,
    /// In good standing again.
    Activate,
}

/// Changes a link's state; answers the directory rows the edge must acknowledge.
pub async fn link(
    pool: &PgPool,
    actor: Actor,
    code: &str,
    change: LinkChange,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let mut transaction = pool.begin().await?;
    let written = link_within(&mut transaction, actor, code, change, now).await?;
    transaction.commit().await?;
    Ok(written)
}

/// Changes a link's state in the caller's transaction.
pub async fn link_within(
    connection: &mut PgConnection,
    actor: Actor,
    code: &str,
    change: LinkChange,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let (action, state) = match change {
        LinkChange::Pause => ("link.pause", "paused"),
        LinkChange::Resume => ("link.resume", "live"),
        LinkChange::Archive => ("link.archive", "archived"),
    };
    let found = link::find(connection, code).await?.ok_or(Fault::NotFound("link"))?;
    let owner = MerchantId(found.merchant_id);
    actor.may_change(owner)?;
    merchant::lock(connection, owner.0).await?.ok_or(Fault::NotFound("merchant"))?;
    if link::set_state(connection, code, state).await? != 1 {
        return Err(Fault::Conflict("an archived link stays archived".to_owned()));
    }
    let written = directory_rows::refresh_links(connection, owner, Which::Code(code), now).await?;
    let detail = json!({"from": found.state, "to": state});
    note(connection, actor, action, code, detail, now).await?;
    Ok(written)
}

/// Changes a campaign's state; answers the directory rows the edge must acknowledge.
pub async fn campaign(
    pool: &PgPool,
    actor: Actor,
    id: CampaignId,
    change: CampaignChange,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let mut transaction = pool.begin().await?;
    let written = campaign_within(&mut transaction, actor, id, change, now).await?;
    transaction.commit().await?;
    Ok(written)
}

/// Changes a campaign's state in the caller's transaction.
pub async fn campaign_within(
    connection: &mut PgConnection,
    actor: Actor,
    id: CampaignId,
    change: CampaignChange,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let (action, state) = match change {
        CampaignChange::Pause => ("campaign.pause", "paused"),
        CampaignChange::Activate => ("campaign.activate", "active"),
        CampaignChange::Archive => ("campaign.archive", "archived"),
    };
    let found = campaign::find(connection, id.0).await?.ok_or(Fault::NotFound("campaign"))?;
    let owner = MerchantId(found.merchant_id);
    actor.may_change(owner)?;
    merchant::lock(connection, owner.0).await?.ok_or(Fault::NotFound("merchant"))?;
    if campaign::set_state(connection, &found, state, now).await? != 1 {
        return Err(Fault::Conflict("an archived campaign stays archived".to_owned()));
    }
    let written =
        directory_rows::refresh_links(connection, owner, Which::Campaign(id.0), now).await?;
    let detail = json!({"from": found.state, "to": state});
    note(connection, actor, action, &id.to_string(), detail, now).await?;
    Ok(written)
}

/// Changes a key's state; answers the directory rows the edge must acknowledge.
pub async fn key(
    pool: &PgPool,
    vault: &Vault,
    actor: Actor,
    key_id: &str,
    change: KeyChange,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let mut transaction = pool.begin().await?;
    let written = key_within(&mut transaction, vault, actor, key_id, change, now).await?;
    transaction.commit().await?;
    Ok(written)
}

/// Changes a key's state in the caller's transaction.
pub async fn key_within(
    connection: &mut PgConnection,
    vault: &Vault,
    actor: Actor,
    key_id: &str,
    change: KeyChange,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let (action, state) = match change {
        KeyChange::Disable => ("key.disable", "disabled"),
        KeyChange::Enable => ("key.enable", "active"),
        KeyChange::Revoke => ("key.revoke", "revoked"),
    };
    let HeldKey { row: found, scope } = hold_key::find(connection, actor, key_id).await?;
    if change != KeyChange::Revoke {
        hold_key::refuse_ended(&found, now)?;
    }
    if change == KeyChange::Enable && found.state == "disabled" {
        create_key::check_sum(connection, scope, found.per_minute_max, now).await?;
    }
    api_key::set_state(connection, key_id, state).await?;
    let owner = scope.merchant;
    let changed: Option<&[&str]> = Some(&[key_id]);
    let written = directory_rows::refresh_keys(connection, vault, owner, changed, now).await?;
    let detail = json!({"from": found.state, "to": state});
    note(connection, actor, action, key_id, detail, now).await?;
    Ok(written)
}

/// Changes a merchant's state; answers the directory rows the edge must acknowledge.
pub async fn merchant(
    pool: &PgPool,
    vault: &Vault,
    actor: Actor,
    id: MerchantId,
    change: MerchantChange,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let mut transaction = pool.begin().await?;
    let written = merchant_within(&mut transaction, vault, actor, id, change, now).await?;
    transaction.commit().await?;
    Ok(written)
}

/// Changes a merchant's state in the caller's transaction.
pub async fn merchant_within(
    connection: &mut PgConnection,
    vault: &Vault,
    actor: Actor,
    id: MerchantId,
    change: MerchantChange,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let (action, state) = match change {
        MerchantChange::Approve => ("merchant.approve", "approved"),
        MerchantChange::Suspend => ("merchant.suspend", "suspended"),
        MerchantChange::Reject => ("merchant.reject", "rejected"),
    };
    actor.may_operate()?;
    let found = merchant::lock(connection, id.0).await?.ok_or(Fault::NotFound("merchant"))?;
    merchant::set_state(connection, id.0, state).await?;
    let mut written = directory_rows::refresh_keys(connection, vault, id, None, now).await?;
    written.extend(directory_rows::refresh_links(connection, id, Which::Merchant, now).await?);
    let detail = json!({"from": found.state, "to": state});
    note(connection, actor, action, &id.to_string(), detail, now).await?;
    Ok(written)
}

/// Changes an affiliate's state; the edge need not know.
pub async fn affiliate(
    pool: &PgPool,
    actor: Actor,
    id: AffiliateId,
    change: AffiliateChange,
    now: Timestamp,
) -> Result<(), Fault> {
    let (action, state) = match change {
        AffiliateChange::Suspend => ("affiliate.suspend", "suspended"),
        AffiliateChange::Activate => ("affiliate.activate", "active"),
    };
    actor.may_operate()?;
    let mut transaction = pool.begin().await?;
    let found = affiliate::lock(&mut transaction, id.0).await?;
    let found = found.ok_or(Fault::NotFound("affiliate"))?;
    affiliate::set_state(&mut transaction, id.0, state).await?;
    risk::insert_affiliate_state(&mut transaction, id, state, now).await?;
    let detail = json!({"from": found.state, "to": state});
    note(&mut transaction, actor, action, &id.to_string(), detail, now).await?;
    transaction.commit().await?;
    Ok(())
}
