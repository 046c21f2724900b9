//! Lanes that are leased twice, held by others, put back on their schedule or too old: what one of
//! them comes to, no other feels.

use crate::sink::Mode;
use crate::world::{DAY, World, limits, post};
use settlement::domain::notice::Kind;
use settlement::flows::webhook::deliver::{self, Limits, Sent};
use settlement::flows::webhook::fan_out::{self, Numbered};
use settlement::flows::webhook::resend;
use std::time::Duration;

/// A bound on what is expected to end by itself.
const BOUND: Duration = Duration::from_secs(20);

/// Leases all that is due and sends it; records nothing.
async fn sent(world: &World) -> Vec<Sent> {
    let mut sent = Vec::new();
    for work in deliver::lease(&world.pool, &limits(), 99, world.now).await.unwrap() {
        sent.push(deliver::lane(&world.post, work, world.now).await);
    }
    sent
}

#[tokio::test]
async fn a_lane_that_was_leased_twice_is_recorded_once_and_stops_nobody() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let twice = world.endpoint(scope, "twice", &Kind::ALL).await;
    let other = world.endpoint(scope, "other", &Kind::ALL).await;
    world.sink.set("twice", Mode::Status(500));
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    world.number().await;
    let mut landed = sent(&world).await;
    assert_eq!(landed.len(), 2);
    world.set_state(&twice, "paused").await;
    world.set_state(&twice, "active").await;
    landed.extend(sent(&world).await);
    assert_eq!(landed.len(), 3, "its owner ended the first lease");
    let recorded = deliver::record(&world.pool, &landed, world.now).await.unwrap();
    assert_eq!((recorded.lanes, recorded.attempts), (2, 4));
    assert_eq!(world.deliveries(&twice).await, ["pending 1", "pending 1"]);
    assert_eq!(world.deliveries(&other).await, ["delivered 1", "delivered 1"]);
}

#[tokio::test]
async fn what_is_older_than_what_is_kept_keeps_no_lane_busy() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    world.number().await;
    world.wait(91 * DAY);
    assert_eq!(world.round().await.lanes, 1);
    assert_eq!(world.round().await.lanes, 0);
    world.set_state(&made, "paused").await;
    world.set_state(&made, "active").await;
    assert_eq!(world.deliveries(&made).await, ["dead 0", "dead 0"]);
    assert_eq!(world.round().await.lanes, 0);
    world.tell_many(scope, Kind::CommissionPaid, 1).await;
    assert_eq!(world.round().await.arrived, 1);
}

#[tokio::test]
async fn what_is_sent_again_while_an_attempt_is_under_way_is_not_undone_by_it() {
    for tries in [1, 7] {
        let mut world = World::new().await;
        let scope = world.scopes[0];
        let made = world.endpoint(scope, "hook", &Kind::ALL).await;
        world.tell_many(scope, Kind::CommissionHeld, 1).await;
        world.number().await;
        sqlx::query("update webhook_delivery set tries = $1, attempts = $1")
            .bind(tries)
            .execute(&world.pool)
            .await
            .unwrap();
        world.sink.set("hook", Mode::Status(500));
        let landed = sent(&world).await;
        let mut transaction = world.pool.begin().await.unwrap();
        resend::within(&mut transaction, &made.key, 1, world.now).await.unwrap();
        transaction.commit().await.unwrap();
        deliver::record(&world.pool, &landed, world.now).await.unwrap();
        assert_eq!(world.deliveries(&made).await, [format!("pending {}", tries + 1)]);
        assert_eq!(world.text("select tries::text from webhook_delivery").await, "0");
        world.sink.set("hook", Mode::Status(200));
        assert_eq!(world.round().await.arrived, 1, "it is due now");
        assert_eq!(world.deliveries(&made).await, [format!("delivered {}", tries + 2)]);
    }
}

#[tokio::test]
async fn what_arrived_while_it_was_put_back_on_its_schedule_has_arrived() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.sink.set("hook", Mode::Status(500));
    world.tell_many(scope, Kind::CommissionHeld, 1).await;
    world.round().await;
    world.wait(6);
    world.sink.set("hook", Mode::Status(200));
    let landed = sent(&world).await;
    let mut transaction = world.pool.begin().await.unwrap();
    resend::within(&mut transaction, &made.key, 1, world.now).await.unwrap();
    transaction.commit().await.unwrap();
    deliver::record(&world.pool, &landed, world.now).await.unwrap();
    assert_eq!(world.deliveries(&made).await, ["delivered 2"]);
    assert_eq!(world.round().await.lanes, 0);
}

#[tokio::test]
async fn a_lane_that_somebody_holds_keeps_no_other_from_being_recorded() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let held = world.endpoint(scope, "held", &Kind::ALL).await;
    let other = world.endpoint(scope, "other", &Kind::ALL).await;
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    world.number().await;
    let landed = sent(&world).await;
    let mut holder = world.pool.begin().await.unwrap();
    sqlx::query("select from webhook_lane where endpoint_id = $1 for no key update")
        .bind(held.key.endpoint)
        .execute(&mut *holder)
        .await
        .unwrap();
    let recording = deliver::record(&world.pool, &landed, world.now);
    let recorded = tokio::time::timeout(BOUND, recording).await.expect("it waits for nobody");
    assert_eq!(recorded.unwrap().lanes, 1);
    assert_eq!(world.deliveries(&other).await, ["delivered 1", "delivered 1"]);
    assert_eq!(world.deliveries(&held).await, ["pending 0", "pending 0"]);
    holder.commit().await.unwrap();
    deliver::record(&world.pool, &landed, world.now).await.unwrap();
    assert_eq!(world.deliveries(&held).await, ["delivered 1", "delivered 1"]);
}

