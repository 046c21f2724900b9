//! Shops, affiliates, campaigns, links and rules, made with settlement's own flows.

use anyhow::{Context, Result};
use jiff::Timestamp;
use settlement::domain::hold::HoldStart;
use settlement::domain::order::Scope;
use settlement::domain::rule::Subject;
use settlement::flows::actor::Actor;
use settlement::flows::create_campaign::{self, Listing, NewCampaign};
use settlement::flows::create_link::{self, NewLink};
use settlement::flows::open_affiliate;
use settlement::flows::open_merchant::{self, NewMerchant};
use settlement::flows::set_rule::{self, NewRule};
use settlement::flows::set_state::{self, MerchantChange};
use settlement::secrets::Vault;
use shared::id::{AffiliateId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgConnection;

const BY: Actor = Actor::Installation;
/// Affiliates of the network; each has a link of every shop.
const AFFILIATES: usize = 10;
/// Every campaign's rule, basis points.
const RATE_BPS: u32 = 1_000;

/// A merchant and the links that lead to it.
pub struct Shop {
    /// Which merchant.
    pub merchant: MerchantId,
    /// Numbers of its live links.
    pub links: Vec<u64>,
}

/// Makes so many shops, all live.
pub async fn open(connection: &mut PgConnection, vault: &Vault, shops: usize) -> Result<Vec<Shop>> {
    let now = Timestamp::now();
    let mut affiliates = Vec::new();
    for number in 0..AFFILIATES {
        let name = format!("Affiliate {number}");
        let opened = open_affiliate::within(connection, BY, &name, now).await;
        affiliates.push(opened.context("an affiliate")?);
    }
    let mut opened = Vec::new();
    for number in 0..shops {
        opened.push(open_shop(connection, vault, number, &affiliates, now).await?);
    }
    Ok(opened)
}

async fn open_shop(
    connection: &mut PgConnection,
    vault: &Vault,
    number: usize,
    affiliates: &[AffiliateId],
    now: Timestamp,
) -> Result<Shop> {
    let domain = format!("shop-{number}.example");
    let input = NewMerchant {
        name: format!("Shop {number}"),
        approved_domain: domain.clone(),
        home_url: format!("https://{domain}/"),
        currency: Currency::parse("NPR").context("NPR is a currency")?,
        time_zone: "Asia/Kathmandu".to_owned(),
        hold_days: None,
        hold_start: HoldStart::Delivered,
    };
    let merchant = open_merchant::within(connection, BY, input, now).await.context("a merchant")?;
    let approve = MerchantChange::Approve;
    set_state::merchant_within(connection, vault, BY, merchant, approve, now).await?;
    let scope = Scope { environment: Environment::Live, merchant };
    let campaign = NewCampaign {
        scope,
        name: "All year".to_owned(),
        is_active: true,
        listing: Listing::Public,
        fallback_url: None,
        cookie_days: 30,
        hold_days: None,
        hold_start: None,
    };
    let campaign = create_campaign::within(connection, BY, campaign, now).await?;
    let subject = Subject::Campaign(campaign);
    let rule = NewRule::percent(Environment::Live, Some(merchant), subject, RATE_BPS);
    set_rule::within(connection, BY, rule, now).await?;
    let mut links = Vec::new();
    for affiliate in affiliates {
        let destination = format!("https://{domain}/");
        let input = NewLink { scope, affiliate: *affiliate, campaign, destination, code: None };
        links.push(create_link::within(connection, BY, input, now).await?.link_number);
    }
    Ok(Shop { merchant, links })
}
