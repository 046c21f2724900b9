//! The merchants, affiliates, campaigns and links of a history, opened with the ordinary flows.

use crate::model::{self, Link, Windows};
use crate::ops::SCOPES;
use crate::told::Micros;
use jiff::Timestamp;
use settlement::domain::hold::HoldStart;
use settlement::domain::order::Scope;
use settlement::flows::actor::Actor;
use settlement::flows::create_campaign::{self, Listing, NewCampaign};
use settlement::flows::create_link::{self, NewLink};
use settlement::flows::open_account::{self, NewAccount, Party};
use settlement::flows::open_merchant::{self, NewMerchant};
use settlement::flows::{assume_delivered, open_affiliate, set_state, set_super_admin};
use settlement::secrets::{MasterKeys, SealingPublicKey, Vault};
use shared::id::{AffiliateId, CampaignId, Environment, MerchantId};
use shared::money::Currency;
use sqlx::PgPool;
use uuid::Uuid;

pub const BY: Actor = Actor::Installation;
const AFFILIATES: usize = 3;
/// Campaigns of each book: cookie days, hold days, what starts the window.
type Terms = (u32, Option<u32>, Option<HoldStart>);
pub const CAMPAIGNS: [Terms; 3] =
    [(30, None, None), (1, Some(0), Some(HoldStart::Confirmed)), (7, Some(2), None)];
/// The two merchants: hold days and what starts the window.
const MERCHANTS: [(Option<u32>, HoldStart); 2] =
    [(None, HoldStart::Delivered), (Some(3), HoldStart::Paid)];
/// Numbers of links that are known only later, of each book.
pub const LATE_LINKS: u64 = 4;

/// Days without news after which the second merchant's orders count as delivered.
pub const ASSUMED_AFTER_DAYS: u32 = 9;

pub struct Book {
    pub scope: Scope,
    pub campaigns: Vec<CampaignId>,
    pub links: Vec<u64>,
    pub late_links: Vec<u64>,
    pub defaults: (Option<u32>, HoldStart),
}

pub struct Network {
    pub books: Vec<Book>,
    pub affiliates: Vec<AffiliateId>,
    /// Two operators with the super-admin role.
    pub super_admins: (Uuid, Uuid),
}

pub fn instant(at: Micros) -> Timestamp {
    Timestamp::from_microsecond(at).expect("this millennium")
}

pub fn rank(start: HoldStart) -> u32 {
    match start {
        HoldStart::Confirmed => 1,
        HoldStart::Paid => 2,
        HoldStart::Delivered => 3,
    }
}

/// The windows as the model keeps them.
pub fn windows(from: Micros, terms: Terms, defaults: (Option<u32>, HoldStart)) -> Windows {
    Windows {
        from,
        cookie_days: terms.0.into(),
        hold_days: terms.1.or(defaults.0).unwrap_or(14).into(),
        starts_at_rank: rank(terms.2.unwrap_or(defaults.1)),
    }
}

impl Network {
    pub async fn open(pool: &PgPool, now: Micros) -> Self {
        let mut affiliates = Vec::new();
        for name in ["Asha", "Bibek", "Chandra"] {
            affiliates.push(open_affiliate::run(pool, BY, name, instant(now)).await.unwrap());
        }
        assert_eq!(affiliates.len(), AFFILIATES);
        let super_admins =
            (super_admin(pool, "one", now).await, super_admin(pool, "two", now).await);
        let mut network = Self { books: Vec::new(), affiliates, super_admins };
        let first = open_merchant(pool, 0, now).await;
        let second = open_merchant(pool, 1, now).await;
        let days = Some(ASSUMED_AFTER_DAYS);
        assume_delivered::set(pool, BY, second, days, instant(now)).await.unwrap();
        let worlds = [
            (first, Environment::Live, 0),
            (first, Environment::Test, 0),
            (second, Environment::Live, 1),
        ];
        assert_eq!(worlds.len(), SCOPES);
        for (place, (merchant, environment, which)) in worlds.into_iter().enumerate() {
            let scope = Scope { environment, merchant };
            network.open_book(pool, scope, place as u64, MERCHANTS[which], now).await;
        }
        network
    }

