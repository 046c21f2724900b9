//! A disk that is full: 503 and never a false 202, and shoppers are still sent on their way.
//!
//! The disk is filled by the process' own limit of file size, which any user may set on any
//! Linux: every write beyond it fails, in the write-ahead logs first.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tests::side::CONVERSIONS;
use tests::{Shop, Side, World, eventually};

use crate::audit::assert_settled_once;
use crate::load::{Said, Sent};
use crate::{BACK, world};

/// How much the largest file may still grow.
const LEFT_BYTES: u64 = 48 * 1024;
/// Orders reported at most until one finds no room.
const ORDERS_MAX: usize = 2_000;
/// Bytes of each order's note.
const NOTE_BYTES: usize = 12_000;
/// Orders and clicks that come while there is no room.
const MEANWHILE: usize = 40;

/// Limits the size of the edge's files, in bytes or `unlimited`.
pub fn limit_files(world: &World, limit: &str) {
    let id = world.parts().edge.child().id().expect("the edge runs").to_string();
    let done = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={limit}:")]).output();
    let done = done.expect("util-linux is on every Linux");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn largest_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("the edge has stored something");
    let sizes = entries.map(|entry| {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() { largest_bytes(&path) } else { path.metadata().map_or(0, |it| it.len()) }
    });
    sizes.max().unwrap_or(0)
}

/// One order; the edge must live.
fn order(side: &Side<'_>, number: usize) -> Sent {
    let order = format!("full-{number}");
    let click_id = side.seal(side.link.link_number, tests::eventually::now_seconds());
    // Heavy enough to fill what is left beside the largest file of any other test.
    let metadata = json!({"note": "x".repeat(NOTE_BYTES)});
    let body = json!({
        "externalOrderId": order, "orderAmount": "100.00", "clickId": click_id,
        "metadata": metadata,
    });
    let said = Said::of(&side.signer.post(CONVERSIONS, body.to_string()).send());
    Sent { path: CONVERSIONS, order, said }
}

#[test]
fn a_full_disk_is_503_and_every_202_settles_once() {
    let attacked = world();
    let world = attacked.world;
    let shop = Shop::usual(world);
    let side = &shop.live;
    let mut sent: Vec<Sent> = (0..10).map(|number| order(side, number)).collect();
    side.click();
    limit_files(world, &(largest_bytes(&world.edge_state()) + LEFT_BYTES).to_string());
    while sent.iter().all(|one| matches!(one.said, Said::Taken(_))) {
        assert!(sent.len() < ORDERS_MAX, "the disk is never full");
        sent.push(order(side, sent.len()));
    }
    for _ in 0..MEANWHILE {
        side.click();
        sent.push(order(side, sent.len()));
    }
    limit_files(world, "unlimited");
    eventually(BACK, "an order is taken where there is room", || {
        sent.push(order(side, sent.len()));
        match &sent[sent.len() - 1].said {
            Said::Taken(_) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    world.parts().edge.kill_hard().unwrap();
    world.parts().edge.start_again().unwrap();
    assert_settled_once(side, sent);
}
