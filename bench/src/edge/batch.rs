//! Batches of a hundred orders beside the same orders one by one, on the same edge.

use std::time::Duration;

use anyhow::Result;
use hyper::StatusCode;
use serde_json::Value;
use shared::keys::ClickKeys;
use shared::validate::BATCH_EVENTS_MAX;

use super::intake::{order, order_body, signed};
use super::pair::{self, now_seconds};
use super::shop::Shop;
use crate::figure::{Figure, Target, median};
use crate::load::{self, Load, Sent};
use crate::table::number;

/// Single orders under way at once.
const SINGLE_CONNECTIONS: u64 = 64;
/// Batches under way at once, one for each merchant.
const BATCH_CONNECTIONS: u64 = 16;
/// How long each is sent in one round.
const ROUND: Duration = Duration::from_secs(3);
/// Above what any machine sends: here the way is measured, not its limits.
const PER_MINUTE_MAX: u32 = 100_000_000;
const BATCH_PATH: &str = "/api/v1/conversions/batch";

/// Sends single orders and batches in turn, and compares the events stored a second.
pub fn measure(rounds: usize) -> Result<Vec<Figure>> {
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(xtask::paths::target())?;
    let mut shop = Shop::open()?;
    for key in &mut shop.keys {
        key.entry.per_minute_max = PER_MINUTE_MAX;
        key.entry.per_hour_max = PER_MINUTE_MAX;
    }
    let side = pair::start_ours(&shop, &folder.path().join("batches"))?;
    shop.push_to(side.port, now_seconds())?;
    let keys = shop.click_keys()?;
    let one = |number: u64| order(&shop, &keys, number, now_seconds());
    let hundred = |number: u64| batch(&shop, &keys, number);
    let (mut single_first, mut batch_first) = (0, 0);
    let mut send_alone =
        |lasts| send(side.port, SINGLE_CONNECTIONS, lasts, &one, &mut single_first);
    let mut send_batched = |lasts| {
        let calls = send(side.port, BATCH_CONNECTIONS, lasts, &hundred, &mut batch_first);
        calls.map(|calls| calls * f64::from(u32::try_from(BATCH_EVENTS_MAX).unwrap_or(u32::MAX)))
    };
    // Unmeasured: what is new is slow.
    send_alone(ROUND)?;
    send_batched(ROUND)?;
    let (mut alone_per_second, mut batched_per_second) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            alone_per_second.push(send_alone(ROUND)?);
            batched_per_second.push(send_batched(ROUND)?);
        } else {
            batched_per_second.push(send_batched(ROUND)?);
            alone_per_second.push(send_alone(ROUND)?);
        }
    }
    let ratios: Vec<f64> = batched_per_second
        .iter()
        .zip(&alone_per_second)
        .map(|(batch, single)| batch / single)
        .collect();
    let (batched, alone) = (median(&batched_per_second), median(&alone_per_second));
    Ok(vec![Figure {
        name: "intake, batches of 100".to_owned(),
        value: median(&ratios),
        unit: "×",
        target: Target::AtLeast(10.0),
        note: format!("{} events/s beside {} one by one", number(batched), number(alone)),
    }])
}

/// Calls answered a second; the next ones begin after these.
fn send(
    port: u16,
    connections: u64,
    lasts: Duration,
    make: &dyn Fn(u64) -> Sent,
    first: &mut u64,
) -> Result<f64> {
    let status = StatusCode::ACCEPTED;
    let measured = load::run(&Load { port, connections, lasts, status, make, first: *first })?;
    *first += measured.answered + connections;
    Ok(measured.per_second())
}

/// A merchant's next hundred orders, none of them among the single ones.
fn batch(shop: &Shop, keys: &ClickKeys, number: u64) -> Sent {
    let (events, at) = (BATCH_EVENTS_MAX as u64, now_seconds());
    let bodies = (0..events).map(|place| {
        let mut body = order_body(shop, keys, number, at);
        body["externalOrderId"] = format!("BATCH-{number:09}-{place:02}").into();
        body
    });
    let body = Value::Array(bodies.collect()).to_string();
    let key = &shop.keys[usize::try_from(number).unwrap_or(0) % shop.keys.len()];
    let key_text = format!("batch-{number}");
    signed(BATCH_PATH, &key.entry.key_id, &key.secret, &body, at, Some(&key_text))
}
