//! Parts of the system stopped, killed and wiped: nothing accepted is lost or counted twice.

mod directory;
mod edge;
mod plain;
mod postgres;
mod recover;
mod request_log;
mod settlement;
mod webhooks;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::json;
use tests::shopper::click_id;
use tests::side::CONVERSIONS;
use tests::{Side, World, eventually};

/// How long everything may take to arrive after a part came back: alarms back off.
const BACK: Duration = Duration::from_secs(90);

/// The World that these tests break, one at a time; each finds it whole.
struct Broken {
    world: &'static World,
    _alone: MutexGuard<'static, ()>,
}

fn world() -> Broken {
    static ALONE: Mutex<()> = Mutex::new(());
    static WORLD: OnceLock<World> = OnceLock::new();
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let world = WORLD.get_or_init(World::fresh);
    world.mend().expect("what the last test stopped starts again");
    Broken { world, _alone: alone }
}

/// Reports orders without waiting; answers their event ids.
fn report(side: &Side<'_>, prefix: &str, many: usize) -> Vec<String> {
    let click_id = side.seal(side.link.link_number, tests::eventually::now_seconds());
    (0..many).map(|n| side.convert(&format!("{prefix}-{n}"), "100.00", &click_id)).collect()
}

/// Waits until each event is applied, and asserts that each had its effect once.
fn assert_each_once(side: &Side<'_>, event_ids: &[String]) {
    for event_id in event_ids {
        eventually(BACK, &format!("{event_id} is applied"), || {
            let query = "select state, code from inbox where event_id = $1";
            match side.world.database.try_rows(query, &[event_id]) {
                Ok(rows) if rows.len() == 1 && rows[0]["code"] == "APPLIED" => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    }
    let [merchant, environment] = side.binds();
    let count = |table: &str| {
        let filter = format!("{table} where merchant_id = $1::uuid and environment = $2");
        side.world.database.count(&filter, &[&merchant, &environment])
    };
    let expected = i64::try_from(event_ids.len()).expect("a few events");
    assert_eq!(count("inbox"), expected);
    assert_eq!(count("conversion"), expected);
    assert_eq!(count("commission"), expected);
    assert_eq!(count("ledger_transfer"), expected);
}

/// The edge's answer to a fresh order, whatever it is.
fn try_order(side: &Side<'_>, order: &str) -> Result<u16, String> {
    let body = json!({"externalOrderId": order, "orderAmount": "1.00"}).to_string();
    let answer = side.signer.post(CONVERSIONS, body).try_send();
    answer.map(|answer| answer.status).map_err(|cause| format!("{cause:#}"))
}

/// Waits until a link works; until then the edge may only say that it does not know yet.
fn await_click(side: &Side<'_>) -> String {
    eventually(BACK, "the link works", || {
        let answer = side.world.shopper().visit(&format!("/c/{}", side.link.code)).send();
        match (answer.status, click_id(&answer)) {
            (302, Some(id)) => Ok(id),
            (503, _) => Err("503".to_owned()),
            other => panic!("an edge without its directory says {other:?}"),
        }
    })
}

/// Waits until orders are taken; until then the edge may only say that it does not know yet.
fn await_intake(side: &Side<'_>) {
    let mut tries = 0;
    eventually(BACK, "orders are taken", || {
        tries += 1;
        match try_order(side, &format!("try-{tries}")) {
            Ok(202) => Ok(()),
            Ok(503) => Err("503".to_owned()),
            other => panic!("an edge without its directory says {other:?}"),
        }
    });
}
