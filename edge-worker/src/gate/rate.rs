//! Exact sliding windows: how many calls a key made in the last minute and the last hour.

use std::collections::VecDeque;

/// The short window.
pub const MINUTE_MS: i64 = 60_000;
/// The long window.
pub const HOUR_MS: i64 = 3_600_000;

/// How many calls a key may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In any 60 seconds.
    pub per_minute_max: u32,
    /// In any 3,600 seconds.
    pub per_hour_max: u32,
}

/// Whether a call may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spend {
    /// It spent its tokens.
    Spent,
    /// The minute is full; nothing was spent.
    MinuteFull,
    /// The hour is full; nothing was spent.
    HourFull,
}

impl Spend {
    /// What the client is told; `None` when it may pass.
    pub fn refusal(self, limits: Limits) -> Option<String> {
        match self {
            Self::Spent => None,
            Self::MinuteFull => {
                Some(format!("Rate limit exceeded ({}/min)", limits.per_minute_max))
            }
            Self::HourFull => Some(format!("Rate limit exceeded ({}/hour)", limits.per_hour_max)),
        }
    }
}

/// The instants at which one key spent a token, oldest first, no older than an hour.
///
/// It never holds more than the hour's limit, because a refused call adds nothing.
#[derive(Debug, Default)]
pub struct Window {
    spent_at_ms: VecDeque<i64>,
}

impl Window {
    /// Spends so many tokens, all or none, or says which limit is reached. A token of exactly 60 s
    /// ago is out of the minute. A clock that stepped back counts as standing still.
    pub fn spend(&mut self, now_ms: i64, tokens: usize, limits: Limits) -> Spend {
        let now_ms = self.forget_old(now_ms);
        let minute_start = now_ms - MINUTE_MS;
        let before_minute =
            self.spent_at_ms.partition_point(|&spent_at_ms| spent_at_ms <= minute_start);
        let in_minute = self.spent_at_ms.len() - before_minute;
        if in_minute + tokens > limits.per_minute_max as usize {
            return Spend::MinuteFull;
        }
        if self.spent_at_ms.len() + tokens > limits.per_hour_max as usize {
            return Spend::HourFull;
        }
        self.spent_at_ms.extend(std::iter::repeat_n(now_ms, tokens));
        Spend::Spent
    }

    /// Counts a token spent before a restart; called with the newest first.
    pub fn restore_older(&mut self, spent_at_ms: i64) {
        let oldest_ms = self.spent_at_ms.front().copied().unwrap_or(spent_at_ms);
        self.spent_at_ms.push_front(spent_at_ms.min(oldest_ms));
    }

    fn forget_old(&mut self, now_ms: i64) -> i64 {
        let now_ms = self.spent_at_ms.back().map_or(now_ms, |&newest_ms| now_ms.max(newest_ms));
        let hour_start = now_ms - HOUR_MS;
        while self.spent_at_ms.front().is_some_and(|&spent_at_ms| spent_at_ms <= hour_start) {
            self.spent_at_ms.pop_front();
        }
        now_ms
    }
}

#[cfg(test)]
mod tests;
