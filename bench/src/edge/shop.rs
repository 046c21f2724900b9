//! The merchants, keys and links that both edges of a benchmark serve.

use anyhow::{Context, Result, bail};
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use shared::directory::{
    Entry, KeyEntry, KeyState, LinkEntry, LinkState, MerchantState, PUSH_VERSION, Push, Row,
    key_name, link_name, shard_of,
};
use shared::id::{AffiliateId, CampaignId, Environment, MerchantId};
use shared::internal::DIRECTORY_PATH;
use shared::keys::{ClickKeys, InternalKeys, parse_key};
use shared::money::Currency;
use shared::signing::{INTERNAL_SIGNATURE_HEADER, INTERNAL_TIMESTAMP_HEADER, sign_internal};
use uuid::Uuid;
use xtask::secrets::Secrets;

use crate::load::{self, Sent};

/// Numbers of Durable Objects, as `wrangler.toml` sets them.
pub const SHARDS: [(&str, u32); 2] = [("DIRECTORY_SHARDS", 4), ("CLICK_SHARDS", 2)];
/// The header that tells both edges a client's address.
pub const ADDRESS_HEADER: &str = "cf-connecting-ip";
/// Merchants; each has one live key and some links.
const MERCHANTS: u32 = 16;
const LINKS_PER_MERCHANT: u64 = 4;
/// The most that one merchant's keys may be given (EDGE §3).
const PER_MINUTE_MAX: u32 = 12_000;
const PER_HOUR_MAX: u32 = 720_000;

/// A key and what it signs with.
#[derive(Clone)]
pub struct Key {
    /// As the Directory holds it.
    pub entry: KeyEntry,
    /// The whole `sk_…` text.
    pub secret: String,
}

/// What both edges know.
pub struct Shop {
    /// Shared by both edges, so that each opens what the other seals.
    pub secrets: Secrets,
    /// One per merchant.
    pub keys: Vec<Key>,
    /// Live ones, and a paused one at the end.
    pub links: Vec<LinkEntry>,
}

impl Shop {
    /// Makes one with fresh secrets.
    pub fn open() -> Result<Self> {
        let secrets = Secrets::generate()?;
        let public = &secrets.for_settlement()["SEALING_PUBLIC_KEY"];
        let public = PublicKey::from(parse_key(public).context("a public key has 32 bytes")?);
        let merchants: Vec<MerchantId> =
            (1..=MERCHANTS).map(|number| MerchantId(Uuid::from_u128(number.into()))).collect();
        let keys = merchants.iter().map(|merchant| key(*merchant, &public));
        let mut links: Vec<LinkEntry> = merchants
            .iter()
            .flat_map(|merchant| (0..LINKS_PER_MERCHANT).map(|number| link(*merchant, number)))
            .collect();
        if let Some(last) = links.last_mut() {
            last.state = LinkState::Paused;
        }
        Ok(Self { keys: keys.collect::<Result<_>>()?, links, secrets })
    }

    /// The keys that seal click ids.
    pub fn click_keys(&self) -> Result<ClickKeys> {
        Ok(ClickKeys::parse(&self.secrets.for_edge()["CLICK_KEYS"])?)
    }

    /// Pushes everything to an edge's Directory, as settlement would.
    pub fn push_to(&self, port: u16, now_seconds: i64) -> Result<()> {
        let keys = InternalKeys::parse(&self.secrets.for_edge()["INTERNAL_KEYS"])?;
        for shard in 0..SHARDS[0].1 {
            let push = Push {
                version: PUSH_VERSION,
                shard,
                completes_snapshot: true,
                rows: self.rows().filter(|row| shard_of(&row.name, SHARDS[0].1) == shard).collect(),
            };
            let body = serde_json::to_vec(&push)?;
            let (timestamp, signature) =
                sign_internal(&keys, now_seconds, "POST", DIRECTORY_PATH, &body);
            let request: Sent = Request::post(DIRECTORY_PATH)
                .header("host", "127.0.0.1")
                .header("content-type", "application/json")
                .header(INTERNAL_TIMESTAMP_HEADER, timestamp)
                .header(INTERNAL_SIGNATURE_HEADER, signature)
                .body(Full::from(body))?;
            let answer = load::one(port, request)?;
            if answer.status() != 200 {
                bail!("the edge took no directory: {}", answer.status());
            }
        }
        Ok(())
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        let links =
            self.links.iter().map(|link| (link_name(&link.code), Entry::Link(link.clone())));
        let keys = self.keys.iter().map(|key| &key.entry);
        let keys = keys.map(|entry| (key_name(&entry.key_id), Entry::Key(entry.clone())));
        links.chain(keys).map(|(name, entry)| Row { name, version: 1, entry })
    }

    /// The twin's links, as its binding takes them.
    pub fn links_json(&self) -> Result<String> {
        Ok(serde_json::to_string(&self.links)?)
    }

    /// The twin's keys, each with its secret.
    pub fn keys_json(&self) -> Result<String> {
        let keys: Vec<Value> = self
            .keys
            .iter()
            .map(|key| {
                let mut value = serde_json::to_value(&key.entry)?;
                value["secret"] = json!(key.secret);
                Ok(value)
            })
            .collect::<Result<_>>()?;
        Ok(serde_json::to_string(&keys)?)
    }
}

fn key(merchant: MerchantId, public: &PublicKey) -> Result<Key> {
    let name = merchant.0.simple();
    let secret = format!("sk_live_{name}");
    let sealed = public.seal(&mut OsRng, secret.as_bytes());
    let entry = KeyEntry {
        key_id: format!("pk_live_{name}"),
        merchant_id: merchant,
        environment: Environment::Live,
        state: KeyState::Active,
        merchant_state: MerchantState::Approved,
        currency: Currency::parse("NPR").context("NPR is a currency")?,
        approved_domain: "shop.example".to_owned(),
        sealed_secret: hex::encode(sealed.ok().context("a secret can be sealed")?),
        per_minute_max: PER_MINUTE_MAX,
        per_hour_max: PER_HOUR_MAX,
        allow_list: Vec::new(),
        expires_at_ms: None,
        other_keys: Vec::new(),
        shop: None,
    };
    Ok(Key { entry, secret })
}

fn link(merchant: MerchantId, number: u64) -> LinkEntry {
    let low = u64::try_from(merchant.0.as_u128()).unwrap_or(0);
    let link_number = low * 1_000_003 + number;
    LinkEntry {
        code: format!("bench{link_number}"),
        link_number,
        merchant_id: merchant,
        environment: Environment::Live,
        affiliate_id: AffiliateId(Uuid::from_u128(7)),
        campaign_id: CampaignId(Uuid::from_u128(9)),
        destination: format!("https://www.shop.example/products/{number}?ref=khata&season=dashain"),
        fallback: "https://www.shop.example/".to_owned(),
        approved_domain: "shop.example".to_owned(),
        cookie_seconds: 30 * 86_400,
        state: LinkState::Live,
    }
}
