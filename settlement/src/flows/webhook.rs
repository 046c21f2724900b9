//! Notices on their way to endpoints.

pub mod bodies;
pub mod deliver;
pub mod fan_out;
pub mod pause;
pub mod resume;
