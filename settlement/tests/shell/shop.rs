//! A shop with its own stream: what it says is taken in and settled as the edge would bring it.

use crate::batches::{EPOCH, click_keys, head, intake, raw};
use crate::calm::calm;
use crate::database;
use crate::network::{BY, Network};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use settlement::domain::attribution::{Receipt, recompute};
use settlement::domain::book::folded;
use settlement::domain::rule::Subject;
use settlement::flows::set_rule::{self, NewRule};
use settlement::flows::settle_events::Progress;
use settlement::flows::{
    accept_events, assign_coupon, open_affiliate, resume_parked, settle_events,
};
use settlement::store::order;
use shared::click_id::{Click, ClickClass};
use shared::id::{AffiliateId, ConversionId, EventId, EventKind};
use shared::internal::{EventBatch, EventRecord};
use sqlx::PgPool;

pub const DAY: i64 = 86_400;
const EVENTS_MAX: usize = 100;

pub struct Shop {
    pub network: Network,
    /// Another affiliate, whose coupon is SAVE10.
    pub other: AffiliateId,
    pub link_number: u64,
    pub now: Timestamp,
    seq: u64,
}

impl Shop {
    /// A shop whose campaign pays 10 %, with one link.
    pub async fn new() -> Self {
        let network = Network::new(database::fresh().await).await;
        let link_number = network.link("asha").await.link_number;
        let now = crate::batches::now();
        let other = open_affiliate::run(&network.pool, BY, "Bina", now).await.unwrap();
        let shop = Self { network, other, link_number, now, seq: 0 };
        shop.pay(Subject::Campaign(shop.network.campaign), 1000).await;
        shop
    }

    pub fn pool(&self) -> &PgPool {
        &self.network.pool
    }

    pub async fn pay(&self, subject: Subject, bps: u32) {
        let scope = self.network.scope;
        let rule = NewRule::percent(scope.environment, Some(scope.merchant), subject, bps);
        set_rule::run(self.pool(), BY, rule, self.now).await.unwrap();
    }

