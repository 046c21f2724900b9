//! Payouts on a real Postgres: drafted, sent, answered, and what refunds, races and crashes do.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

#[path = "../calm/mod.rs"]
mod calm;
#[path = "../crash/mod.rs"]
mod crash;
#[path = "../database/mod.rs"]
mod database;

mod books;
mod corrections;
mod entries;
mod life;
mod races;
mod refunds;
mod sandbox;
mod world;