#[tokio::test]
async fn an_endpoint_is_made_active_while_its_lane_is_recorded_and_neither_gives_way() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    world.number().await;
    world.set_state(&made, "paused").await;
    let mut recording = world.pool.begin().await.unwrap();
    sqlx::query("select from webhook_lane for no key update")
        .execute(&mut *recording)
        .await
        .unwrap();
    let record = async {
        let waits = "select count(*)::text from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock'";
        while world.text(waits).await == "0" {}
        sqlx::query("update webhook_delivery set attempts = attempts + 1")
            .execute(&mut *recording)
            .await
            .unwrap();
        recording.commit().await.unwrap();
    };
    let both = async { tokio::join!(world.set_state(&made, "active"), record) };
    tokio::time::timeout(BOUND, both).await.expect("they wait for each other in one order");
    assert_eq!(world.deliveries(&made).await, ["pending 1", "pending 1"]);
    assert_eq!(world.round().await.arrived, 2);
}

#[tokio::test]
async fn a_backlog_of_many_lanes_keeps_no_other_from_being_numbered() {
    let mut world = World::new().await;
    let (busy, quiet) = (world.scopes[0], world.scopes[1]);
    for n in 0..16 {
        world.endpoint(busy, &format!("busy{n}"), &Kind::ALL).await;
    }
    let made = world.endpoint(quiet, "quiet", &Kind::ALL).await;
    world.tell_many(busy, Kind::CommissionHeld, 600).await;
    world.tell_many(quiet, Kind::CommissionHeld, 1).await;
    let first = fan_out::run_once(&world.pool, world.now).await.unwrap();
    assert!(matches!(first, Numbered::Deliveries(6_400..)), "{first:?}");
    let second = fan_out::run_once(&world.pool, world.now).await.unwrap();
    assert!(matches!(second, Numbered::Deliveries(1..)), "{second:?}");
    assert_eq!(world.deliveries(&made).await, ["pending 0"]);
}

#[tokio::test]
async fn lanes_that_cannot_be_numbered_step_back_and_are_tried_again_later() {
    let mut world = World::new().await;
    let (broken, well) = (world.scopes[0], world.scopes[1]);
    for n in 0..16 {
        world.endpoint(broken, &format!("broken{n}"), &Kind::ALL).await;
    }
    let made = world.endpoint(well, "well", &Kind::ALL).await;
    world.tell_many(broken, Kind::CommissionHeld, 1).await;
    let notices = world.text("select notices::text from webhook_event_group").await;
    let write = "update webhook_event_group set notices = $1::json";
    let unread = notices.replace("commission.held", "commission.unheard");
    sqlx::query(write).bind(unread).execute(&world.pool).await.unwrap();
    world.tell_many(well, Kind::CommissionHeld, 1).await;
    let number = async |world: &World| fan_out::run_once(&world.pool, world.now).await.unwrap();
    assert_eq!(number(&world).await, Numbered::Nothing);
    assert_eq!(number(&world).await, Numbered::Deliveries(1));
    assert_eq!(world.deliveries(&made).await, ["pending 0"]);
    let mend = format!("{write} where notices::text like '%unheard%'");
    let mend = sqlx::AssertSqlSafe(mend);
    sqlx::query(mend).bind(notices).execute(&world.pool).await.unwrap();
    assert_eq!(number(&world).await, Numbered::Nothing);
    world.wait(61);
    assert_eq!(number(&world).await, Numbered::Deliveries(16));
}

#[tokio::test]
async fn what_was_leased_too_long_ago_is_not_sent_and_given_back() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    world.number().await;
    let begin_time_max = Duration::from_millis(200);
    let hasty = post(&world.vault, Limits { begin_time_max, ..limits() });
    let work = deliver::lease(&world.pool, &limits(), 9, world.now).await.unwrap().remove(0);
    tokio::time::sleep(begin_time_max).await;
    let late = deliver::lane(&hasty, work, world.now).await;
    assert!(late.attempts.is_empty());
    assert_eq!(deliver::record(&world.pool, &[late], world.now).await.unwrap().lanes, 1);
    assert_eq!(world.round().await.arrived, 2);
    world.assert_complete(&made, 2);
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_moment_leaves_no_lane_closed() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.tell_many(scope, Kind::CommissionHeld, 1).await;
    world.number().await;
    let leased = "update webhook_lane set lease_until = $1, lease_token = gen_random_uuid()";
    let rests = "update webhook_lane set rests_until = $1, due_at = $1, failures_in_row = 9";
    for (closes, waits) in [(leased, 0), (rests, 300)] {
        let ahead = world.now.checked_add(jiff::SignedDuration::from_hours(48)).unwrap();
        sqlx::query(closes)
            .bind(settlement::store::instant::to_row(ahead))
            .execute(&world.pool)
            .await
            .unwrap();
        world.tell_many(scope, Kind::CommissionPaid, 1).await;
        world.pass(waits).await;
    }
    world.assert_complete(&made, 3);
}
