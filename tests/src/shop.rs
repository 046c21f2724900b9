//! A merchant of a test's own, with campaigns, rules, links and keys in both environments.

use jiff::Timestamp;
use settlement::domain::hold::HoldStart;
use settlement::domain::order::Scope;
use settlement::domain::rule::Subject;
use settlement::error::Fault;
use settlement::flows::actor::Actor;
use settlement::flows::create_campaign::{self, Listing, NewCampaign};
use settlement::flows::create_key::{self, NewKey};
use settlement::flows::create_link::{self, Created, NewLink};
use settlement::flows::open_affiliate;
use settlement::flows::open_merchant::{self, NewMerchant};
use settlement::flows::set_rule::{self, NewRule};
use settlement::flows::set_state::{self, MerchantChange};
use shared::id::{AffiliateId, CampaignId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgPool;

use crate::merchant::SigningMerchant;
use crate::side::Side;
use crate::world::World;

const BY: Actor = Actor::Installation;
/// The SKU with a rule of its own.
pub const RULED_SKU: &str = "SKU-RULED";

/// What a shop is like; the default has a rule at every level of its own, all different.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whether the operator has approved it.
    pub approved: bool,
    /// ISO 4217.
    pub currency: &'static str,
    /// Rate of [`RULED_SKU`].
    pub product_bps: u32,
    /// Rate of the campaign of [`Side::link`]; that of [`Side::plain_link`] has none.
    pub campaign_bps: u32,
    /// Rate of everything else; `None` leaves it to the platform.
    pub merchant_bps: Option<u32>,
    /// Days after a click in which an order can earn.
    pub cookie_days: u32,
    /// Days of the return window.
    pub hold_days: u32,
    /// What starts it.
    pub hold_start: HoldStart,
    /// Calls of each key in any 60 seconds.
    pub per_minute_max: u32,
    /// Calls of each key in any hour.
    pub per_hour_max: u32,
    /// Who may use the keys; empty: anyone.
    pub allow_list: Vec<String>,
    /// Where links lead, below `https://shop-….example`.
    pub page: &'static str,
    /// Where paused links lead, below the same; `None`: home.
    pub fallback: Option<&'static str>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            approved: true,
            currency: "NPR",
            product_bps: 1_500,
            campaign_bps: 1_000,
            merchant_bps: Some(600),
            cookie_days: 30,
            hold_days: 14,
            hold_start: HoldStart::Delivered,
            per_minute_max: 6_000,
            per_hour_max: 100_000,
            allow_list: Vec::new(),
            page: "/welcome",
            fallback: None,
        }
    }
}

/// A merchant with its two sides.
#[derive(Debug)]
pub struct Shop<'a> {
    /// Its id.
    pub merchant: MerchantId,
    /// Its approved domain.
    pub domain: String,
    /// Who shares its links.
    pub affiliate: AffiliateId,
    /// Real orders.
    pub live: Side<'a>,
    /// The sandbox.
    pub test: Side<'a>,
}

impl<'a> Shop<'a> {
    /// Opens a shop with settlement's own flows, and waits until the edge knows it.
    pub fn open(world: &'a World, plan: &Plan) -> Self {
        let shop = world.database.wait(open(world, plan)).expect("a shop opens");
        world.await_directory();
        shop
    }

    /// Opens the usual shop.
    pub fn usual(world: &'a World) -> Self {
        Self::open(world, &Plan::default())
    }
}

async fn open<'a>(world: &'a World, plan: &Plan) -> Result<Shop<'a>, Fault> {
    let (pool, now) = (world.database.pool(), Timestamp::now());
    let domain = format!("shop-{}.example", uuid::Uuid::now_v7().simple());
    let affiliate = open_affiliate::run(pool, BY, "An affiliate", now).await?;
    let currency = Currency::parse(plan.currency).expect("a plan names a currency that exists");
    let input = NewMerchant {
        name: domain.clone(),
        approved_domain: domain.clone(),
        home_url: format!("https://{domain}/"),
        currency,
        time_zone: "Asia/Kathmandu".to_owned(),
        hold_days: None,
        hold_start: plan.hold_start,
    };
    let merchant = open_merchant::run(pool, BY, input, now).await?;
    if plan.approved {
        let change = MerchantChange::Approve;
        set_state::merchant(pool, &world.vault(), BY, merchant, change, now).await?;
    }
    let builder = Builder { world, pool, plan, merchant, affiliate, domain: &domain, now };
    let live = builder.side(Environment::Live).await?;
    let test = builder.side(Environment::Test).await?;
    Ok(Shop { merchant, domain, affiliate, live, test })
}

struct Builder<'a, 'b> {
    world: &'a World,
    pool: &'b PgPool,
    plan: &'b Plan,
    merchant: MerchantId,
    affiliate: AffiliateId,
    domain: &'b str,
    now: Timestamp,
}

impl<'a> Builder<'a, '_> {
    async fn side(&self, environment: Environment) -> Result<Side<'a>, Fault> {
        let scope = Scope { environment, merchant: self.merchant };
        let (ruled, link) = self.campaign_with_link(scope, "With a rule of its own").await?;
        let (_, plain_link) = self.campaign_with_link(scope, "On the merchant's terms").await?;
        let product = Subject::Product(RULED_SKU.to_owned());
        self.rule(scope, product, self.plan.product_bps).await?;
        self.rule(scope, Subject::Campaign(ruled), self.plan.campaign_bps).await?;
        if let Some(bps) = self.plan.merchant_bps {
            self.rule(scope, Subject::Merchant, bps).await?;
        }
        let input = NewKey {
            shop: None,
            scope,
            per_minute_max: self.plan.per_minute_max,
            per_hour_max: self.plan.per_hour_max,
            allow_list: self.plan.allow_list.clone(),
        };
        let key = create_key::run(self.pool, &self.world.vault(), BY, input, self.now).await?;
        let url = self.world.edge_url();
        Ok(Side {
            world: self.world,
            scope,
            signer: SigningMerchant::new(url, &key.key_id, &key.signing_secret),
            affiliate: self.affiliate,
            campaign: ruled,
            link,
            plain_link,
            reports: 0.into(),
        })
    }

    async fn campaign_with_link(
        &self,
        scope: Scope,
        name: &str,
    ) -> Result<(CampaignId, Created), Fault> {
        let below = |page: &str| format!("https://{}{page}", self.domain);
        let input = NewCampaign {
            scope,
            name: name.to_owned(),
            is_active: true,
            listing: Listing::Public,
            fallback_url: self.plan.fallback.map(below),
            cookie_days: self.plan.cookie_days,
            hold_days: Some(self.plan.hold_days),
            hold_start: None,
        };
        let campaign = create_campaign::run(self.pool, BY, input, self.now).await?;
        let input = NewLink {
            scope,
            affiliate: self.affiliate,
            campaign,
            destination: below(self.plan.page),
            code: None,
        };
        Ok((campaign, create_link::run(self.pool, BY, input, self.now).await?))
    }

    async fn rule(&self, scope: Scope, subject: Subject, bps: u32) -> Result<(), Fault> {
        let rule = NewRule::percent(scope.environment, Some(scope.merchant), subject, bps);
        set_rule::run(self.pool, BY, rule, self.now).await?;
        Ok(())
    }
}
