//! Paused endpoints: after days of failure or by their owner; nothing is lost by it but what is
//! too old.

use crate::sink::Mode;
use crate::world::{DAY, HOUR, World, body};
use settlement::domain::notice::Kind;
use settlement::domain::webhook::endpoint::Format;
use settlement::flows::webhook::fan_out;

#[tokio::test]
async fn five_days_of_failures_pause_an_endpoint_and_its_owner_is_told() {
    let mut world = World::new().await;
    world.grain_seconds = 60;
    let scope = world.scopes[0];
    let dead = world.endpoint(scope, "dead", &Kind::ALL).await;
    let other = world.endpoint(scope, "other", &[Kind::EndpointPaused]).await;
    world.sink.set("dead", Mode::Status(500));
    for _ in 0..4 {
        world.tell_many(scope, Kind::CommissionHeld, 5).await;
        world.pass(DAY).await;
    }
    let state = "select string_agg(state || ' ' || coalesce(paused_because, '-'), ', '
                     order by url) from webhook_endpoint";
    assert_eq!(world.text(state).await, "active -, active -");
    for _ in 0..2 {
        world.tell_many(scope, Kind::CommissionHeld, 5).await;
        world.pass(DAY).await;
    }
    assert_eq!(world.text(state).await, "paused failing, active -");
    world.assert_complete(&other, 1);
    let told = body(&world.sink.at("other")[0]);
    assert_eq!(told["type"], "endpoint.paused");
    assert_eq!(told["data"]["endpointId"], dead.key.endpoint.to_string());
    assert_eq!(told["data"]["host"], "127.0.0.1");
    let logged = "select count(*) || ' ' || max(subject) from audit_log
                  where action = 'webhook_endpoint.pause'";
    assert_eq!(world.text(logged).await, format!("1 {}", dead.key.endpoint));
    let calls = world.sink.at("dead").len();
    world.tell_many(scope, Kind::CommissionHeld, 5).await;
    world.pass(2 * DAY).await;
    assert_eq!(world.sink.at("dead").len(), calls, "nothing is sent while it is paused");
    world.sink.set("dead", Mode::Status(200));
    world.set_state(&dead, "active").await;
    world.pass(0).await;
    let states = world.deliveries(&dead).await;
    let pending = states.iter().filter(|state| state.starts_with("pending")).count();
    // 35 told, and its own pause; what was given up before stays so.
    assert_eq!((states.len(), pending), (36, 0), "{states:?}");
    let standing = "select failures_in_row || ' ' || (failing_since is null) || ' '
                        || (due_at is null) from webhook_lane";
    assert_eq!(world.text(&format!("{standing} limit 1")).await, "0 true true");
    assert_eq!(world.text(&format!("{standing} offset 1")).await, "0 true true");
}

#[tokio::test]
async fn an_affiliate_is_told_at_its_other_endpoints() {
    let mut world = World::new().await;
    world.grain_seconds = 60;
    let scope = world.scopes[0];
    world.affiliates(0, "dead", Format::Khata).await;
    world.affiliates(0, "other", Format::Khata).await;
    world.affiliates(1, "stranger", Format::Khata).await;
    world.endpoint(scope, "merchant", &[Kind::EndpointPaused]).await;
    world.sink.set("dead", Mode::Reset);
    for _ in 0..6 {
        let notice = world.notice(scope, Kind::CommissionHeld, Some(0));
        world.tell(&[(scope, notice)]).await;
        world.pass(DAY).await;
    }
    let types: Vec<_> =
        world.sink.at("other").iter().map(|call| body(call)["type"].clone()).collect();
    assert_eq!(types.iter().filter(|kind| *kind == "endpoint.paused").count(), 1, "{types:?}");
    assert!(world.sink.at("stranger").is_empty() && world.sink.at("merchant").is_empty());
}

#[tokio::test]
async fn what_is_told_during_a_pause_arrives_after_it() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.sink.set("hook", Mode::Status(500));
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    world.pass(2 * HOUR).await;
    world.set_state(&made, "paused").await;
    world.tell_many(scope, Kind::CommissionPaid, 4).await;
    world.sink.set("hook", Mode::Status(200));
    world.pass(20 * DAY).await;
    assert_eq!(world.deliveries(&made).await.len(), 2);
    world.set_state(&made, "active").await;
    world.pass(0).await;
    world.assert_complete(&made, 6);
}

#[tokio::test]
async fn what_waits_longer_than_thirty_days_is_let_go_and_said() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.set_state(&made, "paused").await;
    world.tell_many(scope, Kind::CommissionHeld, 3).await;
    world.wait(20 * DAY);
    world.tell_many(scope, Kind::CommissionPaid, 2).await;
    world.wait(10 * DAY);
    assert_eq!(fan_out::let_go_once(&world.pool, world.now).await.unwrap(), 0);
    world.wait(1);
    assert_eq!(fan_out::let_go_once(&world.pool, world.now).await.unwrap(), 3);
    let said = "select string_agg(coalesce((detail ->> 'groups') || ' groups',
                    (detail ->> 'notices') || ' notices'), ', ' order by at) from audit_log
                where action = 'webhook_endpoint.let_go'";
    assert_eq!(world.text(said).await, "3 groups");
    world.set_state(&made, "active").await;
    world.pass(0).await;
    world.assert_complete(&made, 2);
    // Also when nobody looked while it was paused.
    world.set_state(&made, "paused").await;
    world.tell_many(scope, Kind::CommissionHeld, 1).await;
    world.wait(31 * DAY);
    world.set_state(&made, "active").await;
    world.pass(0).await;
    world.assert_complete(&made, 2);
    assert_eq!(world.text(said).await, "3 groups, 1 notices");
}
