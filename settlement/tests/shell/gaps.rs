//! Places that cannot come: recorded, reported, and passed only when an operator says so.

use crate::batches::{EPOCH, MERCHANT, batch, head, intake, now, raw};
use crate::edge::{self, FakeEdge};
use crate::{database, network::BY};
use settlement::error::Fault;
use settlement::flows::actor::Actor;
use settlement::flows::recover::{self, Recovery, Standing};
use settlement::flows::{accept_events, record_clicks};
use settlement::outbound::edge::Edge;
use settlement::store::edge_gap::GapRow;
use shared::internal::{ClickBatch, ClickRow, EventBatch, ObjectHead, epoch_text};
use sqlx::PgPool;

const SHARD: &str = "clicks-1";

fn live() -> String {
    format!("{MERCHANT}:live")
}

/// A batch of an object that has deleted everything below a place.
fn pruned_below(lowest_seq: u64, seqs: &[u64]) -> EventBatch {
    let mut batch = batch(EPOCH, seqs);
    batch.head.lowest_seq = lowest_seq;
    batch
}

async fn accept(pool: &PgPool, batch: &EventBatch) -> u64 {
    accept_events::run(pool, &intake(), batch, now()).await.unwrap().acknowledged_seq
}

fn says(object: &str, epoch: u64, lowest_seq: u64, highest_seq: u64) -> ObjectHead {
    ObjectHead {
        calls: 0,
        rows_written: 0,
        object: object.to_owned(),
        epoch: epoch_text(epoch),
        highest_seq,
        acknowledged_seq: 0,
        lowest_seq,
        failures: 0,
    }
}

async fn look(pool: &PgPool, fake: &FakeEdge, edge: &Edge, heads: Vec<ObjectHead>) -> Recovery {
    *fake.heads.lock().unwrap() = heads;
    let mut recovery = Recovery::begin(pool, edge).await.unwrap();
    recovery.look(pool, edge, now()).await.unwrap();
    recovery
}

fn gap(object: &str, epoch: u64, from_seq: i64, to_seq: i64, cause: &str) -> GapRow {
    let (object, epoch, cause) = (object.to_owned(), epoch_text(epoch), cause.to_owned());
    GapRow { object, epoch, from_seq, to_seq, cause }
}

