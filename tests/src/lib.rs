//! The whole system on real parts, for tests: a World, merchants that sign, shoppers that click.
//!
//! Tests speak HTTP to the real edge; Postgres is read beside it, to see what became of things.
//!
//! **Architecture invariant:** nothing here sleeps for luck. A test waits for a condition with a
//! bound, by [`eventually`], and everything started ends with the test process.

pub mod eventually;
pub mod http;

pub mod merchant;
pub mod php;
pub mod shopper;
pub mod stumble;

pub mod database;
pub mod world;

pub mod payout;
pub mod refusal;
pub mod shop;
pub mod side;
pub mod sink;
pub mod storefront;

pub mod tidy;

pub use eventually::{BOUND, eventually};
pub use http::Answer;
pub use merchant::{SignedCall, SigningMerchant};
pub use shop::{Plan, Shop};
pub use shopper::Shopper;
pub use side::Side;
pub use sink::Sink;
pub use world::World;
