//! Calls that settlement makes to the outside.

pub mod edge;
pub mod stopwatch;
pub mod webhook;
