//! Payouts: drafted in runs, agreed with, sent, answered by the bank. One file per step, each one
//! transaction.
//!
//! Whoever locks both commissions and payouts locks the commissions first, in the order of their
//! conversions, and the payouts then, in the order of their ids: settling does so when a refund
//! reaches a commission that a draft holds.

pub mod answer;
pub mod approve;
pub mod cancel;
pub(super) mod clock;
mod drained;
pub mod fail;
pub mod files;
pub(super) mod follow;
mod landing;
pub mod process;
pub mod run;
pub mod sandbox;

use uuid::Uuid;

/// Which payouts a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of a run that the step can be taken with.
    Run(Uuid),
    /// One.
    Payout(Uuid),
}

impl Which {
    /// What the audit log calls it.
    fn subject(self) -> String {
        match self {
            Self::Run(id) | Self::Payout(id) => id.to_string(),
        }
    }
}

/// How many payouts a step was taken with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// It moved them.
    pub moved: usize,
    /// They stood there already.
    pub unchanged: usize,
    /// They cannot, where they stand.
    pub denied: usize,
}
