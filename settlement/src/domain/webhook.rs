//! Deliveries of notices to endpoints: what is told to whom, in which words, and when it is tried.

pub mod address;
pub mod affiliate_order;
pub mod endpoint;
pub mod khata_body;
pub mod lane;
pub mod message;
pub mod owed;
pub mod place;
pub mod schedule;
pub mod signature;
pub mod told;
