//! Notices on their way to endpoints.

pub mod bodies;
