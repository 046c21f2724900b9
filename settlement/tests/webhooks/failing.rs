//! Endpoints that fail: everything arrives in the end, or is given up after its schedule.

use crate::sink::{BAD, Mode};
use crate::world::{DAY, HOUR, TIME_MAX, World};
use settlement::domain::notice::Kind;
use settlement::domain::webhook::endpoint::Format;
use settlement::domain::webhook::schedule::{JITTER_PERCENT_MAX, retries};
use std::time::Duration;

#[tokio::test]
async fn whatever_endpoints_did_for_six_hours_they_get_everything_afterwards() {
    let mut world = World::new().await;
    world.grain_seconds = 60;
    let scope = world.scopes[0];
    let mut hooks = Vec::new();
    for n in 0..BAD.len() {
        hooks.push(world.endpoint(scope, &format!("hook{n}"), &Kind::ALL).await);
    }
    world.tell_many(scope, Kind::CommissionHeld, 3).await;
    world.pass(60).await;
    for (made, bad) in hooks.iter().zip(BAD) {
        world.sink.set(&made.path, bad);
    }
    world.set_patience(Duration::from_millis(60));
    for _ in 0..6 {
        world.tell_many(scope, Kind::CommissionPaid, 5).await;
        world.pass(HOUR).await;
    }
    world.set_patience(TIME_MAX);
    for made in &hooks {
        assert!(world.deliveries(made).await.iter().any(|state| state.starts_with("pending")));
        world.sink.set(&made.path, Mode::Status(200));
    }
    world.pass(12 * HOUR).await;
    for made in &hooks {
        world.assert_complete(made, 33);
        let states = world.deliveries(made).await;
        assert!(states.iter().all(|state| state.starts_with("delivered")), "{states:?}");
    }
    let unlike = "select count(*)::text from webhook_delivery delivery where attempts <> (
                      select count(*) from webhook_attempt attempt
                      where attempt.sequence = delivery.sequence
                        and attempt.endpoint_id = delivery.endpoint_id)";
    assert_eq!(world.text(unlike).await, "0", "every attempt has its row");
    // An attempt may end before its call comes to the receiver; no call is without an attempt.
    let attempts = world.text("select count(*)::text from webhook_attempt").await;
    assert!(attempts.parse::<usize>().unwrap() >= world.sink.received().len(), "{attempts}");
}

/// Asserts that attempts began when the schedule says, jitter and calls' own time included.
fn assert_scheduled(format: Format, seconds: &[i64]) {
    let waits = retries(format);
    assert_eq!(seconds.len(), waits.len() + 1, "{seconds:?}");
    for (wait, pair) in waits.iter().zip(seconds.windows(2)) {
        let (waited, wait) = (pair[1] - pair[0], i64::try_from(wait.as_secs()).unwrap());
        let most = wait + wait * i64::from(JITTER_PERCENT_MAX) / 100 + 1;
        assert!((wait - 1..=most).contains(&waited), "{waited} for {wait} in {seconds:?}");
    }
}

#[tokio::test]
async fn what_never_arrives_is_given_up_after_its_documented_tries() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let ours = world.endpoint(scope, "ours", &Kind::ALL).await;
    let order = world.affiliates(0, "order", Format::AffiliateOrder).await;
    world.sink.set("ours", Mode::Status(503));
    // Exactly 200 is what counts there.
    world.sink.set("order", Mode::Status(204));
    let notice = world.notice(scope, Kind::CommissionCreated, Some(0));
    world.tell(&[(scope, notice)]).await;
    // A notice of no order makes no order event; a ping in that format is an order of nothing.
    world.ping(&order).await;
    world.pass(2 * DAY).await;
    assert_eq!(world.deliveries(&ours).await, ["dead 8"]);
    assert_eq!(world.deliveries(&order).await, ["dead 4"]);
    assert_scheduled(Format::Khata, &world.attempt_seconds(&ours, 1).await);
    assert_scheduled(Format::AffiliateOrder, &world.attempt_seconds(&order, 1).await);
    let told = "select string_agg(distinct status || ' ' || convert_from(answer, 'UTF8'), ', ')
                from webhook_attempt where status = 503";
    assert_eq!(world.text(told).await, "503 seen");
    world.pass(DAY).await;
    assert_eq!(world.sink.at("ours").len(), 8);
}

#[tokio::test]
async fn redirects_are_no_arrival_and_are_not_followed() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "moved", &Kind::ALL).await;
    world.sink.set("moved", Mode::Status(307));
    world.tell_many(scope, Kind::Ping, 1).await;
    world.round().await;
    assert_eq!(world.deliveries(&made).await, ["pending 1"]);
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn faults_are_recorded_by_their_names_with_what_came() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    for (path, mode) in [("stall", Mode::Stall), ("well", Mode::Status(200))] {
        world.endpoint(scope, path, &Kind::ALL).await;
        world.sink.set(path, mode);
    }
    world.tell_many(scope, Kind::Ping, 1).await;
    world.round().await;
    let rows = "select string_agg(coalesce(status::text, '-') || ' ' || coalesce(length(answer), 0)
                    || ' ' || (fault is null), ', ' order by status) from webhook_attempt";
    assert_eq!(world.text(rows).await, "200 4 true, - 0 false");
    let stalled = "select (duration_ms >= 1000)::text from webhook_attempt where status is null";
    assert_eq!(world.text(stalled).await, "true");
}

#[tokio::test]
async fn a_failing_endpoint_is_tried_with_one_delivery_at_a_time_and_the_others_lose_no_try() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.sink.set("hook", Mode::Status(500));
    world.tell_many(scope, Kind::CommissionHeld, 150).await;
    world.pass(6 * HOUR).await;
    let calls = world.sink.at("hook").len();
    // The first round, then one call at most each 5 minutes.
    assert!((60..=12 + 6 * 12 + 7).contains(&calls), "{calls}");
    let states = world.deliveries(&made).await;
    assert!(states.iter().filter(|state| *state == "pending 0").count() >= 50, "{states:?}");
    assert!(states.iter().all(|state| !state.starts_with("dead")), "{states:?}");
    world.tell_many(scope, Kind::CommissionHeld, 50).await;
    world.number().await;
    assert_eq!(world.deliveries(&made).await.len(), 150, "more is not numbered for it yet");
    world.sink.set("hook", Mode::Status(200));
    world.pass(11 * HOUR).await;
    world.assert_complete(&made, 200);
}
