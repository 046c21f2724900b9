//! Nodes that die between any two steps, leases that are lost, and several nodes at once.

use crate::crash::dying;
use crate::sink::Mode;
use crate::world::{World, limits, post, send_once};
use settlement::domain::notice::Kind;
use settlement::flows::webhook::deliver::{self, LEASE_SECONDS};
use settlement::flows::webhook::fan_out;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_may_die_between_any_two_steps() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    let mut told = 0;
    for polls in (0..80).step_by(2) {
        world.tell_many(scope, Kind::CommissionHeld, 3).await;
        told += 3;
        dying(Some(polls), fan_out::run_once(&world.pool, world.now)).await;
        world.number().await;
        dying(Some(polls), send_once(&world.pool, &world.post, world.now)).await;
        // What the dead node had leased is free once its lease is over.
        world.pass(2 * LEASE_SECONDS).await;
        world.assert_complete(&made, told);
    }
    let states = world.deliveries(&made).await;
    assert!(states.iter().all(|state| state.starts_with("delivered")), "{states:?}");
    assert!(world.sink.at("hook").len() > told, "some were sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_at_once_share_the_work_and_send_nothing_twice() {
    let mut world = World::new().await;
    let mut made = Vec::new();
    for n in 0..20 {
        let scope = world.scopes[n % 2];
        made.push(world.endpoint(scope, &format!("hook{n}"), &Kind::ALL).await);
    }
    for scope in world.scopes.clone() {
        world.tell_many(scope, Kind::CommissionHeld, 30).await;
    }
    let few = || {
        post(&world.vault, settlement::flows::webhook::deliver::Limits { lanes_max: 5, ..limits() })
    };
    let (one, other) = (few(), few());
    let node = async |post: &deliver::Post| {
        for _ in 0..40 {
            fan_out::run_once(&world.pool, world.now).await.unwrap();
            send_once(&world.pool, post, world.now).await.unwrap();
        }
    };
    tokio::join!(node(&one), node(&other));
    for made in &made {
        world.assert_complete(made, 30);
    }
    assert_eq!(world.sink.received().len(), 600);
    assert_eq!(world.text("select count(*)::text from webhook_attempt").await, "600");
}

#[tokio::test]
async fn what_was_sent_on_a_lost_lease_is_recorded_by_its_next_holder() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.sink.set("hook", Mode::Status(500));
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    world.number().await;
    let limits = limits();
    let work = deliver::lease(&world.pool, &limits, 10, world.now).await.unwrap().remove(0);
    let sent = deliver::lane(&world.post, work, world.now).await;
    assert_eq!(sent.attempts.len(), 2);
    assert!(deliver::lease(&world.pool, &limits, 10, world.now).await.unwrap().is_empty());
    world.wait(LEASE_SECONDS);
    let again = deliver::lease(&world.pool, &limits, 10, world.now).await.unwrap();
    assert_eq!(again[0].due.len(), 2);
    let late = deliver::record(&world.pool, &[sent], world.now).await.unwrap();
    assert_eq!((late.lanes, late.attempts), (0, 0));
    assert_eq!(world.deliveries(&made).await, ["pending 0", "pending 0"]);
}

#[tokio::test]
async fn a_node_that_stops_begins_nothing_more() {
    let mut world = World::new().await;
    let scope = world.scopes[0];
    let made = world.endpoint(scope, "hook", &Kind::ALL).await;
    world.tell_many(scope, Kind::CommissionHeld, 2).await;
    let stopping = post(&world.vault, limits());
    stopping.stop();
    world.number().await;
    let recorded = send_once(&world.pool, &stopping, world.now).await.unwrap();
    assert_eq!((recorded.lanes, recorded.attempts), (1, 0));
    world.pass(0).await;
    world.assert_complete(&made, 2);
}
