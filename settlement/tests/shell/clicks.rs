//! Clicks from the edge: recorded once, whose they are from their link, garbage passed over.

use crate::batches::{EPOCH, head, intake, now, raw};
use crate::database;
use crate::network::Network;
use serde_json::json;
use settlement::error::Fault;
use settlement::flows::record_clicks;
use shared::internal::{ClickBatch, ClickRow};
use sqlx::PgPool;

type Shown = (String, String, uuid::Uuid, Option<uuid::Uuid>, Vec<String>);

fn click(id: &str, link_number: u64) -> serde_json::Value {
    json!({"clickId": id, "linkNumber": link_number, "class": "human", "reason": "browser",
           "clickedAtMs": now().as_millisecond(), "subIds": ["a", "", "c"]})
}

fn row(seq: u64, clicks: &serde_json::Value, dropped: u64) -> ClickRow {
    ClickRow { seq, clicks: raw(&clicks.to_string()), dropped, log: None }
}

async fn record(pool: &PgPool, rows: Vec<ClickRow>) -> Result<u64, Fault> {
    let batch = ClickBatch { head: head("clicks-1", EPOCH, 9), rows };
    Ok(record_clicks::run(pool, &intake(), &batch, now()).await?.acknowledged_seq)
}

async fn count(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from click").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_click_is_recorded_once_with_what_its_link_says() {
    let network = Network::new(database::fresh().await).await;
    let pool = &network.pool;
    let link = network.link("a").await;
    let rows = || vec![row(1, &json!([click("clk_1", link.link_number), click("clk_2", 5)]), 4)];
    assert_eq!(record(pool, rows()).await.unwrap(), 1);
    assert_eq!(record(pool, rows()).await.unwrap(), 1);
    let sql = "select click_id, environment, merchant_id, affiliate_id, sub_ids
               from click order by click_id";
    let known: Vec<Shown> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    let sub_ids = || vec!["a".to_owned(), String::new(), "c".to_owned()];
    let live = || "live".to_owned();
    let (merchant, affiliate) = (network.merchant.0, Some(network.affiliate.0));
    let expected = [
        ("clk_1".to_owned(), live(), merchant, affiliate, sub_ids()),
        ("clk_2".to_owned(), live(), uuid::Uuid::nil(), None, sub_ids()),
    ];
    assert_eq!(known, expected);
    let dropped: i64 = sqlx::query_scalar("select sum(dropped)::bigint from click_loss")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(dropped, 4);
}

#[tokio::test]
async fn garbage_is_passed_over_and_the_stream_goes_on() {
    let pool = database::fresh().await;
    let mut with_nul = click("clk_3", 5);
    with_nul["subIds"] = json!(["a\0b"]);
    let mut too_long = click(&"x".repeat(5_000), 5);
    too_long["reason"] = json!("r");
    let mut off_the_calendar = click("clk_4", 5);
    off_the_calendar["clickedAtMs"] = json!(i64::MAX);
    let rows = vec![
        row(1, &json!({"no": "list"}), 0),
        row(2, &json!([1, click("clk_1", 5), with_nul, too_long, off_the_calendar]), 0),
        row(3, &json!([click("clk_2", u64::MAX), click("clk_5", 6)]), u64::MAX),
    ];
    assert_eq!(record(&pool, rows).await.unwrap(), 3);
    assert_eq!(count(&pool).await, 2);
}

#[tokio::test]
async fn a_gap_in_a_click_stream_holds_its_mark() {
    let pool = database::fresh().await;
    let one = || json!([click("clk_1", 5)]);
    assert_eq!(record(&pool, vec![row(2, &one(), 0)]).await.unwrap(), 0);
    assert_eq!(record(&pool, vec![row(1, &one(), 0), row(2, &one(), 0)]).await.unwrap(), 2);
    assert_eq!(count(&pool).await, 1);
    let cursors: i64 =
        sqlx::query_scalar("select count(*) from settle_cursor").fetch_one(&pool).await.unwrap();
    assert_eq!(cursors, 0);
}
