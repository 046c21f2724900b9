//! Two merchants, two affiliates, an operator's desk: told to settlement as the edge would.

use crate::calm::calm;
use crate::database;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use settlement::domain::payout::bank::Outcome;
use settlement::domain::payout_export::answers::{Answer, AnswerRow};
use settlement::flows::actor::Actor;
use settlement::flows::payout::answer::{self, Answered, File};
use settlement::flows::payout::approve;
use settlement::flows::payout::files::Press;
use settlement::flows::payout::process::{self, Processed, Sent};
use settlement::flows::payout::run::{self, Drafted, NewRun, Ran};
use settlement::flows::payout::{Taken, Which};
use settlement::flows::set_payout_method;
use settlement::flows::settle_events::Progress;
use settlement::flows::{resume_parked, settle_events};
use settlement::secrets::{MasterKeys, SealingPublicKey, Vault};
use settlement::store::instant;
use settlement::store::payout::PayoutRow;
use shared::click_id::{Click, ClickClass};
use shared::id::{Environment, EventId, EventKind, MerchantId};
use shared::internal::intake_name;
use shared::keys::ClickKeys;
use shared::money::Currency;
use sqlx::PgPool;
use uuid::Uuid;

pub const BY: Actor = Actor::Operator(Uuid::from_u128(0xa1));
pub const MERCHANTS: [Uuid; 2] = [Uuid::from_u128(0x11), Uuid::from_u128(0x12)];
pub const AFFILIATES: [Uuid; 2] = [Uuid::from_u128(0x21), Uuid::from_u128(0x22)];
const CAMPAIGN: u128 = 0x30;
const EVENTS_MAX: usize = 500;

/// An order: whose shop, whose link.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub merchant: usize,
    pub affiliate: usize,
}

pub const FIRST: Place = Place { merchant: 0, affiliate: 0 };

pub struct World {
    pub pool: PgPool,
    pub environment: Environment,
    pub now: Timestamp,
    seq: [u64; 2],
}

pub fn keys() -> ClickKeys {
    ClickKeys::parse(&format!("1:{}", "ab".repeat(32))).unwrap()
}

pub fn vault() -> Vault {
    let secret = crypto_box::SecretKey::from([9; 32]);
    let public = hex::encode(secret.public_key().as_bytes());
    Vault {
        master: MasterKeys::parse(&format!("1:{}", "ab".repeat(32))).unwrap(),
        edge: SealingPublicKey::parse(&public).unwrap(),
    }
}