async fn cursor(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select settled_seq from settle_cursor").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn nothing_is_skipped_until_an_operator_accepts_and_then_the_stream_goes_on() {
    let pool = database::fresh().await;
    assert_eq!(accept(&pool, &batch(EPOCH, &[1, 2])).await, 2);
    sqlx::query("update settle_cursor set settled_seq = 2").execute(&pool).await.unwrap();
    for _ in 0..3 {
        assert_eq!(accept(&pool, &pruned_below(6, &[6, 7])).await, 2);
    }
    let expected = [gap(&live(), EPOCH, 3, 5, "pruned")];
    assert_eq!(recover::open_gaps(&pool).await.unwrap(), expected);

    let affiliate = Actor::Affiliate(uuid::Uuid::nil());
    let fault = recover::accept_gaps(&pool, affiliate, &expected, now()).await.unwrap_err();
    assert!(matches!(fault, Fault::PermissionDenied(_)), "{fault}");
    assert_eq!(accept(&pool, &pruned_below(6, &[6, 7])).await, 2);

    assert_eq!(recover::accept_gaps(&pool, BY, &expected, now()).await.unwrap(), expected);
    assert_eq!(recover::accept_gaps(&pool, BY, &expected, now()).await.unwrap(), []);
    assert_eq!((accept(&pool, &pruned_below(6, &[6, 7])).await, cursor(&pool).await), (7, 5));
    assert_eq!(recover::open_gaps(&pool).await.unwrap(), []);
    let audited: i64 =
        sqlx::query_scalar("select count(*) from audit_log where action = 'gap.accept'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(audited, 1);
    let gone = sqlx::query("delete from edge_gap").execute(&pool).await;
    assert!(gone.is_err(), "a gap is never deleted");
}

#[tokio::test]
async fn events_in_front_of_a_gap_are_settled_before_it_is_passed() {
    let pool = database::fresh().await;
    accept(&pool, &batch(EPOCH, &[1, 2])).await;
    accept(&pool, &pruned_below(6, &[6])).await;
    let gaps = recover::open_gaps(&pool).await.unwrap();
    recover::accept_gaps(&pool, BY, &gaps, now()).await.unwrap();
    assert_eq!(cursor(&pool).await, 0);
}

#[tokio::test]
async fn a_gap_of_clicks_is_recorded_and_accepted_the_same_way() {
    let pool = database::fresh().await;
    let mut head = head(SHARD, EPOCH, 5);
    head.lowest_seq = 4;
    let rows =
        || (4..=5).map(|seq| ClickRow { seq, clicks: raw("[]"), dropped: 0, log: None }).collect();
    let batch = ClickBatch { head, rows: rows() };
    let record = async || {
        record_clicks::run(&pool, &intake(), &batch, now()).await.unwrap().acknowledged_seq
    };
    assert_eq!(record().await, 0);
    let gaps = recover::open_gaps(&pool).await.unwrap();
    assert_eq!(gaps, [gap(SHARD, EPOCH, 1, 3, "pruned")]);
    recover::accept_gaps(&pool, BY, &gaps, now()).await.unwrap();
    assert_eq!(record().await, 5);
}

#[tokio::test]
async fn a_recovery_tells_complete_from_waiting_from_lost_from_silent() {
    let pool = database::fresh().await;
    let (fake, edge) = edge::start().await;
    accept(&pool, &batch(EPOCH, &[1, 2])).await;
    let heads = || vec![says("clicks-0", 7, 1, 0), says(&live(), EPOCH, 1, 4)];
    let recovery = look(&pool, &fake, &edge, heads()).await;
    let standing = |recovery: &Recovery, name: &str| recovery.reports[name].standing;
    assert_eq!(standing(&recovery, "clicks-0"), Standing::Complete);
    assert_eq!(standing(&recovery, &live()), Standing::Waiting);
    assert_eq!(standing(&recovery, SHARD), Standing::Unanswered);
    assert_eq!(recover::open_gaps(&pool).await.unwrap(), []);

    let mut recovery = look(&pool, &fake, &edge, vec![says(&live(), EPOCH, 4, 4)]).await;
    assert_eq!(standing(&recovery, &live()), Standing::AtGap);
    let gaps = recover::open_gaps(&pool).await.unwrap();
    assert_eq!(gaps, [gap(&live(), EPOCH, 3, 3, "pruned")]);
    recover::accept_gaps(&pool, BY, &gaps, now()).await.unwrap();
    accept(&pool, &pruned_below(4, &[4])).await;
    recovery.look(&pool, &edge, now()).await.unwrap();
    let report = &recovery.reports[&live()];
    assert_eq!((report.standing, report.had_seq, report.stored_seq), (Standing::Complete, 2, 4));
}

#[tokio::test]
async fn what_a_wiped_object_never_sent_is_a_gap_too() {
    let pool = database::fresh().await;
    let (fake, edge) = edge::start().await;
    let mut more_out = batch(EPOCH, &[1, 2]);
    more_out.head.highest_seq = 5;
    accept(&pool, &more_out).await;
    look(&pool, &fake, &edge, vec![says(&live(), EPOCH + 1, 1, 0)]).await;
    let gaps = recover::open_gaps(&pool).await.unwrap();
    assert_eq!(gaps, [gap(&live(), EPOCH, 3, 5, "wiped")]);
    recover::accept_gaps(&pool, BY, &gaps, now()).await.unwrap();
    look(&pool, &fake, &edge, vec![says(&live(), EPOCH + 1, 1, 0)]).await;
    assert_eq!(recover::open_gaps(&pool).await.unwrap(), []);
}

#[tokio::test]
async fn an_edge_that_is_away_is_named_and_leaves_everything_unanswered() {
    let pool = database::fresh().await;
    let (fake, edge) = edge::start().await;
    fake.away.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut recovery = Recovery::begin(&pool, &edge).await.unwrap();
    let faults = recovery.look(&pool, &edge, now()).await.unwrap();
    assert_eq!(faults[0].to_string(), "the edge answered /internal/v1/poke with 503");
    assert!(recovery.reports.values().all(|report| report.standing == Standing::Unanswered));
}