    pub async fn coupon(&self, code: &str) {
        let (scope, earner) = (self.network.scope, (self.other, self.network.campaign));
        assign_coupon::run(self.pool(), BY, scope, code, earner, self.now).await.unwrap();
        assert_eq!(folded(" Save10 "), "save10");
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    /// A click of this instant on a link of this number.
    pub fn click_on(&self, link_number: u64) -> String {
        let clicked_at_seconds = u32::try_from(self.now.as_second()).unwrap();
        let (class, random) = (ClickClass::Human, self.seq);
        Click { link_number, clicked_at_seconds, class, random }.seal(&click_keys())
    }

    pub fn click(&self) -> String {
        self.click_on(self.link_number)
    }

    /// Stores an event without settling it; answers its id.
    pub async fn accept(&mut self, kind: EventKind, body: Value) -> String {
        self.seq += 1;
        let object = format!("{}:live", self.network.merchant);
        let event_id = EventId { kind, epoch: EPOCH, seq: self.seq }.to_string();
        let event = EventRecord {
            seq: self.seq,
            event_id: event_id.clone(),
            kind,
            received_at_ms: self.now.as_millisecond(),
            key_id: "pk_live_abc".to_owned(),
            body: raw(&body.to_string()),
        };
        let batch = EventBatch { head: head(&object, EPOCH, self.seq), events: vec![event] };
        accept_events::run(self.pool(), &intake(), &batch, self.now).await.unwrap();
        event_id
    }

    pub async fn settle(&self) {
        let keys = click_keys();
        calm(self.pool()).await;
        let once = || settle_events::run_once(self.pool(), &keys, EVENTS_MAX, self.now);
        while once().await.unwrap() != Progress::Idle {}
    }

    /// Reports an order of 2,999 rupees with these fields more; answers its outcome's code.
    pub async fn order(&mut self, id: &str, more: Value) -> String {
        let event_id = self.accept(EventKind::Conversion, order_body(id, &more)).await;
        self.settle().await;
        self.code(&event_id).await
    }

    pub async fn report(&mut self, id: &str, status: &str, more: Value) -> String {
        let mut body = json!({"externalOrderId": id, "status": status});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let event_id = self.accept(EventKind::OrderStatus, body).await;
        self.settle().await;
        self.code(&event_id).await
    }

    pub async fn code(&self, event_id: &str) -> String {
        let sql = "select code from inbox where event_id = $1";
        sqlx::query_scalar(sql).bind(event_id).fetch_one(self.pool()).await.unwrap()
    }

    pub fn conversion(&self, id: &str) -> ConversionId {
        ConversionId::derive(self.network.merchant, self.network.scope.environment, id)
    }

    /// Takes up what waits, as the job does.
    pub async fn resume(&self) {
        let keys = click_keys();
        calm(self.pool()).await;
        let once = || resume_parked::run_once(self.pool(), &keys, self.now);
        while once().await.unwrap() != Progress::Idle {}
    }

    /// `state net affiliate` of an order's commission; empty without one.
    pub async fn commission(&self, id: &str) -> String {
        let sql = "select commission.state || ' ' || net_amount || ' ' || affiliate.name
                   from commission join affiliate using (affiliate_id) where conversion_id = $1";
        let found: Option<String> = sqlx::query_scalar(sql)
            .bind(self.conversion(id).to_string())
            .fetch_optional(self.pool())
            .await
            .unwrap();
        found.unwrap_or_default()
    }

    /// `state confidence review` of an order.
    pub async fn standing(&self, id: &str) -> String {
        let sql = "select state || ' ' || confidence || ' ' || coalesce(review, '-')
                   from conversion where conversion_id = $1";
        sqlx::query_scalar(sql)
            .bind(self.conversion(id).to_string())
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// Why each candidate of an order won or lost.
    pub async fn reasons(&self, id: &str) -> Vec<String> {
        let sql = "select attribution from conversion where conversion_id = $1";
        let receipt: Value = sqlx::query_scalar(sql)
            .bind(self.conversion(id).to_string())
            .fetch_one(self.pool())
            .await
            .unwrap();
        let candidates = receipt["candidates"].as_array().unwrap();
        let word = |c: &Value| c.get("reason").unwrap_or(&c["result"]).as_str().unwrap().to_owned();
        candidates.iter().map(word).collect()
    }

    /// Types of an order's notices, in order, without `event.processed`.
    pub async fn notices(&self, id: &str) -> Vec<String> {
        let sql = "select type from webhook_event
                   where conversion_id = $1 and type <> 'event.processed' order by position";
        sqlx::query_scalar(sql)
            .bind(self.conversion(id).to_string())
            .fetch_all(self.pool())
            .await
            .unwrap()
    }

    /// Every receipt comes out again from what it kept, as stored.
    pub async fn assert_receipts_hold(&self) {
        let ids: Vec<String> = sqlx::query_scalar("select conversion_id from conversion")
            .fetch_all(self.pool())
            .await
            .unwrap();
        let mut keys = order::Keys::default();
        for id in &ids {
            keys.push(self.network.scope, ConversionId::parse(id).unwrap());
        }
        let mut connection = self.pool().acquire().await.unwrap();
        let orders = order::lock(&mut connection, &keys).await.unwrap();
        assert_eq!(orders.len(), ids.len());
        for order in orders {
            let mut stored = order.attribution.clone();
            stored.as_object_mut().unwrap().remove("pricing");
            let receipt: Receipt = serde_json::from_value(stored.clone()).unwrap();
            let (_, again) = recompute(order.asked(), &receipt).unwrap();
            assert_eq!(
                serde_json::to_value(&again).unwrap(),
                stored,
                "{}",
                order.external_order_id
            );
        }
    }

    /// Every affiliate account equals the net of its commissions, and all entries sum to zero.
    pub async fn assert_books_hold(&self) {
        let sql = "with held as (
                       select 'A.' || state as account, affiliate_id, sum(net_amount) as net
                       from commission where state in ('pending', 'hold', 'approved', 'payable')
                       group by state, affiliate_id
                   ), booked as (
                       select account, affiliate_id, sum(amount) as net from ledger_entry
                       where account like 'A.%' group by account, affiliate_id
                   )
                   select count(*) from held full join booked using (account, affiliate_id)
                   where coalesce(held.net, 0) <> coalesce(booked.net, 0)";
        let unequal: i64 = sqlx::query_scalar(sql).fetch_one(self.pool()).await.unwrap();
        let sql = "select coalesce(sum(amount), 0) = 0 from ledger_entry";
        let is_zero: bool = sqlx::query_scalar(sql).fetch_one(self.pool()).await.unwrap();
        assert_eq!((unequal, is_zero), (0, true));
    }
}

pub fn order_body(id: &str, more: &Value) -> Value {
    let mut body = json!({"externalOrderId": id, "orderAmount": "2999.00", "currency": "NPR"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}
