//! A shop that sells through one link, told to settlement as the edge would tell it.

use crate::batches::{click_keys, head, intake, now, raw};
use crate::calm::calm;
use crate::database;
use crate::network::{BY, Network, new_campaign};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use settlement::domain::rule::Subject;
use settlement::flows::create_link::{self, Created};
use settlement::flows::settle_events::Progress;
use settlement::flows::{create_campaign, record_clicks, release_holds, set_rule, settle_events};
use settlement::store::instant;
use shared::click_id::{Click, ClickClass};
use shared::id::{ConversionId, EventId, EventKind};
use shared::internal::{ClickBatch, ClickRow};
use std::collections::BTreeMap;

const EPOCH: u64 = 7;

pub struct Shop {
    pub network: Network,
    pub now: Timestamp,
    link: Created,
    seq: u64,
    clicks: u64,
}

impl Shop {
    /// A shop whose return window has so many days; its rule pays 10 %.
    pub async fn new(hold_days: u32) -> Self {
        let mut network = Network::new(database::fresh().await).await;
        let campaign = create_campaign::NewCampaign {
            hold_days: Some(hold_days),
            ..new_campaign(network.scope)
        };
        network.campaign = create_campaign::run(&network.pool, BY, campaign, now()).await.unwrap();
        let rule = set_rule::NewRule::percent(
            network.scope.environment,
            Some(network.merchant),
            Subject::Merchant,
            1_000,
        );
        set_rule::run(&network.pool, BY, rule, now()).await.unwrap();
        let link = create_link::run(&network.pool, BY, network.new_link("l"), now()).await.unwrap();
        let object = format!("{}:live", network.merchant.0);
        for sql in [
            "insert into edge_stream values ($1, '0000000000000007', 0, 0, now(), now())",
            "insert into settle_cursor values ($1, '0000000000000007', 0)",
        ] {
            sqlx::query(sql).bind(&object).execute(&network.pool).await.unwrap();
        }
        Self { network, now: now(), link, seq: 0, clicks: 0 }
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    pub fn wait_days(&mut self, days: i64) {
        self.wait(days * 86_400);
    }

    /// A click made now, not recorded yet.
    pub fn click(&mut self, class: ClickClass) -> String {
        self.clicks += 1;
        let clicked_at_seconds = u32::try_from(self.now.as_second()).unwrap();
        let (link_number, random) = (self.link.link_number, self.clicks);
        Click { link_number, clicked_at_seconds, class, random }.seal(&click_keys())
    }

    /// The record of a click that was made so many seconds ago comes.
    pub async fn record(&mut self, click_id: &str, ago: i64, country: &str, shopper_hash: &str) {
        let clicked_at = self.now.as_millisecond() - ago * 1_000;
        let click = json!([{
            "clickId": click_id, "linkNumber": self.link.link_number, "class": "human",
            "reason": "browser", "clickedAtMs": clicked_at, "country": country,
            "shopperHash": shopper_hash, "subIds": ["", "", ""],
        }]);
        self.clicks += 1;
        let row = ClickRow { seq: 1, clicks: raw(&click.to_string()), dropped: 0, log: None };
        let batch = ClickBatch { head: head("clicks-1", self.clicks, 1), rows: vec![row] };
        record_clicks::run(&self.network.pool, &intake(), &batch, self.now).await.unwrap();
    }

    async fn accept(&mut self, kind: EventKind, body: &Value) {
        self.seq += 1;
        let event_id = EventId { kind, epoch: EPOCH, seq: self.seq }.to_string();
        let (object, seq) = (format!("{}:live", self.network.merchant.0), self.seq);
        let at = instant::to_row(self.now);
        sqlx::query("select ensure_month_partition('inbox', $1)")
            .bind(at)
            .execute(&self.network.pool)
            .await
            .unwrap();
        sqlx::query(
            "insert into inbox (environment, merchant_id, received_at, event_id, object, epoch,
                 seq, kind, key_id, body, stored_at)
             values ('live', $1, $2, $3, $4, '0000000000000007', $5, $6, 'pk_live_x', $7, $2)",
        )
        .bind(self.network.merchant.0)
        .bind(at)
        .bind(&event_id)
        .bind(&object)
        .bind(i64::try_from(seq).unwrap())
        .bind(kind.as_str())
        .bind(body.to_string().as_bytes())
        .execute(&self.network.pool)
        .await
        .unwrap();
        sqlx::query("update edge_stream set stored_seq = $1, highest_seq = $1 where object = $2")
            .bind(i64::try_from(seq).unwrap())
            .bind(&object)
            .execute(&self.network.pool)
            .await
            .unwrap();
    }

    /// An order comes in, with more of its fields.
    pub async fn order(&mut self, id: &str, amount: &str, click: &str, more: Value) {
        let mut body = json!({
            "externalOrderId": id, "orderAmount": amount, "currency": "NPR", "clickId": click,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.accept(EventKind::Conversion, &body).await;
    }

    pub async fn report(&mut self, id: &str, status: &str) {
        let body = json!({ "externalOrderId": id, "status": status });
        self.accept(EventKind::OrderStatus, &body).await;
    }

    /// Settles all there is, so many events a transaction.
    pub async fn settle(&self, events_max: usize) {
        let pool = &self.network.pool;
        calm(pool).await;
        while settle_events::run_once(pool, &click_keys(), events_max, self.now).await.unwrap()
            != Progress::Idle
        {}
    }

    pub async fn release(&self) {
        calm(&self.network.pool).await;
        while release_holds::run_once(&self.network.pool, self.now).await.unwrap() != Progress::Idle
        {
        }
    }

    pub fn conversion(&self, order: &str) -> ConversionId {
        let scope = self.network.scope;
        ConversionId::derive(scope.merchant, scope.environment, order)
    }

    pub async fn state(&self, order: &str) -> String {
        sqlx::query_scalar("select state from commission where conversion_id = $1")
            .bind(self.conversion(order).to_string())
            .fetch_one(&self.network.pool)
            .await
            .unwrap()
    }

    /// Every score, by order and in the order of writing: points, reasons and outcome.
    pub async fn scores(&self) -> BTreeMap<String, Vec<String>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select external_order_id, concat_ws(' ', points, (
                 select string_agg(each.told ->> 'code', ',') from jsonb_array_elements(reasons) each (told)
             ), outcome)
             from risk_score join commission using (environment, merchant_id, commission_id)
             join conversion using (environment, merchant_id, conversion_id)
             order by score_id",
        )
        .fetch_all(&self.network.pool)
        .await
        .unwrap();
        let mut scores: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (order, score) in rows {
            scores.entry(order).or_default().push(score);
        }
        scores
    }

    /// MONEY §6: each affiliate account equals the net of the commissions in its state.
    pub async fn assert_books_hold(&self) {
        let unequal: Option<String> = sqlx::query_scalar(
            "with held as (
                 select 'A.' || state as account, sum(net_amount) as net from commission
                 where state in ('pending', 'hold', 'approved', 'payable') group by state
             ), booked as (
                 select account, sum(amount) as net from ledger_entry
                 where account like 'A.%' group by account
             )
             select string_agg(account, ', ') from held full join booked using (account)
             where coalesce(held.net, 0) <> coalesce(booked.net, 0)",
        )
        .fetch_one(&self.network.pool)
        .await
        .unwrap();
        assert_eq!(unequal, None);
    }
}
