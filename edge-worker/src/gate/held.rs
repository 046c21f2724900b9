//! What an isolate holds for a click object: clicks and the request log, sent together.
//!
//! A little at a time or once a second, never more than a bound: losing it costs statistics and
//! lines of a log, never an attribution and never an event (EDGE §10).

use super::log_cap::{Flood, LogCap, Place};
use shared::directory::KeyEntry;
use shared::internal::ClickRecord;
use shared::request_log::{CallRecord, LogRow};
use std::collections::VecDeque;
use std::mem;

/// Clicks that are sent without waiting.
const CLICKS_SOON: usize = 64;
/// Log rows that are sent without waiting. Nobody reads them within the second, and each sending
/// costs the object a commit.
const CALLS_SOON: usize = 256;
/// How long either waits for company.
pub const WAIT_MS: i64 = 1_000;
/// A timer that has not come back after this long was lost with its request.
const TIMER_LOST_MS: i64 = 5_000;
/// Clicks of one stored row at most.
const ROW_CLICKS_MAX: usize = 256;
/// Calls of one stored row at most: by the bounds on a record's texts, well below the 2 MB of a row.
const ROW_CALLS_MAX: usize = 256;
/// Clicks, and as many log rows, an isolate holds at most while no object takes them; then the
/// oldest go, counted.
const HELD_MAX: usize = 10_000;

/// What something that was taken asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: a timer runs that will send it.
    Nothing,
    /// That all be sent after so many milliseconds, once the answer is given.
    SendAfter(i64),
}

/// One row for an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Clicks in order.
    pub clicks: Vec<ClickRecord>,
    /// Clicks lost before them.
    pub dropped: u64,
    /// The request log.
    pub log: LogRow,
}

/// Everything held.
#[derive(Debug, Default)]
pub struct Held {
    clicks: VecDeque<ClickRecord>,
    dropped: u64,
    calls: VecDeque<CallRecord>,
    cap: LogCap,
    timer_began_ms: Option<i64>,
}

impl Held {
    /// Takes a click.
    pub fn hold_click(&mut self, click: ClickRecord, now_ms: i64) -> Wish {
        self.clicks.push_back(click);
        self.drop_oldest();
        let is_full = self.clicks.len().is_multiple_of(CLICKS_SOON);
        self.wish(is_full, now_ms)
    }

    /// Takes an answered call of a known key: its row, made only when it is to be listed.
    pub fn hold_call(
        &mut self,
        key: &KeyEntry,
        flood: Option<Flood>,
        make: impl FnOnce() -> CallRecord,
        now_ms: i64,
    ) -> Wish {
        let place = flood.map_or(Place::Listed, |flood| self.cap.list(key, flood, now_ms));
        if place == Place::Counted {
            return self.wish(false, now_ms);
        }
        self.calls.push_back(make());
        self.drop_oldest();
        let is_full = self.calls.len().is_multiple_of(CALLS_SOON);
        self.wish(is_full, now_ms)
    }

    /// Counts a call that named no key, or one that does not exist.
    pub fn count_nobodys(&mut self, names_a_key: bool, now_ms: i64) -> Wish {
        self.cap.count_nobodys(names_a_key, now_ms);
        self.wish(false, now_ms)
    }

    /// A timer has come back.
    pub fn timer_rang(&mut self) {
        self.timer_began_ms = None;
    }

    /// The next row to send, if there is anything; `draw` makes ids.
    pub fn take(&mut self, draw: impl FnMut() -> u64) -> Option<Row> {
        let tallies = self.cap.take(draw);
        let clicks: Vec<_> = drain(&mut self.clicks, ROW_CLICKS_MAX);
        let calls: Vec<_> = drain(&mut self.calls, ROW_CALLS_MAX);
        let log = LogRow { calls, tallies };
        if clicks.is_empty() && log.is_empty() {
            return None;
        }
        Some(Row { clicks, dropped: mem::take(&mut self.dropped), log })
    }

    /// Takes back a row that no object took.
    pub fn put_back(&mut self, row: Row) {
        row.clicks.into_iter().rev().for_each(|click| self.clicks.push_front(click));
        row.log.calls.into_iter().rev().for_each(|call| self.calls.push_front(call));
        self.dropped += row.dropped;
        self.cap.put_back(row.log.tallies);
        self.drop_oldest();
    }

    fn wish(&mut self, is_full: bool, now_ms: i64) -> Wish {
        let timer_runs =
            self.timer_began_ms.is_some_and(|began_ms| now_ms - began_ms < TIMER_LOST_MS);
        if is_full {
            Wish::SendAfter(0)
        } else if timer_runs {
            Wish::Nothing
        } else {
            self.timer_began_ms = Some(now_ms);
            Wish::SendAfter(WAIT_MS)
        }
    }

    fn drop_oldest(&mut self) {
        while self.clicks.len() > HELD_MAX {
            self.clicks.pop_front();
            self.dropped += 1;
        }
        while self.calls.len() > HELD_MAX {
            self.calls.pop_front();
            self.cap.count_dropped(1);
        }
    }
}

fn drain<T>(queue: &mut VecDeque<T>, most: usize) -> Vec<T> {
    let taken = queue.len().min(most);
    queue.drain(..taken).collect()
}

#[cfg(test)]
mod tests;
