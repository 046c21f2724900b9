//! What the edge must know of links and keys, recomputed in the transaction that changed it.
//!
//! **Architecture invariant:** the caller holds the merchant's row lock, so two changes of one
//! merchant never compute from the same old picture.

use crate::error::Fault;
use crate::secrets::Vault;
use crate::store::directory_row::{self, Written};
use crate::store::directory_source::{self, KeySource, LinkSource, Which};
use crate::store::instant;
use jiff::Timestamp;
use shared::directory::{
    Entry, KeyEntry, KeyState, LinkEntry, LinkState, MerchantState, key_name, link_name,
};
use shared::id::{AffiliateId, CampaignId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgConnection;

const DAY_SECONDS: u32 = 86_400;

/// Recomputes the rows of some of a merchant's links.
pub async fn refresh_links(
    connection: &mut PgConnection,
    merchant: MerchantId,
    which: Which<'_>,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let sources = directory_source::links(connection, merchant.0, which, now).await?;
    let rows = sources.iter().map(link_row).collect::<Result<Vec<_>, Fault>>()?;
    Ok(directory_row::upsert(connection, &rows, now).await?)
}

/// Recomputes the rows of all of a merchant's keys, or of some together with the test keys
/// whose rows may name them.
pub async fn refresh_keys(
    connection: &mut PgConnection,
    vault: &Vault,
    merchant: MerchantId,
    key_ids: Option<&[&str]>,
    now: Timestamp,
) -> Result<Vec<Written>, Fault> {
    let sources = directory_source::keys(connection, merchant.0, key_ids).await?;
    let rows =
        sources.iter().map(|source| key_row(vault, source)).collect::<Result<Vec<_>, Fault>>()?;
    Ok(directory_row::upsert(connection, &rows, now).await?)
}

/// A link works when it, its campaign and its merchant all do. While a merchant is pending, its
/// test links work already.
pub fn link_state(
    link: &str,
    campaign: &str,
    merchant: MerchantState,
    environment: Environment,
) -> LinkState {
    let merchant_works = match merchant {
        MerchantState::Approved => true,
        MerchantState::Pending => environment == Environment::Test,
        MerchantState::Suspended | MerchantState::Rejected => false,
    };
    if link == "live" && campaign == "active" && merchant_works {
        LinkState::Live
    } else {
        LinkState::Paused
    }
}

fn link_row(source: &LinkSource) -> Result<(String, serde_json::Value), Fault> {
    let environment = environment(&source.environment)?;
    let cookie_days = u32::try_from(source.cookie_days).map_err(|_| corrupt("cookie_days"))?;
    let entry = LinkEntry {
        code: source.code.clone(),
        link_number: u64::try_from(source.link_number).map_err(|_| corrupt("link_number"))?,
        merchant_id: MerchantId(source.merchant_id),
        environment,
        affiliate_id: AffiliateId(source.affiliate_id),
        campaign_id: CampaignId(source.campaign_id),
        destination: source.destination.clone(),
        fallback: source.fallback_url.clone().unwrap_or_else(|| source.home_url.clone()),
        approved_domain: source.approved_domain.clone(),
        cookie_seconds: cookie_days.saturating_mul(DAY_SECONDS),
        state: link_state(
            &source.link_state,
            &source.campaign_state,
            merchant_state(&source.merchant_state)?,
            environment,
        ),
    };
    row(link_name(&source.code), &Entry::Link(entry))
}

fn key_row(vault: &Vault, source: &KeySource) -> Result<(String, serde_json::Value), Fault> {
    let state = match source.key_state.as_str() {
        "active" => KeyState::Active,
        "disabled" => KeyState::Disabled,
        "revoked" => KeyState::Revoked,
        _ => return Err(corrupt("key state")),
    };
    let entry = KeyEntry {
        key_id: source.key_id.clone(),
        merchant_id: MerchantId(source.merchant_id),
        environment: environment(&source.environment)?,
        state,
        merchant_state: merchant_state(&source.merchant_state)?,
        currency: Currency::parse(&source.currency).ok_or_else(|| corrupt("currency"))?,
        approved_domain: source.approved_domain.clone(),
        sealed_secret: vault.reseal_to_edge(&source.key_id, &source.secret_sealed)?,
        per_minute_max: u32::try_from(source.per_minute_max).map_err(|_| corrupt("limit"))?,
        per_hour_max: u32::try_from(source.per_hour_max).map_err(|_| corrupt("limit"))?,
        allow_list: source.allow_list.clone(),
        expires_at_ms: source.expires_at.map(|at| instant::from_row(at).as_millisecond()),
        other_keys: source.other_keys.clone(),
        shop: source.shop.map(|shop| shop.0),
    };
    row(key_name(&source.key_id), &Entry::Key(entry))
}

fn row(name: String, entry: &Entry) -> Result<(String, serde_json::Value), Fault> {
    let entry = serde_json::to_value(entry).map_err(|_| corrupt("entry"))?;
    Ok((name, entry))
}

fn environment(text: &str) -> Result<Environment, Fault> {
    Environment::parse(text).ok_or_else(|| corrupt("environment"))
}

fn merchant_state(text: &str) -> Result<MerchantState, Fault> {
    match text {
        "pending" => Ok(MerchantState::Pending),
        "approved" => Ok(MerchantState::Approved),
        "suspended" => Ok(MerchantState::Suspended),
        "rejected" => Ok(MerchantState::Rejected),
        _ => Err(corrupt("merchant state")),
    }
}

fn corrupt(what: &str) -> Fault {
    Fault::Corrupt(format!("a directory row cannot be computed: its {what} is unreadable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_works_when_it_its_campaign_and_its_merchant_do() {
        use Environment::{Live, Test};
        use MerchantState::{Approved, Pending, Rejected, Suspended};
        let cases = [
            ("live", "active", Approved, Live, LinkState::Live),
            ("live", "active", Pending, Test, LinkState::Live),
            ("live", "active", Pending, Live, LinkState::Paused),
            ("live", "active", Suspended, Test, LinkState::Paused),
            ("live", "active", Rejected, Test, LinkState::Paused),
            ("paused", "active", Approved, Live, LinkState::Paused),
            ("archived", "active", Approved, Live, LinkState::Paused),
            ("live", "paused", Approved, Live, LinkState::Paused),
            ("live", "draft", Approved, Live, LinkState::Paused),
        ];
        for (link, campaign, merchant, environment, expected) in cases {
            let found = link_state(link, campaign, merchant, environment);
            assert_eq!(found, expected, "{link} {campaign} {merchant:?} {environment}");
        }
    }
}
