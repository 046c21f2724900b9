//! A database with merchants, affiliates and endpoints, a listener, and a clock that is moved.

use crate::database;
use crate::sink::{Received, Sink};
use crypto_box::SecretKey;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use settlement::domain::hold::HoldStart;
use settlement::domain::notice::{Kind, Notice};
use settlement::domain::order::Scope;
use settlement::domain::webhook::endpoint::{EndpointKey, Format};
use settlement::error::Fault;
use settlement::flows::actor::Actor;
use settlement::flows::open_merchant::{self, NewMerchant};
use settlement::flows::webhook::deliver::{self, Limits, Post, Recorded};
use settlement::flows::webhook::fan_out::{self, Numbered};
use settlement::flows::webhook::test_delivery;
use settlement::flows::{open_affiliate, webhook_endpoint};
use settlement::outbound::webhook::{Reach, Sender};
use settlement::secrets::{MasterKeys, SealingPublicKey, Vault, draw};
use settlement::store::{instant, webhook_event};
use shared::id::{AffiliateId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use shared::validate::resource::endpoint_change;
use sqlx::PgPool;
use sqlx::types::time::OffsetDateTime;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// An attempt's time unless a test waits for endpoints that never answer.
pub const TIME_MAX: Duration = Duration::from_secs(1);
pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 24 * HOUR;

pub struct World {
    pub pool: PgPool,
    pub vault: Vault,
    pub sink: Sink,
    pub post: Post,
    pub now: Timestamp,
    pub scopes: Vec<Scope>,
    pub affiliates: Vec<AffiliateId>,
    /// Seconds by which the clock overshoots what is due, so that much falls due together.
    pub grain_seconds: i64,
    orders: u32,
}

/// An endpoint of the test's making.
#[derive(Debug, Clone)]
pub struct Made {
    pub key: EndpointKey,
    /// Where the listener hears it.
    pub path: String,
    pub secret: String,
}

pub fn limits() -> Limits {
    Limits { khata_time_max: TIME_MAX, affiliate_order_time_max: TIME_MAX, ..Limits::default() }
}

fn vault() -> Vault {
    let public = hex::encode(SecretKey::from([9; 32]).public_key().as_bytes());
    Vault {
        master: MasterKeys::parse(&format!("1:{}", "ab".repeat(32))).unwrap(),
        edge: SealingPublicKey::parse(&public).unwrap(),
    }
}

pub fn post(vault: &Vault, limits: Limits) -> Post {
    Post::new(vault.clone(), Sender::new(Reach::Any), limits)
}

impl World {
    /// Two merchants, each live, and two affiliates.
    pub async fn new() -> Self {
        let pool = database::fresh().await;
        let now: Timestamp = "2026-06-14T03:45:00Z".parse().unwrap();
        let (mut scopes, mut affiliates) = (Vec::new(), Vec::new());
        for n in 0..2 {
            let new = NewMerchant {
                name: format!("Shop {n}"),
                approved_domain: format!("shop{n}.example"),
                home_url: format!("https://shop{n}.example/"),
                currency: Currency::parse("NPR").unwrap(),
                time_zone: "Asia/Kathmandu".to_owned(),
                hold_days: None,
                hold_start: HoldStart::Delivered,
            };
            let merchant = open_merchant::run(&pool, Actor::Installation, new, now).await.unwrap();
            scopes.push(Scope { environment: Environment::Live, merchant });
            let name = ["Asha", "Bina"][n];
            affiliates
                .push(open_affiliate::run(&pool, Actor::Installation, name, now).await.unwrap());
        }
        let vault = vault();
        let post = post(&vault, limits());
        let sink = Sink::start();
        Self { pool, vault, sink, post, now, scopes, affiliates, grain_seconds: 0, orders: 0 }
    }

    /// How long an attempt may take from now on.
    pub fn set_patience(&mut self, time_max: Duration) {
        let (khata_time_max, affiliate_order_time_max) = (time_max, time_max);
        let limits = Limits { khata_time_max, affiliate_order_time_max, ..limits() };
        self.post = post(&self.vault, limits);
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    /// A merchant's endpoint that chose these types.
    pub async fn endpoint(&self, scope: Scope, path: &str, events: &[Kind]) -> Made {
        let key = EndpointKey {
            environment: scope.environment,
            merchant: scope.merchant,
            endpoint: draw::id(self.now),
        };
        self.insert(key, None, path, events, Format::Khata).await
    }

    /// An affiliate's endpoint.
    pub async fn affiliates(&self, affiliate: usize, path: &str, format: Format) -> Made {
        let key = EndpointKey {
            environment: Environment::Live,
            merchant: MerchantId(Uuid::nil()),
            endpoint: draw::id(self.now),
        };
        self.insert(key, Some(self.affiliates[affiliate].0), path, &Kind::ALL, format).await
    }

    /// A delivery asked for, to try the endpoint.
    pub async fn ping(&self, made: &Made) {
        let mut transaction = self.pool.begin().await.unwrap();
        test_delivery::within(&mut transaction, &made.key, self.now).await.unwrap();
        transaction.commit().await.unwrap();
    }

    async fn insert(
        &self,
        key: EndpointKey,
        affiliate: Option<Uuid>,
        path: &str,
        events: &[Kind],
        format: Format,
    ) -> Made {
        let secret = draw::webhook_secret();
        let words: Vec<&str> = events.iter().map(|kind| kind.as_str()).collect();
        sqlx::query(
            "insert into webhook_endpoint (environment, merchant_id, endpoint_id, affiliate_id,
                 url, events, format, state, secret_sealed, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9, $9)",
        )
        .bind(key.environment.as_str())
        .bind(key.merchant.0)
        .bind(key.endpoint)
        .bind(affiliate)
        .bind(self.sink.url(path))
        .bind(words)
        .bind(format.as_str())
        .bind(self.vault.seal(&key.endpoint.to_string(), &secret))
        .bind(instant::to_row(self.now))
        .execute(&self.pool)
        .await
        .unwrap();
        Made { key, path: path.to_owned(), secret }
    }

    /// A notice about an order of its own.
    pub fn notice(&mut self, scope: Scope, kind: Kind, affiliate: Option<usize>) -> Notice {
        self.orders += 1;
        let order = format!("A-{}", self.orders);
        let conversion = ConversionId::derive(scope.merchant, scope.environment, &order);
        Notice {
            kind,
            affiliate: affiliate.map(|n| self.affiliates[n]),
            conversion: Some(conversion),
            about_commission: false,
            event_id: None,
            occurred_at: self.now,
            data: json!({"order": order, "kind": kind.as_str()}),
        }
    }

    /// Writes notices in a transaction, as settling does.
    pub async fn tell(&self, notices: &[(Scope, Notice)]) {
        let notices: Vec<_> = notices.iter().map(|(scope, notice)| (*scope, notice)).collect();
        let mut transaction = self.pool.begin().await.unwrap();
        let now = instant::to_row(self.now);
        webhook_event::insert(&mut transaction, &notices, now).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// So many notices of one type, each about an order of its own.
    pub async fn tell_many(&mut self, scope: Scope, kind: Kind, many: usize) {
        let notices: Vec<_> = (0..many).map(|_| (scope, self.notice(scope, kind, None))).collect();
        self.tell(&notices).await;
    }

    pub async fn number(&self) {
        while fan_out::run_once(&self.pool, self.now).await.unwrap() != Numbered::Nothing {}
    }

    /// Numbers what is owed and sends once what is due.
    pub async fn round(&self) -> Recorded {
        self.number().await;
        send_once(&self.pool, &self.post, self.now).await.unwrap()
    }

    /// Moves the clock from one due instant to the next, up to so many seconds, and sends what is
    /// due then; the clock stands at the end of them.
    pub async fn pass(&mut self, seconds: i64) {
        let end = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        loop {
            while self.round().await.lanes > 0 {}
            match self.next_due().await {
                Some(due) if due <= end => {
                    let grain = SignedDuration::from_secs(self.grain_seconds);
                    self.now = (due + grain).max(self.now).min(end);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    async fn next_due(&self) -> Option<Timestamp> {
        let due: Option<OffsetDateTime> = sqlx::query_scalar(
            "select min(greatest(due_at, lease_until)) from webhook_lane
             join webhook_endpoint using (environment, merchant_id, endpoint_id)
             where state = 'active' and due_at is not null",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap();
        due.map(instant::from_row)
    }

    pub async fn text(&self, sql: &str) -> String {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::query_scalar::<_, Option<String>>(sql)
            .fetch_one(&self.pool)
            .await
            .unwrap()
            .unwrap_or_default()
    }

    /// `state attempts` of an endpoint's deliveries, by number.
    pub async fn deliveries(&self, made: &Made) -> Vec<String> {
        sqlx::query_scalar(
            "select state || ' ' || attempts from webhook_delivery where endpoint_id = $1
             order by sequence",
        )
        .bind(made.key.endpoint)
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// Seconds from the first attempt of a delivery to each of its attempts.
    pub async fn attempt_seconds(&self, made: &Made, sequence: i64) -> Vec<i64> {
        sqlx::query_scalar(
            "select extract(epoch from started_at - first_value(started_at)
                        over (order by started_at))::bigint
             from webhook_attempt where endpoint_id = $1 and sequence = $2 order by attempt",
        )
        .bind(made.key.endpoint)
        .bind(sequence)
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// Changes an endpoint's state as its owner does.
    pub async fn set_state(&self, made: &Made, state: &str) {
        let body = json!({"state": state}).to_string();
        let change = endpoint_change(body.as_bytes(), Reach::Any).unwrap();
        let scope = Scope { environment: made.key.environment, merchant: made.key.merchant };
        let mut transaction = self.pool.begin().await.unwrap();
        let (actor, id) = (Actor::Installation, made.key.endpoint);
        webhook_endpoint::change(&mut transaction, actor, scope, id, change, self.now)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }

    /// Asserts that an endpoint got deliveries 1 to `many`, each under one id with one body however
    /// often, and that the last of each arrived.
    pub fn assert_complete(&self, made: &Made, many: usize) {
        let calls = self.sink.at(&made.path);
        let mut copies: BTreeMap<i64, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for call in &calls {
            copies.entry(sequence(call)).or_default().insert((&call.message_id, &call.body));
        }
        let numbers: Vec<i64> = copies.keys().copied().collect();
        let expected: Vec<i64> = (1..).take(many).collect();
        assert_eq!(numbers, expected, "{}", made.path);
        for (number, copies) in &copies {
            assert_eq!(copies.len(), 1, "{} {number}: {copies:?}", made.path);
        }
        let ids: BTreeSet<&str> = calls.iter().map(|call| call.message_id.as_str()).collect();
        assert_eq!(ids.len(), many, "{}: an id for each", made.path);
        let arrived: BTreeSet<i64> = calls
            .iter()
            .filter(|call| call.mode == crate::sink::Mode::Status(200))
            .map(sequence)
            .collect();
        assert_eq!(arrived.len(), many, "{}: all arrived", made.path);
    }
}

/// Sends one lease's worth of what is due and records it, as a node does lane by lane.
pub async fn send_once(pool: &PgPool, post: &Post, now: Timestamp) -> Result<Recorded, Fault> {
    let leased = deliver::lease(pool, post.limits(), post.limits().lanes_max, now).await?;
    if leased.is_empty() {
        return Ok(Recorded::default());
    }
    let sent = join_all(leased.into_iter().map(|work| deliver::lane(post, work, now))).await;
    deliver::record(pool, &sent, now).await
}

pub fn body(call: &Received) -> Value {
    serde_json::from_str(&call.body).unwrap()
}

pub fn sequence(call: &Received) -> i64 {
    body(call)["sequence"].as_i64().unwrap()
}
