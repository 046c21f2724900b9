//! Seeded histories played on a real Postgres and beside a plain model; both must agree.
//!
//! A failure names its seed and the operation; `KHATA_SEED=<seed> KHATA_OPS=<number>` plays one
//! history again.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

#[path = "../calm/mod.rs"]
mod calm;
#[path = "../crash/mod.rs"]
mod crash;
#[path = "../database/mod.rs"]
mod database;

mod check;
mod draw;
mod history;
mod messages;
mod model;
mod network;
mod ops;
mod payouts;
mod people;
mod random;
mod tampering;
mod terms;
mod told;

use history::History;
use std::sync::Mutex;

/// Operations of the histories of every run together.
const OPS_TOTAL: usize = 100_000;
const OPS_EACH: usize = 12_500;
/// Operations between two comparisons.
const COMPARED_EVERY: usize = 1_000;

/// Scores may be left to the release job at most once in so many operations.
const POSTPONED_ONE_IN: usize = 500;

/// What is being played, for whoever reads a failure.
struct Playing(Mutex<String>);

impl Drop for Playing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed in {}", self.0.lock().unwrap());
        }
    }
}

async fn play(seed: u64, ops: usize) {
    let playing = Playing(Mutex::new(format!("seed {seed}, before the first operation")));
    let mut history = History::begin(database::fresh().await, seed).await;
    for index in 0..ops {
        let op = history.step().await;
        *playing.0.lock().unwrap() = format!("seed {seed}, operation {index}: {op:?}");
        if index % COMPARED_EVERY == COMPARED_EVERY - 1 {
            check::equals_the_model(&history).await;
        }
    }
    *playing.0.lock().unwrap() = format!("seed {seed}, after {ops} operations");
    assert!(history.postponed <= ops / POSTPONED_ONE_IN, "{} scores", history.postponed);
    history.finish().await;
    check::equals_the_model(&history).await;
    check::walked_the_printed_table(&history).await;
    messages::tell_what_the_books_hold(&history).await;
    check::verifies(&history).await;
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_operations_leave_the_books_that_the_plain_model_has() {
    if let Some(seed) = number("KHATA_SEED") {
        let ops = number("KHATA_OPS").and_then(|ops| usize::try_from(ops).ok());
        return play(seed, ops.unwrap_or(OPS_EACH)).await;
    }
    let last = (OPS_TOTAL / OPS_EACH) as u64;
    for seed in (1..last).step_by(2) {
        tokio::join!(play(seed, OPS_EACH), play(seed + 1, OPS_EACH));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tampering_with_the_books_is_named_by_verify() {
    let mut history = History::begin(database::fresh().await, 42).await;
    tampering::is_named(&mut history).await;
}
