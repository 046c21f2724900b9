//! Settling on a real Postgres: what the books decide is what the tables hold, once.

mod database;

use jiff::{SignedDuration, Timestamp};
use settlement::domain::outcome::Code;
use settlement::flows::actor::Actor;
use settlement::flows::retry_event::{self, Retried};
use settlement::flows::settle_events::Progress;
use settlement::flows::{release_holds, resume_parked, settle_events};
use shared::click_id::{Click, ClickClass};
use shared::id::{ConversionId, Environment, EventId, EventKind, MerchantId};
use shared::keys::ClickKeys;
use sqlx::PgPool;
use uuid::Uuid;

const MERCHANT: Uuid = Uuid::from_u128(0x11);
const AFFILIATE: Uuid = Uuid::from_u128(0x22);
const CAMPAIGN: Uuid = Uuid::from_u128(0x33);
const LINK: i64 = 4242;
/// Events of one transaction at most.
const EVENTS_MAX: usize = 100;
const OBJECT: &str = "00000000-0000-0000-0000-000000000011:live";

/// One stream of one merchant, told to settlement as the edge would.
struct Stream {
    pool: PgPool,
    seq: u64,
    now: Timestamp,
}

fn keys() -> ClickKeys {
    ClickKeys::parse(&format!("1:{}", "ab".repeat(32))).expect("a well-formed list")
}

async fn run(pool: &PgPool, sql: &'static str) {
    sqlx::query(sql).execute(pool).await.expect("the test's own statement runs");
}

async fn text(pool: &PgPool, sql: &'static str) -> String {
    let row: (Option<String>,) =
        sqlx::query_as(sql).fetch_one(pool).await.expect("the test's own query runs");
    row.0.unwrap_or_default()
}

