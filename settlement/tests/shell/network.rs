//! A small network built with the ordinary flows.

use crate::batches::now;
use crypto_box::SecretKey;
use settlement::domain::hold::HoldStart;
use settlement::domain::order::Scope;
use settlement::flows::actor::Actor;
use settlement::flows::create_campaign::{self, Listing, NewCampaign};
use settlement::flows::create_key::{self, IssuedKey, NewKey};
use settlement::flows::create_link::{self, Created, NewLink};
use settlement::flows::open_merchant::{self, NewMerchant};
use settlement::flows::{open_affiliate, set_state};
use settlement::secrets::{MasterKeys, SealingPublicKey, Vault};
use shared::directory::Entry;
use shared::id::{AffiliateId, CampaignId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgPool;

pub const BY: Actor = Actor::Installation;

pub struct Network {
    pub pool: PgPool,
    pub vault: Vault,
    /// Opens what is sealed to the edge.
    pub edge_secret: SecretKey,
    pub merchant: MerchantId,
    pub affiliate: AffiliateId,
    pub scope: Scope,
    pub campaign: CampaignId,
}

pub fn vault() -> (Vault, SecretKey) {
    let secret = SecretKey::from([9; 32]);
    let public = hex::encode(secret.public_key().as_bytes());
    let vault = Vault {
        master: MasterKeys::parse(&format!("1:{}", "ab".repeat(32))).unwrap(),
        edge: SealingPublicKey::parse(&public).unwrap(),
    };
    (vault, secret)
}

pub fn new_merchant(name: &str, domain: &str) -> NewMerchant {
    NewMerchant {
        name: name.to_owned(),
        approved_domain: domain.to_owned(),
        home_url: format!("https://{domain}/home"),
        currency: Currency::parse("NPR").unwrap(),
        time_zone: "Asia/Kathmandu".to_owned(),
        hold_days: None,
        hold_start: HoldStart::Delivered,
    }
}

impl Network {
    pub async fn new(pool: PgPool) -> Self {
        let (vault, edge_secret) = vault();
        let merchant = open_merchant::run(&pool, BY, new_merchant("Shop", "shop.example"), now())
            .await
            .unwrap();
        let change = set_state::MerchantChange::Approve;
        set_state::merchant(&pool, &vault, BY, merchant, change, now()).await.unwrap();
        let affiliate = open_affiliate::run(&pool, BY, "Asha", now()).await.unwrap();
        let scope = Scope { environment: Environment::Live, merchant };
        let campaign = create_campaign::run(&pool, BY, new_campaign(scope), now()).await.unwrap();
        Self { pool, vault, edge_secret, merchant, affiliate, scope, campaign }
    }

    pub fn new_link(&self, code: &str) -> NewLink {
        NewLink {
            scope: self.scope,
            affiliate: self.affiliate,
            campaign: self.campaign,
            destination: "https://shop.example/page?x=1".to_owned(),
            code: Some(code.to_owned()),
        }
    }

    pub async fn link(&self, code: &str) -> Created {
        create_link::run(&self.pool, BY, self.new_link(code), now()).await.unwrap()
    }

    pub async fn key(&self) -> IssuedKey {
        let input = NewKey::usual(self.scope);
        create_key::run(&self.pool, &self.vault, BY, input, now()).await.unwrap()
    }

    /// A directory row's version and entry.
    pub async fn row(&self, name: &str) -> (i64, Entry) {
        let sql = "select version, entry from directory_row where name = $1";
        let (version, entry): (i64, serde_json::Value) =
            sqlx::query_as(sql).bind(name).fetch_one(&self.pool).await.unwrap();
        (version, serde_json::from_value(entry).unwrap())
    }
}

pub fn new_campaign(scope: Scope) -> NewCampaign {
    NewCampaign {
        scope,
        name: "Everything".to_owned(),
        is_active: true,
        listing: Listing::Public,
        fallback_url: None,
        cookie_days: 30,
        hold_days: None,
        hold_start: None,
    }
}
