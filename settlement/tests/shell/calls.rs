//! The request log from the edge: stored once, in its month, with keys' last use; garbage passed
//! over; read newest first by its merchant alone.

use crate::batches::{EPOCH, head, intake, now, raw};
use crate::database;
use crate::network::Network;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use settlement::error::Fault;
use settlement::flows::record_clicks;
use settlement::store::request_log::{self, CallFilter};
use shared::internal::{ClickBatch, ClickRow};
use sqlx::PgPool;
use uuid::Uuid;

const SHARD: &str = "clicks-1";
const DAY_MS: i64 = 86_400_000;

fn merchant() -> Uuid {
    crate::batches::MERCHANT.parse().unwrap()
}

/// A call of a key, so many milliseconds after the tests' instant.
fn call(id: u64, merchant: Uuid, key_id: &str, after_ms: i64) -> Value {
    json!({"id": id, "receivedAtMs": now().as_millisecond() + after_ms, "merchantId": merchant,
           "environment": "live", "keyId": key_id, "method": "POST",
           "path": "/api/v1/conversions", "status": 202, "latencyMs": 12, "requestId": "r-1",
           "eventId": "cnvevt_1", "taken": "RECEIVED", "contentBytes": 80, "proven": true})
}

fn with(mut call: Value, more: &Value) -> Value {
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call
}

fn row(seq: u64, log: &Value) -> ClickRow {
    ClickRow { seq, clicks: raw("[]"), dropped: 0, log: Some(raw(&log.to_string())) }
}

async fn record(pool: &PgPool, rows: Vec<ClickRow>) -> Result<u64, Fault> {
    let batch = ClickBatch { head: head(SHARD, EPOCH, 9), rows };
    Ok(record_clicks::run(pool, &intake(), &batch, now()).await?.acknowledged_seq)
}

