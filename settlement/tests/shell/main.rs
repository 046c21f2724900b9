//! The shell around settling, on a real Postgres: ingest, clicks, directory, seeding, HTTP.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

#[path = "../calm/mod.rs"]
mod calm;
#[path = "../database/mod.rs"]
mod database;

mod affiliate_endpoints;
mod assigned;
mod attribution;
mod batches;
mod calls;
mod catalogue;
mod clicks;
mod directory;
mod edge;
mod explained;
mod frozen;
mod gaps;
mod http;
mod ingest;
mod keys;
mod network;
mod payouts;
mod pool;
mod preview;
mod pushed;
mod reconcile;
mod review;
mod risk;
mod sales;
mod seeding;
mod shop;
mod statements;
mod stories;
mod webhook_affiliate_log;
mod webhook_again;
mod webhook_bodies;
mod webhook_endpoints;
mod webhook_feed;
mod webhook_lane;
mod webhook_retention;
mod writes;
