//! One endpoint with its lane and its merchant's log, as tests of deliveries need them.

use crate::batches::now;
use crate::database;
use crate::network::Network;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use settlement::domain::order::Scope;
use settlement::domain::webhook::endpoint::EndpointKey;
use settlement::flows::actor::Actor;
use settlement::flows::webhook_endpoint;
use settlement::store::instant;
use shared::validate::resource::{endpoint_change, new_endpoint};
use shared::validate::web_address::Reach;
use sqlx::{PgConnection, PgPool};

pub struct Lane {
    pub network: Network,
    pub key: EndpointKey,
    pub secret: String,
}

/// So many seconds after the instant of the tests.
pub fn at(seconds: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

impl Lane {
    /// An endpoint that chose `conversion.received` and `commission.paid`.
    pub async fn new() -> Self {
        let network = Network::new(database::fresh().await).await;
        let scope = network.scope;
        let body = br#"{"url":"https://hooks.shop.example/k",
            "events":["conversion.received","commission.paid"]}"#;
        let new = new_endpoint(body, Reach::Public).unwrap();
        let actor = Actor::Key { merchant: scope.merchant };
        let mut connection = network.pool.acquire().await.unwrap();
        let made =
            webhook_endpoint::create(&mut connection, &network.vault, actor, scope, new, now())
                .await
                .unwrap();
        drop(connection);
        let sql = "select ensure_month_partition('webhook_delivery', $1)";
        for moment in [at(-20 * 86_400), at(0), at(20 * 86_400)] {
            sqlx::query(sql).bind(instant::to_row(moment)).execute(&network.pool).await.unwrap();
        }
        let key = EndpointKey {
            environment: scope.environment,
            merchant: scope.merchant,
            endpoint: made.row.endpoint_id,
        };
        Self { network, key, secret: made.secret }
    }

    pub fn pool(&self) -> &PgPool {
        &self.network.pool
    }

    pub fn scope(&self) -> Scope {
        self.network.scope
    }

    pub fn actor(&self) -> Actor {
        Actor::Key { merchant: self.scope().merchant }
    }

    pub async fn change(&self, body: &str, seconds: i64) {
        let change = endpoint_change(body.as_bytes(), Reach::Public).unwrap();
        let (actor, scope, id) = (self.actor(), self.scope(), self.key.endpoint);
        let mut connection = self.pool().acquire().await.unwrap();
        webhook_endpoint::change(&mut connection, actor, scope, id, change, at(seconds))
            .await
            .unwrap();
    }

    /// Writes a group of notices of these types into the log, owed to nobody; answers its
    /// position.
    pub async fn log(&self, kinds: &[&str], seconds: i64) -> i64 {
        log(&mut self.pool().acquire().await.unwrap(), self.scope(), kinds, seconds).await
    }

    /// Writes a delivery of a notice, numbered on, in this state.
    pub async fn deliver(&self, position: i64, state: &str, seconds: i64) -> i64 {
        let sql = "with lane as (
                       update webhook_lane set last_sequence = last_sequence + 1
                       where endpoint_id = $3 returning last_sequence)
                   insert into webhook_delivery (environment, merchant_id, endpoint_id, sequence,
                       position, message_id, type, body, state, attempts, tries,
                       next_attempt_at, created_at, ended_at)
                   select $1, $2, $3, last_sequence, $4, 'msg_' || $4, 'conversion.received', '{}',
                       $5, 8, 8, case when $5 = 'pending' then $6 + interval '1 hour' end, $6,
                       case when $5 <> 'pending' then $6 end
                   from lane returning sequence";
        sqlx::query_scalar(sql)
            .bind(self.key.environment.as_str())
            .bind(self.key.merchant.0)
            .bind(self.key.endpoint)
            .bind(position)
            .bind(state)
            .bind(instant::to_row(at(seconds)))
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    /// `sequence position state attempts tries` of each delivery, in order; `-` for a ping.
    pub async fn deliveries(&self) -> Vec<String> {
        let sql = "select sequence || ' ' || coalesce(position::text, '-') || ' ' || state
                       || ' ' || attempts || ' ' || tries
                   from webhook_delivery where endpoint_id = $1 order by sequence";
        sqlx::query_scalar(sql).bind(self.key.endpoint).fetch_all(self.pool()).await.unwrap()
    }

    /// The lane: newest number, seconds after the instant of the tests when it is due, failures.
    pub async fn lane(&self) -> (i64, Option<i64>, i32) {
        let sql = "select last_sequence, extract(epoch from due_at - $2)::bigint, failures_in_row
                   from webhook_lane where endpoint_id = $1";
        sqlx::query_as(sql)
            .bind(self.key.endpoint)
            .bind(instant::to_row(now()))
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    pub async fn fail(&self) {
        let sql = "update webhook_lane set failures_in_row = 9, failing_since = $2, due_at = $3
                   where endpoint_id = $1";
        sqlx::query(sql)
            .bind(self.key.endpoint)
            .bind(instant::to_row(at(-9_000)))
            .bind(instant::to_row(at(9_000)))
            .execute(self.pool())
            .await
            .unwrap();
    }
}

/// Writes a group of notices of these types; answers its position.
pub async fn log(connection: &mut PgConnection, scope: Scope, kinds: &[&str], seconds: i64) -> i64 {
    let notices: Vec<Value> = kinds
        .iter()
        .map(|kind| json!({"type": kind, "occurredAt": at(seconds), "data": {"second": seconds}}))
        .collect();
    let sql = "insert into webhook_event_group (environment, merchant_id, notices, created_at)
               values ($1, $2, $3::json, $4) returning position";
    sqlx::query_scalar(sql)
        .bind(scope.environment.as_str())
        .bind(scope.merchant.0)
        .bind(Value::from(notices))
        .bind(instant::to_row(at(seconds)))
        .fetch_one(connection)
        .await
        .unwrap()
}
