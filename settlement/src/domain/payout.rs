//! Payouts: their life, what goes into one, what a bank's answer does, whose events are all in.

pub mod bank;
pub mod drain;
pub mod life;
pub mod plan;
