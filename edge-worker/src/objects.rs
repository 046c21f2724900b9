//! The Durable Objects: thin shells around the gate's decisions and the tables' statements.
//!
//! **Architecture invariant:** nothing here knows `http`; no `await` lies between reading what is
//! known and the one statement that accepts.

pub mod click_outbox;
pub mod directory;
mod intake_batch;
pub mod merchant_intake;
mod outbox;
mod tables;

/// The object's own name, told by whoever calls it.
pub const NAME_HEADER: &str = "x-khata-object";
/// Clicks lost since the isolate's last batch.
pub const DROPPED_HEADER: &str = "x-khata-dropped";
/// Path of a call that brings a click object what an isolate holds.
pub const BATCH_PATH: &str = "/batch";
/// Path of a call that offers something to an object.
pub const OFFER_PATH: &str = "/offer";
/// Path of a call that wakes an object's drain.
pub const POKE_PATH: &str = "/poke";
/// Path of a call that makes an object panic, in dev.
pub const PANIC_PATH: &str = "/panic";