async fn ids(pool: &PgPool) -> Vec<String> {
    let sql = "select request_log_id from request_log order by received_at, request_log_id";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

fn filter(environment: &'static str, merchant_id: Uuid) -> CallFilter {
    CallFilter {
        environment,
        merchant_id,
        key_id: None,
        status: None,
        code: None,
        route: None,
        request_id: None,
        event_id: None,
        after: None,
        rows_max: 100,
    }
}

/// A line of calls that were only counted.
type Tally = (String, Uuid, Option<String>, String, i64);

#[tokio::test]
async fn a_resent_row_of_the_log_has_no_second_effect() {
    let pool = database::fresh().await;
    let key = json!({"merchantId": merchant(), "environment": "test", "keyId": "pk_test_a"});
    let minute_ms = now().as_millisecond();
    let tallies = json!([
        {"id": 3, "minuteMs": minute_ms, "reason": "unproven", "key": key, "calls": 9},
        {"id": 4, "minuteMs": minute_ms, "reason": "unknown_key", "calls": 5},
    ]);
    let calls = json!([call(1, merchant(), "pk_live_a", 0), call(2, merchant(), "pk_live_a", 0)]);
    let log = json!({"calls": calls, "tallies": tallies});
    assert_eq!(record(&pool, vec![row(1, &log)]).await.unwrap(), 1);
    // The acknowledgement was lost; then the isolate, too, sends again what was stored.
    assert_eq!(record(&pool, vec![row(1, &log), row(2, &log)]).await.unwrap(), 2);
    assert_eq!(ids(&pool).await, ["call_0000000000000001", "call_0000000000000002"]);
    let sql = "select environment, merchant_id, key_id, reason, calls from call_tally order by 5";
    let found: Vec<Tally> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
    let expected = [
        ("live".to_owned(), Uuid::nil(), None, "unknown_key".to_owned(), 5),
        ("test".to_owned(), merchant(), Some("pk_test_a".to_owned()), "unproven".to_owned(), 9),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_row_says_what_the_edge_saw() {
    let pool = database::fresh().await;
    let refused = json!({"path": "/api/v1/events/cnvevt_1", "method": "GET", "status": 400,
                         "code": "VALIDATION_ERROR", "faults": ["a is required", "b is not"]});
    let mut refused = with(call(0xab, merchant(), "pk_live_a", 3), &refused);
    for name in ["eventId", "taken", "contentBytes"] {
        refused.as_object_mut().unwrap().remove(name);
    }
    let log = json!({"calls": [call(1, merchant(), "pk_live_a", 0), refused]});
    record(&pool, vec![row(1, &log)]).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let rows = request_log::list(&mut connection, &filter("live", merchant())).await.unwrap();
    let shown: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            serde_json::to_value(settlement::wire::request_log::LoggedCall::of(row)).unwrap()
        })
        .collect();
    let expected = json!([
        {"id": "call_00000000000000ab", "receivedAt": "2026-06-14T03:45:00.003Z",
         "keyId": "pk_live_a", "method": "GET", "path": "/api/v1/events/cnvevt_1",
         "route": "/api/v1/events/{id}", "status": 400, "code": "VALIDATION_ERROR",
         "latencyMs": 12, "requestId": "r-1", "eventId": null, "taken": null,
         "faults": ["a is required", "b is not"], "contentBytes": null},
        {"id": "call_0000000000000001", "receivedAt": "2026-06-14T03:45:00Z",
         "keyId": "pk_live_a", "method": "POST", "path": "/api/v1/conversions",
         "route": "/api/v1/conversions", "status": 202, "code": null,
         "latencyMs": 12, "requestId": "r-1", "eventId": "cnvevt_1", "taken": "RECEIVED",
         "faults": [], "contentBytes": 80},
    ]);
    assert_eq!(Value::from(shown), expected);
}

#[tokio::test]
async fn a_batch_of_the_version_before_is_read_as_it_is() {
    let pool = database::fresh().await;
    let click = json!([{"clickId": "clk_1", "linkNumber": 5, "class": "human", "reason": "browser",
                        "clickedAtMs": now().as_millisecond()}]);
    let text = json!({"version": 2, "object": SHARD, "epoch": format!("{EPOCH:016x}"),
                      "highestSeq": 1, "lowestSeq": 1, "sentAtMs": now().as_millisecond(),
                      "clickKeyNumber": 3,
                      "rows": [{"seq": 1, "clicks": click, "dropped": 0}]});
    let batch: ClickBatch = serde_json::from_str(&text.to_string()).unwrap();
    let answer = record_clicks::run(&pool, &intake(), &batch, now()).await.unwrap();
    assert_eq!(answer.acknowledged_seq, 1);
    let clicks: i64 =
        sqlx::query_scalar("select count(*) from click").fetch_one(&pool).await.unwrap();
    assert_eq!((clicks, ids(&pool).await.len()), (1, 0));
    let mut older = batch;
    older.head.version = 1;
    assert!(record_clicks::run(&pool, &intake(), &older, now()).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_read_is_passed_over_and_the_stream_goes_on() {
    let pool = database::fresh().await;
    let good = |id| call(id, merchant(), "pk_live_a", 0);
    let bad = [
        json!(1),
        json!({"id": 1}),
        with(good(11), &json!({"path": "a\0b"})),
        with(good(12), &json!({"keyId": "k".repeat(5_000)})),
        with(good(13), &json!({"receivedAtMs": i64::MAX})),
        with(good(14), &json!({"status": 40_000})),
        with(good(15), &json!({"faults": vec!["f"; 1_000]})),
        with(good(16), &json!({"faults": ["a\0b"]})),
        with(good(17), &json!({"environment": "sandbox"})),
        with(good(18), &json!({"taken": "SOLD"})),
        with(good(19), &json!({"code": "c".repeat(5_000)})),
    ];
    let mut calls: Vec<Value> = bad.into();
    calls.push(with(good(2), &json!({"contentBytes": u64::MAX, "extra": 1})));
    let tallies = json!([1, {"id": 1, "minuteMs": 0, "reason": "boredom", "calls": 1}]);
    let rows = vec![
        row(1, &json!("no object")),
        row(2, &json!({"calls": {"no": "list"}})),
        row(3, &json!({"calls": calls, "tallies": tallies})),
        row(4, &json!({"calls": [good(3)]})),
    ];
    assert_eq!(record(&pool, rows).await.unwrap(), 4);
    assert_eq!(ids(&pool).await, ["call_0000000000000002", "call_0000000000000003"]);
    let bytes: Option<i64> = sqlx::query_scalar("select max(content_bytes) from request_log")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(bytes, Some(i64::MAX));
}

#[tokio::test]
async fn each_month_has_a_partition_of_its_own() {
    let pool = database::fresh().await;
    let calls = json!([
        call(1, merchant(), "pk_live_a", 0),
        call(2, merchant(), "pk_live_a", -30 * DAY_MS),
        call(3, merchant(), "pk_live_a", 30 * DAY_MS),
    ]);
    let tallies = json!([{"id": 3, "minuteMs": 0, "reason": "missing_key", "calls": 9}]);
    record(&pool, vec![row(1, &json!({"calls": calls, "tallies": tallies}))]).await.unwrap();
    let partitions: Vec<String> = sqlx::query_scalar(
        "select relid::text from pg_partition_tree('request_log') where isleaf
         union all select relid::text from pg_partition_tree('call_tally') where isleaf
         order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let expected =
        ["call_tally_197001", "request_log_202605", "request_log_202606", "request_log_202607"];
    assert_eq!(partitions, expected);
}

#[tokio::test]
async fn a_keys_last_use_moves_forward_alone_and_only_with_proven_calls() {
    let network = Network::new(database::fresh().await).await;
    let (pool, merchant) = (&network.pool, network.merchant.0);
    let (key, other) = (network.key().await.key_id, network.key().await.key_id);
    let last_used = async |key_id: &str| -> Option<i64> {
        let sql = "select (extract(epoch from last_used_at) * 1000)::bigint
                   from api_key where key_id = $1";
        let at: Option<i64> = sqlx::query_scalar(sql).bind(key_id).fetch_one(pool).await.unwrap();
        at.map(|at| at - now().as_millisecond())
    };
    let unproven = |id, after_ms| {
        let refused = json!({"status": 401, "code": "SIG_BAD_SIGNATURE", "proven": false});
        with(call(id, merchant, &key, after_ms), &refused)
    };
    // Another merchant's claim to the key moves nothing.
    let foreign = call(9, Uuid::nil(), &key, 9_000);
    let mut place = 0;
    for (calls, expected) in [
        (json!([unproven(1, 5_000), foreign]), None),
        (
            json!([
                call(2, merchant, &key, 100),
                call(3, merchant, &key, 300),
                call(4, merchant, &key, 200)
            ]),
            Some(300),
        ),
        (json!([call(5, merchant, &key, 250), unproven(6, 900)]), Some(300)),
        (json!([call(7, merchant, &key, 400)]), Some(400)),
    ] {
        place += 1;
        record(pool, vec![row(place, &json!({"calls": calls}))]).await.unwrap();
        assert_eq!(last_used(&key).await, expected, "{calls}");
    }
    assert_eq!(last_used(&other).await, None);
}

#[tokio::test]
async fn batches_that_use_the_same_keys_never_wait_for_each_other_for_good() {
    let network = Network::new(database::fresh().await).await;
    let (a, b) = (network.key().await.key_id, network.key().await.key_id);
    let merchant = network.merchant.0;
    let writers = (0..4_u64).map(|shard| {
        let (pool, a, b) = (network.pool.clone(), a.clone(), b.clone());
        tokio::spawn(async move {
            for seq in 1..=10_u64 {
                let id = shard * 1_000 + seq * 10;
                let after_ms = i64::try_from(seq).unwrap();
                let mut calls =
                    vec![call(id, merchant, &a, after_ms), call(id + 1, merchant, &b, after_ms)];
                if shard % 2 == 0 {
                    calls.reverse();
                }
                let rows = vec![row(seq, &json!({"calls": calls}))];
                let batch = ClickBatch { head: head(&format!("clicks-{shard}"), EPOCH, seq), rows };
                record_clicks::run(&pool, &intake(), &batch, now()).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(ids(&network.pool).await.len(), 80);
}

#[tokio::test]
async fn a_merchant_reads_its_own_calls_newest_first_through_every_filter() {
    let pool = database::fresh().await;
    let own = |id, key: &str, after_ms| call(id, merchant(), key, after_ms);
    let read = json!({"path": "/api/v1/events/cnvevt_1", "status": 404, "code": "NOT_FOUND",
                      "requestId": "r-2", "eventId": null});
    let calls = json!([
        own(1, "pk_live_a", 0),
        own(2, "pk_live_a", 0),
        with(own(3, "pk_live_b", 5), &read),
        with(own(4, "pk_test_a", 6), &json!({"environment": "test"})),
        call(5, Uuid::nil(), "pk_live_a", 7),
    ]);
    record(&pool, vec![row(1, &json!({"calls": calls}))]).await.unwrap();
    let found = async |filter: CallFilter| -> Vec<String> {
        let mut connection = pool.acquire().await.unwrap();
        let rows = request_log::list(&mut connection, &filter).await.unwrap();
        rows.into_iter().map(|row| row.request_log_id[20..].to_owned()).collect()
    };
    let all = || filter("live", merchant());
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found(all()).await, ["3", "2", "1"]);
    assert_eq!(found(filter("test", merchant())).await, ["4"]);
    let cases = [
        (CallFilter { key_id: text("pk_live_b"), ..all() }, "3"),
        (CallFilter { status: Some(404), ..all() }, "3"),
        (CallFilter { code: text("NOT_FOUND"), ..all() }, "3"),
        (CallFilter { route: text("/api/v1/events/{id}"), ..all() }, "3"),
        (CallFilter { request_id: text("r-2"), ..all() }, "3"),
        (CallFilter { event_id: text("cnvevt_1"), rows_max: 1, ..all() }, "2"),
    ];
    for (filter, expected) in cases {
        assert_eq!(found(filter.clone()).await, [expected], "{filter:?}");
    }
    let after = |at: Timestamp, id: &str| {
        Some((settlement::store::instant::to_row(at), format!("call_{id:0>16}")))
    };
    let next = CallFilter { after: after(now(), "2"), ..all() };
    assert_eq!(found(next).await, ["1"]);
    let next = CallFilter { after: after(now() + SignedDuration::from_millis(5), "3"), ..all() };
    assert_eq!(found(next).await, ["2", "1"]);
}
