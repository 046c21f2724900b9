//! Limits across a kill: of stored events never more in a window than the limit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;
use tests::side::CONVERSIONS;
use tests::{BOUND, Plan, Shop, eventually};

use crate::{BACK, world};

/// Stored events of one key in any hour at most.
const LIMIT: usize = 60;
/// Servers that report at once.
const SERVERS: usize = 4;
/// Orders that each reports.
const ORDERS_EACH: usize = 40;

#[test]
fn a_limit_holds_for_stored_events_while_the_edge_is_killed() {
    let attacked = world();
    let world = attacked.world;
    let limit = u32::try_from(LIMIT).expect("a small number");
    // The window of an hour: however long the edge takes to start, it has not moved on.
    let shop = Shop::open(world, &Plan { per_hour_max: limit, ..Plan::default() });
    let side = &shop.live;
    let taken = AtomicUsize::new(0);
    let report = |server: usize| {
        for number in 0..ORDERS_EACH {
            let order = format!("o-{server}-{number}");
            let body = json!({"externalOrderId": order, "orderAmount": "1.00"}).to_string();
            match side.signer.post(CONVERSIONS, body).try_send() {
                Ok(answer) if answer.status == 202 => drop(taken.fetch_add(1, Ordering::Relaxed)),
                Ok(answer) => assert!([429, 503].contains(&answer.status), "{}", answer.text),
                // The edge is being killed: the order may be stored or not.
                Err(_) => {
                    let visit = world.shopper().visit("/healthz");
                    eventually(BOUND, "the edge is back", || match visit.clone().try_send() {
                        Ok(answer) if answer.status == 200 => Ok(()),
                        other => Err(format!("{other:?}")),
                    });
                }
            }
        }
    };
    thread::scope(|scope| {
        for server in 0..SERVERS {
            scope.spawn(move || report(server));
        }
        for part in 1..=3 {
            eventually(BACK, "some orders are taken", || {
                let taken = taken.load(Ordering::Relaxed);
                if taken >= part * LIMIT / 4 { Ok(()) } else { Err(taken.to_string()) }
            });
            world.parts().edge.kill_hard().unwrap();
            world.parts().edge.start_again().unwrap();
        }
    });
    // Only what was stored counts after a kill, so the rest of the limit is still there, to the
    // last token: reports go on until it is spent.
    let rest = (0..=LIMIT).take_while(|number| {
        let body = json!({"externalOrderId": format!("rest-{number}"), "orderAmount": "1.00"});
        side.signer.post(CONVERSIONS, body.to_string()).send().status == 202
    });
    let rest = rest.count();
    let [merchant, environment] = side.binds();
    let events = "inbox where merchant_id = $1::uuid and environment = $2";
    eventually(BACK, "all that was stored has arrived", || {
        match usize::try_from(world.database.count(events, &[&merchant, &environment])) {
            Ok(LIMIT) => Ok(()),
            many => Err(format!("{many:?} of {LIMIT}, {rest} of them at last")),
        }
    });
    assert!(taken.into_inner() + rest <= LIMIT);
}
