//! What must hold after any attack: each 202 settled once, and nothing that was not sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tests::side::{CONVERSIONS, ORDER_STATUS};
use tests::{Side, eventually};

use crate::BACK;
use crate::load::{Said, Sent};

/// The order that is reported last: with it, all before it in the stream have arrived.
const LAST: &str = "the-last";

/// Waits until everything has arrived, then compares it with what was sent. Events taken before
/// the load must be among `sent`.
pub fn assert_settled_once(side: &Side<'_>, mut sent: Vec<Sent>) {
    let click_id = side.seal(side.link.link_number, tests::eventually::now_seconds());
    let last = side.convert(LAST, "100.00", &click_id);
    sent.push(Sent { path: CONVERSIONS, order: LAST.to_owned(), said: Said::Taken(last.clone()) });
    let rows = eventually(BACK, "all that arrived is applied", || {
        let rows = inbox(side)?;
        let has_last = rows.iter().any(|row| row["event_id"] == last.as_str());
        match rows.iter().find(|row| row["state"] != "applied") {
            None if has_last => Ok(rows),
            waiting => Err(format!("{} rows, {waiting:?}", rows.len())),
        }
    });
    assert_as_sent(&rows, &sent);
    assert_gapless(&rows);
    assert_effects(side, &rows);
}

fn inbox(side: &Side<'_>) -> Result<Vec<Value>, String> {
    let [merchant, environment] = side.binds();
    let query = "select event_id, epoch, seq, kind, state, code,
            convert_from(body, 'UTF8')::jsonb ->> 'externalOrderId' as external_order_id
        from inbox where merchant_id = $1::uuid and environment = $2 order by epoch, seq";
    let rows = side.world.database.try_rows(query, &[&merchant, &environment]);
    rows.map_err(|cause| cause.to_string())
}

/// Every 202 has its row, every row its call, and no call two rows.
fn assert_as_sent(rows: &[Value], sent: &[Sent]) {
    let mut calls: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for Sent { path, order, said } in sent {
        let ids = calls.entry((path, order)).or_default();
        match said {
            Said::Taken(event_id) => drop(ids.insert(event_id)),
            Said::Known => drop(known.insert((*path, order.as_str()))),
            // Whatever happens, a merchant hears 202, 503 or nothing.
            Said::Refused(status) => assert_eq!(*status, 503, "{order}"),
            Said::Nothing => {}
        }
    }
    let mut settled: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for row in rows {
        let text = |name: &str| row[name].as_str().expect("a row has its texts");
        let path = if text("kind") == "conversion" { CONVERSIONS } else { ORDER_STATUS };
        let call = (path, text("external_order_id"));
        assert!(calls.contains_key(&call), "nobody sent {row}");
        let earlier = settled.insert(call, text("event_id"));
        assert_eq!(earlier, None, "{call:?} settled twice");
    }
    for call in known {
        assert!(settled.contains_key(&call), "{call:?} was called known");
    }
    for (call, ids) in &calls {
        assert!(ids.len() <= 1, "{call:?} got several ids: {ids:?}");
        if let Some(event_id) = ids.first() {
            assert_eq!(settled.get(call), Some(event_id), "{call:?} was answered 202");
        }
    }
}

fn assert_gapless(rows: &[Value]) {
    let epochs: BTreeSet<_> = rows.iter().map(|row| row["epoch"].as_str()).collect();
    assert_eq!(epochs.len(), 1, "one object, never wiped");
    for (row, seq) in rows.iter().zip(1_u64..) {
        assert_eq!(row["seq"], seq, "a gap before {row}");
    }
}

fn assert_effects(side: &Side<'_>, rows: &[Value]) {
    let count = |many: usize| i64::try_from(many).expect("a few events");
    let orders = count(rows.iter().filter(|row| row["kind"] == "conversion").count());
    let [merchant, environment] = side.binds();
    // An order's commission is one transfer, and its first status, paid, moves it on by another.
    let transfers = count(rows.len());
    let tables = [("conversion", orders), ("commission", orders), ("ledger_transfer", transfers)];
    for (table, expected) in tables {
        let filter = format!("{table} where merchant_id = $1::uuid and environment = $2");
        let many = side.world.database.count(&filter, &[&merchant, &environment]);
        assert_eq!(many, expected, "{table}");
    }
}
