//! The risk score of a commission that is about to become payable (MONEY §15).
//!
//! Until signals are recorded there are no reasons, so every score is 0 and clear.

/// Points at or above which a commission waits for a person.
pub const RISK_THRESHOLD: u32 = 60;

/// A score and what made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// 0–100.
    pub points: u32,
    /// Named reasons, each with its points.
    pub reasons: Vec<(&'static str, u32)>,
}

impl Score {
    /// Whether nothing holds the commission back.
    pub fn is_clear(&self) -> bool {
        self.points < RISK_THRESHOLD
    }
}