    async fn open_book(
        &mut self,
        pool: &PgPool,
        scope: Scope,
        place: u64,
        defaults: (Option<u32>, HoldStart),
        now: Micros,
    ) {
        let late_links = (0..LATE_LINKS).map(|n| 1_000_000_000_000 + place * 10 + n).collect();
        let (campaigns, links) = (Vec::new(), Vec::new());
        let mut book = Book { scope, campaigns, links, late_links, defaults };
        for (cookie_days, hold_days, hold_start) in CAMPAIGNS {
            let input = NewCampaign {
                scope,
                name: "Everything".to_owned(),
                is_active: true,
                listing: Listing::Public,
                fallback_url: None,
                cookie_days,
                hold_days,
                hold_start,
            };
            let campaign = create_campaign::run(pool, BY, input, instant(now)).await.unwrap();
            book.campaigns.push(campaign);
            for affiliate in self.affiliates.clone() {
                let destination = format!("https://shop{}.example/", scope_domain(defaults));
                let input = NewLink { scope, affiliate, campaign, destination, code: None };
                let made = create_link::run(pool, BY, input, instant(now)).await.unwrap();
                book.links.push(made.link_number);
            }
        }
        self.books.push(book);
    }

    /// The books and links as the model keeps them.
    pub fn model(&self, now: Micros) -> (Vec<model::Scope>, model::World) {
        let mut world = model::World::default();
        let mut scopes = Vec::new();
        for (scope, book) in self.books.iter().enumerate() {
            let versions = |terms| vec![windows(now, terms, book.defaults)];
            let is_test = book.scope.environment == Environment::Test;
            scopes.push(model::Scope::empty(is_test, CAMPAIGNS.map(versions).to_vec()));
            for (nth, number) in book.links.iter().enumerate() {
                let (campaign, affiliate) = (nth / AFFILIATES, nth % AFFILIATES);
                world.links.insert(*number, Link { scope, affiliate, campaign });
            }
        }
        (scopes, world)
    }

    /// Makes a link known that clicks have named before.
    pub async fn add_link(&self, pool: &PgPool, scope: usize, number: u64, now: Micros) {
        let book = &self.books[scope];
        sqlx::query(
            "insert into link values ($1, $2, $3, $4, $5, $6, 'https://shop0.example/', 'live', $7)",
        )
        .bind(book.scope.environment.as_str())
        .bind(book.scope.merchant.0)
        .bind(i64::try_from(number).unwrap())
        .bind(format!("late{number}"))
        .bind(self.affiliates[0].0)
        .bind(book.campaigns[0].0)
        .bind(settlement::store::instant::to_row(instant(now)))
        .execute(pool)
        .await
        .unwrap();
    }
}

fn scope_domain(defaults: (Option<u32>, HoldStart)) -> usize {
    usize::from(defaults == MERCHANTS[1])
}

/// Keys that seal secrets; a history has none worth keeping.
pub fn vault() -> Vault {
    Vault {
        master: MasterKeys::parse(&format!("1:{}", "ab".repeat(32))).unwrap(),
        edge: SealingPublicKey::parse(&"09".repeat(32)).unwrap(),
    }
}

async fn super_admin(pool: &PgPool, name: &str, now: Micros) -> Uuid {
    let email = format!("{name}@khata.example");
    let (password, party) = ("a long enough word".to_owned(), Party::Operator);
    let account = NewAccount { email: email.clone(), password, party };
    let account = open_account::run(pool, BY, account, instant(now)).await.unwrap();
    set_super_admin::run(pool, BY, &email, true, instant(now)).await.unwrap();
    account
}

async fn open_merchant(pool: &PgPool, which: usize, now: Micros) -> MerchantId {
    let domain = format!("shop{which}.example");
    let input = NewMerchant {
        name: format!("Shop {which}"),
        home_url: format!("https://{domain}/"),
        approved_domain: domain,
        currency: Currency::parse("NPR").unwrap(),
        time_zone: "Asia/Kathmandu".to_owned(),
        hold_days: MERCHANTS[which].0,
        hold_start: MERCHANTS[which].1,
    };
    let merchant = open_merchant::run(pool, BY, input, instant(now)).await.unwrap();
    let change = set_state::MerchantChange::Approve;
    set_state::merchant(pool, &vault(), BY, merchant, change, instant(now)).await.unwrap();
    merchant
}