impl Stream {
    async fn new() -> Self {
        let pool = database::fresh().await;
        let now: Timestamp = "2026-06-15T08:00:00Z".parse().expect("an instant");
        run(
            &pool,
            "insert into merchant values ('00000000-0000-0000-0000-000000000011', 'M',
            'approved', 'm.example', 'https://m.example/', 'NPR', 'Asia/Kathmandu', null,
            'delivered', now())",
        )
        .await;
        run(
            &pool,
            "insert into affiliate values ('00000000-0000-0000-0000-000000000022', 'A',
            'active', now())",
        )
        .await;
        run(
            &pool,
            "insert into campaign values ('live', '00000000-0000-0000-0000-000000000011',
            '00000000-0000-0000-0000-000000000033', 'C', 'active', 'public', null, now(), now())",
        )
        .await;
        run(
            &pool,
            "insert into campaign_terms values ('live',
            '00000000-0000-0000-0000-000000000011', '00000000-0000-0000-0000-000000000033', 1, 30,
            null, null, now())",
        )
        .await;
        run(
            &pool,
            "insert into rule (environment, merchant_id, rule_id, version, level,
            campaign_id, kind, rate_bps, in_force_from) values ('live',
            '00000000-0000-0000-0000-000000000011', gen_random_uuid(), 1, 'campaign',
            '00000000-0000-0000-0000-000000000033', 'percent', 1000, now())",
        )
        .await;
        let stream = Self { pool, seq: 0, now };
        stream.add_link(LINK).await;
        run(
            &stream.pool,
            "insert into edge_stream values
            ('00000000-0000-0000-0000-000000000011:live', '0000000000000007', 0, 0, now(), now())",
        )
        .await;
        run(
            &stream.pool,
            "insert into settle_cursor values
            ('00000000-0000-0000-0000-000000000011:live', '0000000000000007', 0)",
        )
        .await;
        run(&stream.pool, "select ensure_month_partition('inbox', '2026-06-15T00:00:00Z')").await;
        run(&stream.pool, "select ensure_month_partition('click', '2026-06-15T00:00:00Z')").await;
        stream
    }

    async fn add_link(&self, number: i64) {
        sqlx::query(
            "insert into link values ('live', $1, $2, $3, $4, $5, 'https://m.example/p', 'live', now())",
        )
        .bind(MERCHANT)
        .bind(number)
        .bind(format!("code{number}"))
        .bind(AFFILIATE)
        .bind(CAMPAIGN)
        .execute(&self.pool)
        .await
        .expect("a link can be added");
    }

    fn click(&self, number: i64) -> String {
        let seconds = u32::try_from(self.now.as_second()).expect("a second of this century");
        let link_number = u64::try_from(number).expect("a link number");
        let class = ClickClass::Human;
        Click { link_number, clicked_at_seconds: seconds, class, random: 1 }.seal(&keys())
    }

    /// Puts an event into the inbox as ingest does, without settling it.
    async fn accept(&mut self, kind: EventKind, body: &str) -> String {
        self.seq += 1;
        let event_id = EventId { kind, epoch: 7, seq: self.seq }.to_string();
        let seq = i64::try_from(self.seq).expect("few events");
        sqlx::query(
            "insert into inbox (environment, merchant_id, received_at, event_id, object, epoch,
                 seq, kind, key_id, body, stored_at)
             values ('live', $1, $2, $3, $4, '0000000000000007', $5, $6, 'pk_live_x', $7, $2)",
        )
        .bind(MERCHANT)
        .bind(settlement::store::instant::to_row(self.now))
        .bind(&event_id)
        .bind(OBJECT)
        .bind(seq)
        .bind(kind.as_str())
        .bind(body.as_bytes())
        .execute(&self.pool)
        .await
        .expect("an event can be stored");
        sqlx::query("update edge_stream set stored_seq = $1, highest_seq = $1")
            .bind(seq)
            .execute(&self.pool)
            .await
            .expect("the stream moves on");
        event_id
    }

    async fn settle(&self) {
        while settle_events::run_once(&self.pool, &keys(), EVENTS_MAX, self.now)
            .await
            .expect("settles")
            != Progress::Idle
        {}
    }

    async fn order(&mut self, id: &str, amount: &str, click: &str) -> String {
        let body = format!(
            r#"{{"externalOrderId":"{id}","orderAmount":"{amount}","currency":"NPR","clickId":"{click}"}}"#
        );
        self.accept(EventKind::Conversion, &body).await
    }

    async fn report(&mut self, id: &str, status: &str) -> String {
        let body = format!(r#"{{"externalOrderId":"{id}","status":"{status}"}}"#);
        self.accept(EventKind::OrderStatus, &body).await
    }

    async fn outcome(&self, event_id: &str) -> String {
        let row: (Option<String>,) =
            sqlx::query_as("select state || ' ' || code from inbox where event_id = $1")
                .bind(event_id)
                .fetch_one(&self.pool)
                .await
                .expect("the event is in the inbox");
        row.0.unwrap_or_else(|| "received".to_owned())
    }

    fn wait_days(&mut self, days: i64) {
        self.now =
            self.now.checked_add(SignedDuration::from_hours(days * 24)).expect("this century");
    }

    /// MONEY §6: each affiliate account equals the net of the commissions in its state.
    async fn assert_books_hold(&self) {
        let unequal = text(
            &self.pool,
            "with held as (
                 select 'A.' || state as account, sum(net_amount) as net from commission
                 where state in ('pending', 'hold', 'approved', 'payable') group by state
             ), booked as (
                 select account, sum(amount) as net from ledger_entry
                 where account like 'A.%' group by account
             )
             select string_agg(account || ': ' || coalesce(held.net, 0) || ' is not '
                               || coalesce(booked.net, 0), ', ')
             from held full join booked using (account)
             where coalesce(held.net, 0) <> coalesce(booked.net, 0)",
        )
        .await;
        assert_eq!(unequal, "");
        let sum =
            text(&self.pool, "select coalesce(sum(amount), 0)::float8::text from ledger_entry")
                .await;
        assert_eq!(sum, "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_becomes_a_payable_commission_and_the_books_hold_at_every_step() {
    let mut stream = Stream::new().await;
    let click = stream.click(LINK);
    let order = stream.order("A-1", "2999.00", &click).await;
    stream.settle().await;
    assert_eq!(stream.outcome(&order).await, "applied APPLIED");
    stream.assert_books_hold().await;
    let delivered = stream.report("A-1", "delivered").await;
    stream.settle().await;
    assert_eq!(stream.outcome(&delivered).await, "applied APPLIED");
    stream.assert_books_hold().await;
    stream.wait_days(14);
    let released = release_holds::run_once(&stream.pool, stream.now).await.expect("releases");
    assert_eq!(released, Progress::Settled(1));
    assert_eq!(
        release_holds::run_once(&stream.pool, stream.now).await.expect("releases"),
        Progress::Idle
    );
    stream.assert_books_hold().await;
    let shown = text(&stream.pool, "select state || ' ' || net_amount from commission").await;
    assert_eq!(shown, "payable 299.90");
    let told =
        text(&stream.pool, "select string_agg(type, ' ' order by position) from webhook_event")
            .await;
    assert_eq!(
        told,
        "conversion.received conversion.attributed commission.created event.processed \
         commission.held event.processed commission.approved commission.payable"
    );
    let id = ConversionId::derive(MerchantId(MERCHANT), Environment::Live, "A-1").to_string();
    assert_eq!(text(&stream.pool, "select conversion_id from conversion").await, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_batch_settles_an_order_its_statuses_and_its_repeats_in_order() {
    let mut stream = Stream::new().await;
    let click = stream.click(LINK);
    let early = stream.report("A-1", "confirmed").await;
    let order = stream.order("A-1", "100.00", &click).await;
    let again = stream.order("A-1", "900.00", &click).await;
    let delivered = stream.report("A-1", "delivered").await;
    let repeat = stream.report("A-1", "delivered").await;
    let refund = stream.report("A-1", "refunded").await;
    stream.settle().await;
    for (event, outcome) in [
        (&early, "applied APPLIED"),
        (&order, "applied APPLIED"),
        (&again, "skipped DUPLICATE_ORDER"),
        (&delivered, "applied APPLIED"),
        (&repeat, "skipped DUPLICATE_STATUS"),
        (&refund, "applied APPLIED"),
    ] {
        assert_eq!(stream.outcome(event).await, outcome);
    }
    assert_eq!(text(&stream.pool, "select state || net_amount from commission").await, "rejected0");
    stream.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_waits_over_batches_for_its_conversion() {
    let mut stream = Stream::new().await;
    let click = stream.click(LINK);
    let early = stream.report("A-1", "delivered").await;
    stream.settle().await;
    assert_eq!(stream.outcome(&early).await, "parked AWAITING_CONVERSION");
    stream.order("A-1", "100.00", &click).await;
    stream.settle().await;
    assert_eq!(stream.outcome(&early).await, "applied APPLIED");
    assert_eq!(text(&stream.pool, "select count(*)::text from parked_event").await, "0");
    stream.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_whose_conversion_never_comes_ends_after_ninety_days() {
    let mut stream = Stream::new().await;
    let early = stream.report("A-1", "delivered").await;
    stream.settle().await;
    stream.wait_days(89);
    resume_parked::run_once(&stream.pool, &keys(), stream.now).await.expect("resumes");
    assert_eq!(stream.outcome(&early).await, "parked AWAITING_CONVERSION");
    stream.wait_days(1);
    resume_parked::run_once(&stream.pool, &keys(), stream.now).await.expect("resumes");
    assert_eq!(stream.outcome(&early).await, "skipped CONVERSION_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_waits_for_its_link_and_goes_on_when_it_is_known() {
    let mut stream = Stream::new().await;
    let click = stream.click(777);
    let order = stream.order("A-1", "100.00", &click).await;
    let delivered = stream.report("A-1", "delivered").await;
    stream.settle().await;
    assert_eq!(stream.outcome(&order).await, "parked AWAITING_LINK");
    let idle = resume_parked::run_once(&stream.pool, &keys(), stream.now).await.expect("resumes");
    assert_eq!(idle, Progress::Idle);
    stream.add_link(777).await;
    resume_parked::run_once(&stream.pool, &keys(), stream.now).await.expect("resumes");
    assert_eq!(stream.outcome(&order).await, "applied APPLIED");
    assert_eq!(stream.outcome(&delivered).await, "applied APPLIED");
    stream.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_event_is_skipped_and_the_stream_goes_on() {
    let mut stream = Stream::new().await;
    let click = stream.click(LINK);
    let broken = stream.accept(EventKind::Conversion, r#"{"externalOrderId":5}"#).await;
    let order = stream.order("A-1", "100.00", &click).await;
    stream.settle().await;
    assert_eq!(stream.outcome(&broken).await, format!("skipped {}", Code::EventInvalid.as_str()));
    assert_eq!(stream.outcome(&order).await, "applied APPLIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_written_fails_alone() {
    let mut stream = Stream::new().await;
    let click = stream.click(LINK);
    run(
        &stream.pool,
        "alter table conversion add constraint poison check (external_order_id <> 'P')",
    )
    .await;
    let before = stream.order("A-1", "100.00", &click).await;
    let poison = stream.order("P", "100.00", &click).await;
    let after = stream.order("A-2", "100.00", &click).await;
    stream.settle().await;
    assert_eq!(stream.outcome(&before).await, "applied APPLIED");
    assert_eq!(stream.outcome(&poison).await, "failed INTERNAL_ERROR");
    assert_eq!(stream.outcome(&after).await, "applied APPLIED");
    run(&stream.pool, "alter table conversion drop constraint poison").await;
    let retry = |event: String| {
        let pool = stream.pool.clone();
        let now = stream.now;
        async move {
            retry_event::run(&pool, &keys(), Actor::Installation, &event, now)
                .await
                .expect("retries")
        }
    };
    assert!(matches!(retry(poison.clone()).await, Retried::Settled(code, _) if code == "APPLIED"));
    assert_eq!(retry(poison).await, Retried::NotFailed);
    stream.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_settling_at_once_settle_everything_once() {
    let mut stream = Stream::new().await;
    let click = stream.click(LINK);
    for n in 0..200 {
        stream.order(&format!("A-{n}"), "100.00", &click).await;
        stream.report(&format!("A-{n}"), "delivered").await;
    }
    tokio::join!(stream.settle(), stream.settle(), stream.settle());
    stream.settle().await;
    let counts = "select count(*) || ' ' || sum(net_amount) || ' ' || min(state) || max(state)
                  from commission";
    assert_eq!(text(&stream.pool, counts).await, "200 2000.00 holdhold");
    stream.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_refuses_change_deletion_and_imbalance() {
    let mut stream = Stream::new().await;
    let click = stream.click(LINK);
    stream.order("A-1", "100.00", &click).await;
    stream.settle().await;
    let refused = [
        "update ledger_entry set amount = amount + 1",
        "delete from ledger_entry",
        "truncate ledger_entry",
        "update ledger_transfer set currency = 'USD'",
        "delete from ledger_transfer",
        "insert into ledger_entry select environment, merchant_id, transfer_key, 'M.due', null,
             currency, 5 from ledger_transfer",
    ];
    for sql in refused {
        assert!(sqlx::query(sql).execute(&stream.pool).await.is_err(), "{sql}");
    }
    stream.assert_books_hold().await;
}
