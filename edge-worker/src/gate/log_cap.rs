//! Which calls the request log lists and which it only counts, so that no flood fills the lane.
//!
//! Per isolate. A call that never proved its signature (401) and one over its limit (429) are
//! listed up to 60 times per key and minute, each kind for itself; the rest is counted. Calls whose
//! key does not exist belong to nobody and are only counted. Source: EDGE §10.

use shared::directory::KeyEntry;
use shared::request_log::{CallTally, TallyKey, TallyReason};
use std::mem;

/// Refused calls of one key, one kind and one minute that are listed at most.
pub const LISTED_PER_MINUTE_MAX: u32 = 60;
/// Tallies held at most while nobody takes them; what comes on top is told as dropped.
const TALLIES_MAX: usize = 1_000;
const MINUTE_MS: i64 = 60_000;
/// Stands for the id of a tally that was never taken.
const UNDRAWN: u64 = 0;

/// Refusals that are listed only so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flood {
    /// A 401 of a known key.
    Unproven,
    /// A 429.
    RateLimited,
}

impl Flood {
    /// The kind of an answer; `None`: every such call is listed.
    pub fn of(status: u16) -> Option<Self> {
        match status {
            401 => Some(Self::Unproven),
            429 => Some(Self::RateLimited),
            _ => None,
        }
    }

    fn reason(self) -> TallyReason {
        match self {
            Self::Unproven => TallyReason::Unproven,
            Self::RateLimited => TallyReason::RateLimited,
        }
    }
}

/// What is to be done with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It leaves a row.
    Listed,
    /// It was counted here.
    Counted,
}

/// Listed and counted calls of one key and kind in the current minute.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    listed: u32,
    counted: u64,
}

#[derive(Debug)]
struct KeyMinute {
    key: TallyKey,
    unproven: Seen,
    rate_limited: Seen,
}

/// The current minute's calls by key, and what was counted and not yet taken.
#[derive(Debug, Default)]
pub struct LogCap {
    minute_ms: i64,
    /// In order of their ids: refused calls are rare, and a map of its own would weigh more.
    keys: Vec<KeyMinute>,
    missing_key: u64,
    unknown_key: u64,
    dropped: u64,
    /// Of minutes that are over, and those that nobody took.
    finished: Vec<CallTally>,
}

impl LogCap {
    /// Lists a refused call of a known key, or counts it.
    pub fn list(&mut self, key: &KeyEntry, flood: Flood, now_ms: i64) -> Place {
        self.turn(now_ms);
        let named = |minute: &KeyMinute| minute.key.key_id.as_str().cmp(&key.key_id);
        let place = self.keys.binary_search_by(named).unwrap_or_else(|place| {
            let named = TallyKey {
                merchant_id: key.merchant_id,
                environment: key.environment,
                key_id: key.key_id.clone(),
            };
            let (unproven, rate_limited) = (Seen::default(), Seen::default());
            self.keys.insert(place, KeyMinute { key: named, unproven, rate_limited });
            place
        });
        let minute = &mut self.keys[place];
        let seen = match flood {
            Flood::Unproven => &mut minute.unproven,
            Flood::RateLimited => &mut minute.rate_limited,
        };
        if seen.listed < LISTED_PER_MINUTE_MAX {
            seen.listed += 1;
            Place::Listed
        } else {
            seen.counted += 1;
            Place::Counted
        }
    }

    /// Counts a call whose key does not exist, or was not named at all.
    pub fn count_nobodys(&mut self, names_a_key: bool, now_ms: i64) {
        self.turn(now_ms);
        if names_a_key { self.unknown_key += 1 } else { self.missing_key += 1 }
    }

    /// Counts rows that were listed and then dropped.
    pub fn count_dropped(&mut self, rows: u64) {
        self.dropped += rows;
    }

    /// Takes what was counted; `draw` makes an id for each tally.
    pub fn take(&mut self, mut draw: impl FnMut() -> u64) -> Vec<CallTally> {
        self.finish();
        let mut tallies = mem::take(&mut self.finished);
        // Those that came back keep their id: they may have been stored after all.
        tallies.iter_mut().filter(|tally| tally.id == UNDRAWN).for_each(|tally| tally.id = draw());
        tallies
    }

    /// Takes back what could not be delivered.
    pub fn put_back(&mut self, tallies: Vec<CallTally>) {
        for tally in tallies {
            self.push(tally);
        }
    }

    /// Begins the minute of this instant when it is another one.
    fn turn(&mut self, now_ms: i64) {
        let minute_ms = now_ms - now_ms.rem_euclid(MINUTE_MS);
        if minute_ms != self.minute_ms {
            self.finish();
            self.keys.clear();
            self.minute_ms = minute_ms;
        }
    }

    /// Turns everything counted into tallies.
    fn finish(&mut self) {
        let minute_ms = self.minute_ms;
        let tally = |reason, key, calls| CallTally { id: UNDRAWN, minute_ms, reason, key, calls };
        let mut found = Vec::new();
        for (reason, calls) in [
            (TallyReason::MissingKey, mem::take(&mut self.missing_key)),
            (TallyReason::UnknownKey, mem::take(&mut self.unknown_key)),
            (TallyReason::Dropped, mem::take(&mut self.dropped)),
        ] {
            found.push(tally(reason, None, calls));
        }
        for minute in &mut self.keys {
            let unproven = mem::take(&mut minute.unproven.counted);
            let rate_limited = mem::take(&mut minute.rate_limited.counted);
            for (flood, calls) in [(Flood::Unproven, unproven), (Flood::RateLimited, rate_limited)]
            {
                if calls > 0 {
                    found.push(tally(flood.reason(), Some(minute.key.clone()), calls));
                }
            }
        }
        found.into_iter().filter(|tally| tally.calls > 0).for_each(|tally| self.push(tally));
    }

    fn push(&mut self, tally: CallTally) {
        if self.finished.len() < TALLIES_MAX {
            self.finished.push(tally);
        } else {
            self.dropped += tally.calls;
        }
    }
}

/// How each call of a log begins that has more than its id; quotes in texts are escaped.
const CALL: &str = r#","receivedAtMs":"#;
/// Where a log's tallies begin.
const TALLIES: &str = r#""tallies":["#;

/// A [`LogRow`](shared::request_log::LogRow) as JSON without its calls, which are told as dropped:
/// where little room is left, the log leaves it to the clicks.
pub fn without_calls(log: &str, id: u64, now_ms: i64) -> String {
    let calls = log.matches(CALL).count();
    let minute_ms = now_ms - now_ms.rem_euclid(MINUTE_MS);
    let (_, tallies) = log.rsplit_once(TALLIES).unwrap_or(("", "]}"));
    let comma = if tallies.starts_with(']') { "" } else { "," };
    format!(
        "{{\"calls\":[],{TALLIES}{{\"id\":{id},\"minuteMs\":{minute_ms},\
         \"reason\":\"dropped\",\"calls\":{calls}}}{comma}{tallies}"
    )
}

#[cfg(test)]
mod tests;
