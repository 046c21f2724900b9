//! `demo.json`: what the seeded demo network consists of, written by `settlement demo seed`.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The hold window where neither campaign nor merchant says otherwise (PRODUCT §4).
pub const HOLD_DAYS_DEFAULT: u64 = 14;

/// The seeded network; only what is read here, the file says more.
#[derive(Clone, Debug, Deserialize)]
pub struct DemoFile {
    /// Where shoppers and merchants' servers go.
    pub edge_url: String,
    /// Where settlement answers.
    pub settlement_url: String,
    /// The Postgres that all of it is in.
    pub database_url: String,
    /// The merchants, with their keys.
    pub merchants: Vec<Merchant>,
    /// The affiliates.
    pub affiliates: Vec<Affiliate>,
    /// One or more per merchant and environment.
    pub links: Vec<Link>,
}

/// One merchant.
#[derive(Clone, Debug, Deserialize)]
pub struct Merchant {
    /// `mer_…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// One per environment.
    pub keys: Vec<Key>,
    /// Its campaigns.
    #[serde(default)]
    pub campaigns: Vec<Campaign>,
}

/// One campaign.
#[derive(Clone, Debug, Deserialize)]
pub struct Campaign {
    /// `cmp_…`
    pub id: String,
    /// Days a commission waits after delivery; without them [`HOLD_DAYS_DEFAULT`] count.
    pub hold_days: Option<u64>,
}

/// One API key with its secret; `Debug` shows no secret.
#[derive(Clone, Deserialize)]
pub struct Key {
    /// `live` or `test`.
    pub environment: String,
    /// `pk_…`
    #[serde(rename = "key_id")]
    pub id: String,
    /// `sk_…`
    #[serde(rename = "signing_secret")]
    pub secret: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// One affiliate.
#[derive(Clone, Debug, Deserialize)]
pub struct Affiliate {
    /// `aff_…`
    pub id: String,
    /// Its name.
    pub name: String,
}

/// One affiliate's link.
#[derive(Clone, Debug, Deserialize)]
pub struct Link {
    /// Its short name.
    pub code: String,
    /// What a shopper clicks.
    pub url: String,
    /// Whose shop it leads to.
    pub merchant_id: String,
    /// Who earns.
    pub affiliate_id: String,
    /// On whose terms.
    #[serde(default)]
    pub campaign_id: String,
    /// `live` or `test`.
    pub environment: String,
}

impl DemoFile {
    /// Reads `demo.json` of a data folder.
    pub fn read(data: &Path) -> Result<Self> {
        let file = data.join("demo.json");
        let text = fs::read_to_string(&file).with_context(|| {
            format!("no {}: start `cargo xtask dev` first (same --data)", file.display())
        })?;
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", file.display()))
    }

    /// The first merchant with its key and its first link in one environment.
    pub fn walk(&self, environment: &str) -> Result<(&Merchant, &Key, &Link)> {
        let merchant = self.merchants.first().context("demo.json names no merchant")?;
        let key = merchant.keys.iter().find(|key| key.environment == environment);
        let link = self
            .links
            .iter()
            .find(|link| link.merchant_id == merchant.id && link.environment == environment);
        let missing = || format!("demo.json: {} lacks a {environment} key or link", merchant.name);
        Ok((merchant, key.with_context(missing)?, link.with_context(missing)?))
    }

    /// How many days a commission earned by this link waits.
    pub fn hold_days(&self, link: &Link) -> u64 {
        let mut campaigns = self.merchants.iter().flat_map(|merchant| &merchant.campaigns);
        campaigns
            .find(|campaign| campaign.id == link.campaign_id)
            .and_then(|campaign| campaign.hold_days)
            .unwrap_or(HOLD_DAYS_DEFAULT)
    }
}
