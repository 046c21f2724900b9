//! What the demo network consists of, and how it is built with the ordinary flows.

use super::{BY, ENVIRONMENTS};
use crate::domain::hold::HoldStart;
use crate::domain::order::Scope;
use crate::domain::rule::{Kind, Subject};
use crate::error::Fault;
use crate::flows::create_campaign::{self, Listing, NewCampaign};
use crate::flows::create_link::{self, NewLink};
use crate::flows::open_affiliate;
use crate::flows::open_merchant::{self, NewMerchant};
use crate::flows::set_rule::{self, NewRule};
use crate::flows::set_state::{self, MerchantChange};
use crate::flows::upsert_product::{self, NewProduct};
use crate::secrets::Vault;
use crate::store::demo;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::id::{AffiliateId, CampaignId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgConnection;

/// The account whose presence says that the network is there.
pub(super) const OPERATOR_EMAIL: &str = "operator@khata.example";
/// Of what no other rule prices.
const PLATFORM_BPS: u32 = 300;

struct MerchantPlan {
    name: &'static str,
    email: &'static str,
    /// Begins the codes of its links.
    short: &'static str,
    domain: &'static str,
    currency: &'static str,
    time_zone: &'static str,
    default_bps: u32,
    campaigns: [CampaignPlan; 2],
    products: [ProductPlan; 2],
}

struct CampaignPlan {
    name: &'static str,
    rate_bps: u32,
    cookie_days: u32,
    hold_days: Option<u32>,
}

struct ProductPlan {
    sku: &'static str,
    name: &'static str,
    price_minor: i64,
    /// Of its own rule, if it has one.
    rule: Option<ProductRule>,
}

#[derive(Clone, Copy)]
enum ProductRule {
    Bps(u32),
    FlatMinor(i64),
}

struct AffiliatePlan {
    name: &'static str,
    email: &'static str,
    short: &'static str,
    /// Which of a merchant's two campaigns it shares.
    campaign: usize,
    page: &'static str,
}

const MERCHANTS: [MerchantPlan; 2] = [
    MerchantPlan {
        name: "Himal Mart",
        email: "shop@himalmart.example",
        short: "himal",
        domain: "himalmart.example",
        currency: "NPR",
        time_zone: "Asia/Kathmandu",
        default_bps: 600,
        campaigns: [
            CampaignPlan {
                name: "Trail season",
                rate_bps: 1_000,
                cookie_days: 30,
                hold_days: None,
            },
            CampaignPlan {
                name: "Kitchen and tea",
                rate_bps: 800,
                cookie_days: 7,
                hold_days: Some(7),
            },
        ],
        products: [
            ProductPlan {
                sku: "HM-DOWN-JACKET",
                name: "Down jacket",
                price_minor: 1_299_900,
                rule: Some(ProductRule::Bps(1_500)),
            },
            ProductPlan { sku: "HM-ILAM-TEA", name: "Ilam tea", price_minor: 45_000, rule: None },
        ],
    },
    MerchantPlan {
        name: "Cedar & Co",
        email: "shop@cedarandco.example",
        short: "cedar",
        domain: "cedarandco.example",
        currency: "USD",
        time_zone: "America/New_York",
        default_bps: 500,
        campaigns: [
            CampaignPlan {
                name: "Home and hearth",
                rate_bps: 900,
                cookie_days: 30,
                hold_days: None,
            },
            CampaignPlan {
                name: "Spring refresh",
                rate_bps: 700,
                cookie_days: 14,
                hold_days: Some(10),
            },
        ],
        products: [
            ProductPlan {
                sku: "CC-OAK-CHAIR",
                name: "Oak chair",
                price_minor: 18_900,
                rule: Some(ProductRule::FlatMinor(1_500)),
            },
            ProductPlan { sku: "CC-LINEN-SET", name: "Linen set", price_minor: 7_450, rule: None },
        ],
    },
];

const AFFILIATES: [AffiliatePlan; 3] = [
    AffiliatePlan {
        name: "Asha Gurung",
        email: "asha@affiliate.example",
        short: "asha",
        campaign: 0,
        page: "/",
    },
    AffiliatePlan {
        name: "Bikram Rai",
        email: "bikram@affiliate.example",
        short: "bikram",
        campaign: 1,
        page: "/offers?season=now",
    },
    AffiliatePlan {
        name: "Mina Okafor",
        email: "mina@affiliate.example",
        short: "mina",
        campaign: 0,
        page: "/picks#week",
    },
];

pub(super) fn merchant_accounts() -> impl Iterator<Item = (&'static str, &'static str)> {
    MERCHANTS.into_iter().map(|plan| (plan.name, plan.email))
}

pub(super) fn affiliate_accounts() -> impl Iterator<Item = (&'static str, &'static str)> {
    AFFILIATES.into_iter().map(|plan| (plan.name, plan.email))
}

/// Builds everything but accounts and keys.
pub(super) async fn build(
    connection: &mut PgConnection,
    vault: &Vault,
    now: Timestamp,
) -> Result<(), Fault> {
    for environment in ENVIRONMENTS {
        // An installation that has a default of its own keeps it.
        if !demo::has_platform_rule(connection, environment.as_str()).await? {
            let rule = NewRule::percent(environment, None, Subject::Platform, PLATFORM_BPS);
            set_rule::within(connection, BY, rule, now).await?;
        }
    }
    let mut affiliates = Vec::new();
    for plan in &AFFILIATES {
        affiliates.push((open_affiliate::within(connection, BY, plan.name, now).await?, plan));
    }
    for plan in &MERCHANTS {
        let merchant = open_merchant(connection, vault, plan, now).await?;
        for environment in ENVIRONMENTS {
            let scope = Scope { environment, merchant };
            let rule =
                NewRule::percent(environment, Some(merchant), Subject::Merchant, plan.default_bps);
            set_rule::within(connection, BY, rule, now).await?;
            put_products(connection, plan, scope, now).await?;
            let mut campaigns = Vec::new();
            for campaign in &plan.campaigns {
                campaigns.push(open_campaign(connection, campaign, scope, now).await?);
            }
            open_links(connection, plan, scope, &campaigns, &affiliates, now).await?;
        }
    }
    Ok(())
}

async fn open_merchant(
    connection: &mut PgConnection,
    vault: &Vault,
    plan: &MerchantPlan,
    now: Timestamp,
) -> Result<MerchantId, Fault> {
    let input = NewMerchant {
        name: plan.name.to_owned(),
        approved_domain: plan.domain.to_owned(),
        home_url: format!("https://{}/", plan.domain),
        currency: currency(plan),
        time_zone: plan.time_zone.to_owned(),
        hold_days: Some(14),
        hold_start: HoldStart::Delivered,
    };
    let merchant = open_merchant::within(connection, BY, input, now).await?;
    set_state::merchant_within(connection, vault, BY, merchant, MerchantChange::Approve, now)
        .await?;
    Ok(merchant)
}

async fn open_campaign(
    connection: &mut PgConnection,
    plan: &CampaignPlan,
    scope: Scope,
    now: Timestamp,
) -> Result<CampaignId, Fault> {
    let input = NewCampaign {
        scope,
        name: plan.name.to_owned(),
        is_active: true,
        listing: Listing::Public,
        fallback_url: None,
        cookie_days: plan.cookie_days,
        hold_days: plan.hold_days,
        hold_start: None,
    };
    let campaign = create_campaign::within(connection, BY, input, now).await?;
    let subject = Subject::Campaign(campaign);
    let rule = NewRule::percent(scope.environment, Some(scope.merchant), subject, plan.rate_bps);
    set_rule::within(connection, BY, rule, now).await?;
    Ok(campaign)
}

async fn put_products(
    connection: &mut PgConnection,
    plan: &MerchantPlan,
    scope: Scope,
    now: Timestamp,
) -> Result<(), Fault> {
    for product in &plan.products {
        let input = NewProduct {
            scope,
            sku: product.sku.to_owned(),
            name: product.name.to_owned(),
            price: Decimal::new(product.price_minor, 2),
            currency: currency(plan),
            url: format!("https://{}/products/{}", plan.domain, product.sku.to_lowercase()),
        };
        upsert_product::within(connection, BY, input, now).await?;
        let Some(rule) = product.rule else { continue };
        let subject = Subject::Product(product.sku.to_owned());
        let mut input = NewRule::percent(scope.environment, Some(scope.merchant), subject, 0);
        match rule {
            ProductRule::Bps(bps) => input.kind = Kind::Percent(bps),
            ProductRule::FlatMinor(minor) => {
                input.kind = Kind::Flat(Decimal::new(minor, 2));
                input.currency = Some(currency(plan));
            }
        }
        set_rule::within(connection, BY, input, now).await?;
    }
    Ok(())
}

async fn open_links(
    connection: &mut PgConnection,
    plan: &MerchantPlan,
    scope: Scope,
    campaigns: &[CampaignId],
    affiliates: &[(AffiliateId, &AffiliatePlan)],
    now: Timestamp,
) -> Result<(), Fault> {
    for (affiliate, sharer) in affiliates {
        let input = NewLink {
            scope,
            affiliate: *affiliate,
            campaign: campaigns[sharer.campaign],
            destination: format!("https://{}{}", plan.domain, sharer.page),
            code: Some(code(plan, sharer, scope.environment)),
        };
        create_link::within(connection, BY, input, now).await?;
    }
    Ok(())
}

fn code(merchant: &MerchantPlan, affiliate: &AffiliatePlan, environment: Environment) -> String {
    format!("{}-{}-{environment}", merchant.short, affiliate.short)
}

fn currency(plan: &MerchantPlan) -> Currency {
    Currency::parse(plan.currency).expect("the plan names NPR and USD")
}
