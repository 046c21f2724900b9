//! The demo network: two merchants, three affiliates, everything in both environments.
//!
//! Made once; fixed names tell whether it is there. Its secrets cannot be read back, so a second
//! seeding either leaves all as it is or issues new ones.

pub mod network;
mod plan;

use super::actor::Actor;
use super::create_key::{self, NewKey};
use super::open_account::{self, NewAccount, Party};
use super::set_state::{self, KeyChange};
use crate::domain::order::Scope;
use crate::error::Fault;
use crate::secrets::{Vault, draw};
use crate::store::{account, api_key, demo};
use jiff::Timestamp;
use network::{Affiliate, Campaign, Key, Link, Merchant, Network, Operator, Product};
use shared::id::{AffiliateId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::{PgConnection, PgPool};
use std::cmp::Reverse;

const BY: Actor = Actor::Installation;
/// Both worlds.
const ENVIRONMENTS: [Environment; 2] = [Environment::Live, Environment::Test];

/// What became of a seeding.
#[derive(Debug)]
pub enum Seeded {
    /// The network was made, or its secrets were renewed; they are told this once.
    Fresh(Box<Network>),
    /// It was there and was left as it is.
    AlreadyThere,
}

/// Makes the demo network, in one transaction. With `renew`, one that is there gets new keys and
/// passwords, and its old keys are revoked.
pub async fn run(
    pool: &PgPool,
    vault: &Vault,
    renew: bool,
    now: Timestamp,
) -> Result<Seeded, Fault> {
    let mut transaction = pool.begin().await?;
    demo::lock(&mut transaction).await?;
    let known = account::find_by_email(&mut transaction, plan::OPERATOR_EMAIL).await?;
    match (known, renew) {
        (Some(_), false) => return Ok(Seeded::AlreadyThere),
        (Some(_), true) => {}
        (None, _) => plan::build(&mut transaction, vault, now).await?,
    }
    let network = issue(&mut transaction, vault, now).await?;
    transaction.commit().await?;
    Ok(Seeded::Fresh(Box::new(network)))
}

/// Issues keys and passwords, and reads the rest of the network back.
async fn issue(
    connection: &mut PgConnection,
    vault: &Vault,
    now: Timestamp,
) -> Result<Network, Fault> {
    let mut network = Network {
        operator: Operator {
            email: plan::OPERATOR_EMAIL.to_owned(),
            password: password(connection, plan::OPERATOR_EMAIL, Party::Operator, now).await?,
        },
        merchants: Vec::new(),
        affiliates: Vec::new(),
        links: Vec::new(),
    };
    for (name, email) in plan::affiliate_accounts() {
        let row = demo::affiliate_by_name(connection, name).await?;
        let id = AffiliateId(row.ok_or(Fault::NotFound("demo affiliate"))?);
        let password = password(connection, email, Party::Affiliate(id), now).await?;
        let (name, email) = (name.to_owned(), email.to_owned());
        network.affiliates.push(Affiliate { id, name, email, password });
    }
    for (name, email) in plan::merchant_accounts() {
        let row = demo::merchant_by_name(connection, name).await?;
        let row = row.ok_or(Fault::NotFound("demo merchant"))?;
        let id = MerchantId(row.merchant_id);
        network.merchants.push(Merchant {
            id,
            password: password(connection, email, Party::Merchant(id), now).await?,
            email: email.to_owned(),
            keys: renew_keys(connection, vault, id, now).await?,
            campaigns: campaigns(connection, id).await?,
            products: products(connection, id).await?,
            name: row.name,
            approved_domain: row.approved_domain,
            currency: row.currency,
            time_zone: row.time_zone,
        });
        network.links.extend(links(connection, id).await?);
    }
    Ok(network)
}

/// A fresh password for an account, which is opened when it is not there yet.
async fn password(
    connection: &mut PgConnection,
    email: &str,
    party: Party,
    now: Timestamp,
) -> Result<String, Fault> {
    let password = draw::password();
    if account::find_by_email(connection, email).await?.is_some() {
        open_account::renew_password(connection, BY, email, password.clone(), now).await?;
    } else {
        let input = NewAccount { email: email.to_owned(), password: password.clone(), party };
        open_account::within(connection, BY, input, now).await?;
    }
    Ok(password)
}

async fn renew_keys(
    connection: &mut PgConnection,
    vault: &Vault,
    merchant: MerchantId,
    now: Timestamp,
) -> Result<Vec<Key>, Fault> {
    for old in api_key::of_merchant(connection, merchant.0).await? {
        if old.state != "revoked" {
            let change = KeyChange::Revoke;
            set_state::key_within(connection, vault, BY, &old.key_id, change, now).await?;
        }
    }
    let mut keys = Vec::new();
    for environment in ENVIRONMENTS {
        let input = NewKey::usual(Scope { environment, merchant });
        let issued = create_key::within(connection, vault, BY, input, now).await?;
        keys.push(Key { environment, id: issued.key_id, signing_secret: issued.signing_secret });
    }
    Ok(keys)
}

async fn campaigns(
    connection: &mut PgConnection,
    merchant: MerchantId,
) -> Result<Vec<Campaign>, Fault> {
    let mut rows = demo::campaigns(connection, merchant.0).await?;
    // In the order of the plan; ids of one millisecond have none.
    rows.sort_by_key(|row| (row.environment.clone(), Reverse(row.rate_bps)));
    Ok(rows
        .into_iter()
        .map(|row| Campaign {
            id: row.campaign_id,
            environment: row.environment,
            name: row.name,
            rate_bps: row.rate_bps,
            cookie_days: row.cookie_days,
            hold_days: row.hold_days,
        })
        .collect())
}

async fn products(
    connection: &mut PgConnection,
    merchant: MerchantId,
) -> Result<Vec<Product>, Fault> {
    let rows = demo::products(connection, merchant.0).await?;
    rows.into_iter()
        .map(|row| {
            let currency = Currency::parse(&row.currency)
                .ok_or_else(|| Fault::Corrupt("a product has no known currency".to_owned()))?;
            Ok(Product {
                environment: row.environment,
                sku: row.sku,
                price: currency.format(row.price),
                url: row.url,
            })
        })
        .collect()
}

async fn links(connection: &mut PgConnection, merchant: MerchantId) -> Result<Vec<Link>, Fault> {
    let rows = demo::links(connection, merchant.0).await?;
    Ok(rows
        .into_iter()
        .map(|row| Link {
            code: row.code,
            merchant_id: row.merchant_id,
            affiliate_id: row.affiliate_id,
            campaign_id: row.campaign_id,
            environment: row.environment,
            destination: row.destination,
        })
        .collect())
}