pub fn cents(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

fn link(place: Place) -> u64 {
    (place.merchant * 10 + place.affiliate) as u64 + 4_000
}

impl World {
    pub async fn live() -> Self {
        Self::new(Environment::Live).await
    }

    pub async fn new(environment: Environment) -> Self {
        let pool = database::fresh().await;
        let now: Timestamp = "2026-06-15T08:00:00Z".parse().unwrap();
        let world = Self { pool, environment, now, seq: [0; 2] };
        for affiliate in AFFILIATES {
            world
                .sql(
                    "insert into affiliate values ($1::uuid, 'A', 'active', now())",
                    &affiliate.to_string(),
                )
                .await;
            world.pay_by_khalti(affiliate).await;
        }
        for (merchant, id) in MERCHANTS.into_iter().enumerate() {
            world.open(merchant, id).await;
        }
        for month in ["2026-06-15", "2026-07-15", "2026-08-15"] {
            world.sql("select ensure_month_partition('inbox', $1::timestamptz)", month).await;
            world.sql("select ensure_month_partition('click', $1::timestamptz)", month).await;
        }
        world
    }

    async fn pay_by_khalti(&self, affiliate: Uuid) {
        let fields = [("method", "khalti"), ("phone", "9800000001")];
        let fields = fields.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let affiliate = shared::id::AffiliateId(affiliate);
        set_payout_method::run(
            &self.pool,
            &vault(),
            Actor::Installation,
            affiliate,
            None,
            &fields,
            self.now,
        )
        .await
        .unwrap();
    }

    async fn open(&self, merchant: usize, id: Uuid) {
        let (text, campaign) = (id.to_string(), Uuid::from_u128(CAMPAIGN + merchant as u128));
        self.sql(
            "insert into merchant values ($1::uuid, 'M', 'approved', 'm.example',
             'https://m.example/', 'NPR', 'Asia/Kathmandu', 0, 'delivered', now())",
            &text,
        )
        .await;
        let object = intake_name(MerchantId(id), self.environment);
        self.sql(
            "insert into edge_stream values ($1, '0000000000000007', 0, 0, '2026-01-01', now())",
            &object,
        )
        .await;
        self.sql("insert into settle_cursor values ($1, '0000000000000007', 0)", &object).await;
        let environment = self.environment.as_str();
        let statements = [
            "insert into campaign values ($1, $2, $3, 'C', 'active', 'public', null, now(), now())",
            "insert into campaign_terms values ($1, $2, $3, 1, 30, null, null, now())",
            "insert into rule (environment, merchant_id, rule_id, version, level, campaign_id, kind,
                 rate_bps, in_force_from)
             values ($1, $2, gen_random_uuid(), 1, 'campaign', $3, 'percent', 1000, now())",
        ];
        for sql in statements {
            sqlx::query(sql)
                .bind(environment)
                .bind(id)
                .bind(campaign)
                .execute(&self.pool)
                .await
                .unwrap();
        }
        for (affiliate, whose) in AFFILIATES.into_iter().enumerate() {
            let number = link(Place { merchant, affiliate });
            sqlx::query("insert into link values ($1, $2, $3, $4, $5, $6, 'https://m.example/p', 'live', now())")
                .bind(environment)
                .bind(id)
                .bind(i64::try_from(number).unwrap())
                .bind(format!("code{number}"))
                .bind(whose)
                .bind(campaign)
                .execute(&self.pool)
                .await
                .unwrap();
        }
    }

    pub async fn sql(&self, sql: &'static str, value: &str) {
        sqlx::query(sql).bind(value).execute(&self.pool).await.unwrap();
    }

    pub async fn text(&self, sql: &'static str) -> String {
        let row: (Option<String>,) = sqlx::query_as(sql).fetch_one(&self.pool).await.unwrap();
        row.0.unwrap_or_default()
    }

    /// Puts an event into the inbox as ingest does, without settling it.
    pub async fn accept(&mut self, merchant: usize, kind: EventKind, body: &str) -> String {
        self.seq[merchant] += 1;
        let (epoch, seq) = (7 + merchant as u64, self.seq[merchant]);
        let event_id = EventId { kind, epoch, seq }.to_string();
        let object = intake_name(MerchantId(MERCHANTS[merchant]), self.environment);
        sqlx::query(
            "insert into inbox (environment, merchant_id, received_at, event_id, object, epoch,
                 seq, kind, key_id, body, stored_at)
             values ($1, $2, $3, $4, $5, '0000000000000007', $6, $7, 'pk_x', $8, $3)",
        )
        .bind(self.environment.as_str())
        .bind(MERCHANTS[merchant])
        .bind(instant::to_row(self.now))
        .bind(&event_id)
        .bind(&object)
        .bind(i64::try_from(seq).unwrap())
        .bind(kind.as_str())
        .bind(body.as_bytes())
        .execute(&self.pool)
        .await
        .unwrap();
        sqlx::query("update edge_stream set stored_seq = $2, highest_seq = $2 where object = $1")
            .bind(&object)
            .bind(i64::try_from(seq).unwrap())
            .execute(&self.pool)
            .await
            .unwrap();
        event_id
    }

    /// Both merchants' objects were heard just now.
    pub async fn hear(&self) {
        sqlx::query("update edge_stream set edge_time_at = $1")
            .bind(instant::to_row(self.now))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    pub async fn settle(&self) {
        calm(&self.pool).await;
        let settle = || settle_events::run_once(&self.pool, &KEYS, EVENTS_MAX, self.now);
        while settle().await.unwrap() != Progress::Idle {}
    }

    pub async fn resume(&self) {
        calm(&self.pool).await;
        while resume_parked::run_once(&self.pool, &KEYS, self.now).await.unwrap() != Progress::Idle
        {
        }
    }

    pub async fn order(&mut self, place: Place, id: &str, amount: &str, currency: &str) -> String {
        let class = ClickClass::Human;
        let clicked_at_seconds = u32::try_from(self.now.as_second()).unwrap();
        let click = Click { link_number: link(place), clicked_at_seconds, class, random: 1 };
        let click = click.seal(&keys());
        let body = format!(
            r#"{{"externalOrderId":"{id}","orderAmount":"{amount}","currency":"{currency}","clickId":"{click}"}}"#
        );
        self.accept(place.merchant, EventKind::Conversion, &body).await
    }

    pub async fn report(&mut self, merchant: usize, id: &str, rest: &str) -> String {
        let body = format!(r#"{{"externalOrderId":"{id}",{rest}}}"#);
        self.accept(merchant, EventKind::OrderStatus, &body).await
    }

    /// An order whose commission, a tenth of it, is payable at once.
    pub async fn payable(&mut self, place: Place, id: &str, amount: &str, currency: &str) {
        self.order(place, id, amount, currency).await;
        self.report(place.merchant, id, r#""status":"delivered""#).await;
        self.settle().await;
        self.hear().await;
    }

    /// Refunds so much of an order, or all of it.
    pub async fn refund(&mut self, merchant: usize, id: &str, amount: Option<&str>) -> String {
        let amount = amount.map(|a| format!(r#","refundedAmount":"{a}""#)).unwrap_or_default();
        let event = self.report(merchant, id, &format!(r#""status":"refunded"{amount}"#)).await;
        self.settle().await;
        self.hear().await;
        event
    }

    pub async fn outcome(&self, event_id: &str) -> String {
        let sql = "select state || ' ' || code from inbox where event_id = $1";
        let row: (Option<String>,) =
            sqlx::query_as(sql).bind(event_id).fetch_one(&self.pool).await.unwrap();
        row.0.unwrap_or_default()
    }

    pub fn wait_days(&mut self, days: i64) {
        self.now = self.now.checked_add(SignedDuration::from_hours(days * 24)).unwrap();
    }

    pub fn new_run(&self) -> NewRun {
        let merchant = (self.environment == Environment::Test).then_some(MerchantId(MERCHANTS[0]));
        let environment = self.environment;
        NewRun { environment, merchant, cut_off: self.now, scheduled: None }
    }

    pub async fn try_run(&self) -> Ran {
        run::run(&self.pool, BY, self.new_run(), self.now).await.unwrap()
    }

    pub async fn run(&self) -> Drafted {
        match self.try_run().await {
            Ran::Drafted(drafted) => drafted,
            other => panic!("no run: {other:?}"),
        }
    }

    pub async fn approve(&self, run: Uuid) -> Taken {
        approve::run(&self.pool, BY, Which::Run(run), self.now).await.unwrap()
    }

    pub async fn try_process(&self, run: Uuid) -> Processed {
        let vault = vault();
        let press = Press { vault: &vault, payer: None };
        process::run(&self.pool, BY, press, run, self.now).await.unwrap()
    }

    /// Drafts, approves and sends everything that is open; the payouts, in their order.
    pub async fn send(&self) -> Vec<PayoutRow> {
        let drafted = self.run().await;
        self.approve(drafted.run).await;
        match self.try_process(drafted.run).await {
            Processed::Sent(Sent { .. }) => self.payouts(drafted.run).await,
            other => panic!("nothing sent: {other:?}"),
        }
    }

    /// The newest run that has a draft.
    pub async fn drafted_run(&self) -> Uuid {
        let sql = "select run_id::text from payout where state in ('draft', 'approved')";
        self.text(sql).await.parse().unwrap()
    }

    pub async fn payouts(&self, run: Uuid) -> Vec<PayoutRow> {
        let mut connection = self.pool.acquire().await.unwrap();
        settlement::store::payout::of_run(&mut connection, run).await.unwrap()
    }

    pub async fn answer(&self, name: &str, rows: &[AnswerRow]) -> Answered {
        let file = File { sha256: name, rows, unreadable: &[] };
        answer::run(&self.pool, BY, file, self.now).await.unwrap()
    }

    /// One row for one payout; what it came to.
    pub async fn say(&self, name: &str, payout: &PayoutRow, word: Answer) -> Outcome {
        self.answer(name, &[row(2, payout, word)]).await.rows[&2]
    }
}

pub fn row(line_number: u32, payout: &PayoutRow, answer: Answer) -> AnswerRow {
    AnswerRow {
        line_number,
        payout_id: payout.payout_id,
        currency: Currency::parse(&payout.currency).unwrap(),
        amount: payout.amount,
        answer,
        reason: Some("the bank's words".to_owned()),
    }
}

static KEYS: std::sync::LazyLock<ClickKeys> = std::sync::LazyLock::new(keys);
