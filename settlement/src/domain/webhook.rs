//! Deliveries of notices to endpoints: what is told to whom, in which words, and when it is tried.

pub mod address;
pub mod endpoint;
pub mod lane;
pub mod owed;
pub mod schedule;
pub mod signature;
pub mod told;
