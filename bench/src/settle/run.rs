//! One measured run: which side it was on, and what it took.

/// How events are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// As settlement ships, with its default transactions.
    Batched,
    /// One event per transaction; the posts are the same.
    Single,
}

impl Side {
    /// `SETTLE_EVENTS_MAX`, where it is not the default.
    pub fn events_per_transaction(self) -> Option<usize> {
        match self {
            Self::Batched => None,
            Self::Single => Some(1),
        }
    }
}

/// Seconds of CPU of 1,000 events.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    /// Settlement's process.
    pub settlement: f64,
    /// Postgres with all its processes.
    pub postgres: f64,
    /// The benchmark's own: posting, and looking whether all is done.
    pub sender: f64,
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Events sent and settled.
    pub events: usize,
    /// From the first post to the last event's outcome.
    pub seconds: f64,
    /// Where the work was done.
    pub cpu: Cpu,
    /// Settlement's memory after its start, megabytes.
    pub idle_mb: f64,
    /// Settlement's memory at most, megabytes.
    pub peak_mb: f64,
}

impl Run {
    /// The rate.
    #[expect(clippy::cast_precision_loss, reason = "thousands of events fit a float's 52 bits")]
    pub fn events_per_second(&self) -> f64 {
        self.events as f64 / self.seconds
    }
}
