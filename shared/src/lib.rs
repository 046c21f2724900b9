//! What crosses the wire between shopper, merchant, edge and settlement, and nothing else.
//!
//! **Architecture invariant:** this crate is pure. It knows no clock, no random source, no
//! network and no storage; time, keys and randomness are arguments.

pub mod api_route;
pub mod click_id;
pub mod crockford;
pub mod directory;
pub mod event;
pub mod fault;
pub mod id;
pub mod internal;
pub mod json;
pub mod keys;
pub mod limits;
pub mod money;
pub mod order_status;
pub mod problem;
pub mod relay;
pub mod request_log;
pub mod shop;
pub mod signing;
pub mod time;
pub mod validate;
