//! Events from the edge: gapless, exactly once, never lost, whatever they hold.

use crate::batches::{EPOCH, batch, click_keys, event, intake, now};
use crate::database;
use settlement::error::Fault;
use settlement::flows::accept_events;
use shared::internal::EventBatch;
use sqlx::PgPool;

async fn accept(pool: &PgPool, batch: &EventBatch) -> Result<u64, Fault> {
    let answer = accept_events::run(pool, &intake(), batch, now()).await?;
    Ok(answer.acknowledged_seq)
}

async fn stored(pool: &PgPool) -> Vec<i64> {
    sqlx::query_scalar("select seq from inbox order by epoch, seq").fetch_all(pool).await.unwrap()
}

async fn marks(pool: &PgPool) -> Vec<(String, i64, i64)> {
    let sql = "select epoch, stored_seq, highest_seq from edge_stream order by epoch";
    sqlx::query_as(sql).fetch_all(pool).await.unwrap()
}

#[tokio::test]
async fn a_stream_grows_gapless_and_a_repeat_has_no_second_effect() {
    let pool = database::fresh().await;
    assert_eq!(accept(&pool, &batch(EPOCH, &[1, 2])).await.unwrap(), 2);
    // The acknowledgement was lost: the edge sends again, with one more.
    assert_eq!(accept(&pool, &batch(EPOCH, &[1, 2, 3])).await.unwrap(), 3);
    assert_eq!(accept(&pool, &batch(EPOCH, &[1, 2, 3])).await.unwrap(), 3);
    assert_eq!(accept(&pool, &batch(EPOCH, &[2])).await.unwrap(), 3);
    assert_eq!(stored(&pool).await, [1, 2, 3]);
    let cursors: i64 =
        sqlx::query_scalar("select count(*) from settle_cursor").fetch_one(&pool).await.unwrap();
    assert_eq!(cursors, 1);
}

#[tokio::test]
async fn a_gap_is_acknowledged_only_up_to_it_and_closes_when_the_missing_comes() {
    let pool = database::fresh().await;
    assert_eq!(accept(&pool, &batch(EPOCH, &[1, 3, 4])).await.unwrap(), 1);
    let mut with_more_out = batch(EPOCH, &[3, 4]);
    with_more_out.head.highest_seq = 9;
    assert_eq!(accept(&pool, &with_more_out).await.unwrap(), 1);
    assert_eq!(marks(&pool).await, [("0123456789abcdef".to_owned(), 1, 9)]);
    assert_eq!(accept(&pool, &batch(EPOCH, &[2, 3, 4])).await.unwrap(), 4);
    assert_eq!(stored(&pool).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_wiped_object_begins_a_new_stream_beside_the_old_one() {
    let pool = database::fresh().await;
    assert_eq!(accept(&pool, &batch(EPOCH, &[1, 2])).await.unwrap(), 2);
    assert_eq!(accept(&pool, &batch(EPOCH + 1, &[])).await.unwrap(), 0);
    assert_eq!(accept(&pool, &batch(EPOCH + 1, &[1])).await.unwrap(), 1);
    let marks = marks(&pool).await;
    assert_eq!(marks.iter().map(|(_, stored, _)| *stored).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(stored(&pool).await, [1, 2, 1]);
}

#[tokio::test]
async fn the_content_of_an_event_never_fails_a_batch_and_is_kept_byte_for_byte() {
    let pool = database::fresh().await;
    let bodies = [r#"{ "a" : 1.00,"b":"é\u0000" }"#, "null", "[[[]]]", r#""\ud800""#];
    let mut batch = batch(EPOCH, &[]);
    batch.events = bodies.iter().zip(1..).map(|(body, seq)| event(EPOCH, seq, body)).collect();
    assert_eq!(accept(&pool, &batch).await.unwrap(), 4);
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("select body from inbox order by seq").fetch_all(&pool).await.unwrap();
    assert_eq!(kept, bodies.map(|body| body.as_bytes().to_vec()));
}

#[tokio::test]
async fn a_batch_of_an_unknown_click_key_waits_and_one_that_lies_is_refused() {
    let pool = database::fresh().await;
    let mut newer_key = batch(EPOCH, &[1]);
    newer_key.head.click_key_number = 4;
    let fault = accept(&pool, &newer_key).await.unwrap_err();
    assert_eq!(fault.problem().status(), 503);
    assert!(click_keys().get(4).is_none());
    let mut other_epoch = batch(EPOCH, &[1]);
    other_epoch.events = vec![event(EPOCH + 1, 1, "{}")];
    let mut other_version = batch(EPOCH, &[1]);
    other_version.head.version = 99;
    let mut no_intake = batch(EPOCH, &[1]);
    no_intake.head.object = "clicks-0".to_owned();
    for lie in [other_epoch, other_version, no_intake] {
        let fault = accept(&pool, &lie).await.unwrap_err();
        assert!(matches!(fault, Fault::BatchRefused(_)), "{fault}");
    }
    assert_eq!(stored(&pool).await, Vec::<i64>::new());
}

#[tokio::test]
async fn ten_copies_of_a_batch_at_once_are_stored_once() {
    let pool = database::fresh().await;
    let copies = (0..10).map(|_| {
        let pool = pool.clone();
        tokio::spawn(async move { accept(&pool, &batch(EPOCH, &[1, 2, 3])).await.unwrap() })
    });
    for copy in copies.collect::<Vec<_>>() {
        assert_eq!(copy.await.unwrap(), 3);
    }
    assert_eq!(stored(&pool).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_dropped_partition_is_made_again() {
    let pool = database::fresh().await;
    let intake = intake();
    let first = batch(EPOCH, &[1]);
    accept_events::run(&pool, &intake, &first, now()).await.unwrap();
    sqlx::query("drop table inbox_202606").execute(&pool).await.unwrap();
    let second = batch(EPOCH, &[2]);
    assert!(accept_events::run(&pool, &intake, &second, now()).await.is_err());
    let answer = accept_events::run(&pool, &intake, &second, now()).await.unwrap();
    assert_eq!(answer.acknowledged_seq, 2);
}
