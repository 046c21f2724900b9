//! Deliveries on a real Postgres to a real listener, in simulated time.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

#[path = "../crash/mod.rs"]
mod crash;
#[path = "../database/mod.rs"]
mod database;

mod arriving;
mod contended;
mod crashing;
mod failing;
mod owing;
mod paused;
mod simulated;
mod sink;
mod world;
