//! This isolate's clicks on their way to a `ClickOutbox`: a small batch, or a second of them.
//!
//! Losing the isolate costs statistics, never an attribution: the click id proves itself.

use super::Call;
use super::hop::CLICK_BINDING;
use crate::bridge;
use crate::config::Config;
use crate::objects::{DROPPED_HEADER, NAME_HEADER, OFFER_PATH};
use crate::{outbound, random};
use shared::internal::{ClickRecord, click_outbox_name};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use worker::{Env, console_error};

/// Clicks that are sent without waiting.
const CLICKS_SOON: usize = 64;
/// How long a click waits for company.
const WAIT_MS: i64 = 1_000;
/// A timer that has not come back after this long was lost with its request.
const TIMER_LOST_MS: i64 = 5_000;
/// Clicks of one stored row at most.
const ROW_CLICKS_MAX: usize = 256;
/// Clicks an isolate holds at most while no object takes them; then the oldest go, counted.
const HELD_MAX: usize = 10_000;
/// Tries in a row before the clicks wait for the next click to bring a timer.
const TRIES_MAX: u32 = 5;

#[derive(Default)]
struct Held {
    clicks: VecDeque<ClickRecord>,
    dropped: u64,
    timer_began_ms: Option<i64>,
    shard: Option<u32>,
}

thread_local! {
    static HELD: RefCell<Held> = RefCell::new(Held::default());
}

/// What a click that was taken asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing: a timer runs that will send it.
    Nothing,
    /// That this be awaited after the answer: [`send`] after so many milliseconds.
    SendAfter(i64),
}

/// Takes a click, and has it sent; the response does not wait for anything here.
pub(super) fn record(call: &Call, click: ClickRecord) {
    if let Wish::SendAfter(pause_ms) = hold(click, call.now_ms) {
        let (env, config) = (call.env.clone(), Rc::clone(&call.config));
        call.context.wait_until(async move { send(&env, &config, pause_ms).await });
    }
}

/// Takes a click.
pub(super) fn hold(click: ClickRecord, now_ms: i64) -> Wish {
    HELD.with_borrow_mut(|held| {
        held.clicks.push_back(click);
        held.drop_oldest();
        let timer_runs =
            held.timer_began_ms.is_some_and(|began_ms| now_ms - began_ms < TIMER_LOST_MS);
        if held.clicks.len().is_multiple_of(CLICKS_SOON) {
            Wish::SendAfter(0)
        } else if timer_runs {
            Wish::Nothing
        } else {
            held.timer_began_ms = Some(now_ms);
            Wish::SendAfter(WAIT_MS)
        }
    })
}

/// Sends all clicks held, after a pause in which others may join them.
pub(super) async fn send(env: &Env, config: &Config, pause_ms: i64) {
    if pause_ms > 0 {
        outbound::pause(pause_ms).await;
        HELD.with_borrow_mut(|held| held.timer_began_ms = None);
    }
    send_all(env, config).await;
}

async fn send_all(env: &Env, config: &Config) {
    let mut failures = 0;
    while let Some((name, clicks, dropped)) = take(config) {
        match store(env, &name, &clicks, dropped).await {
            Ok(()) => failures = 0,
            Err(cause) => {
                failures += 1;
                console_error!("A click object did not take a batch: {cause} tries={failures}");
                HELD.with_borrow_mut(|held| held.put_back(clicks, dropped));
                if failures == TRIES_MAX {
                    return;
                }
                outbound::pause(WAIT_MS << failures).await;
            }
        }
    }
}

type Batch = (String, Vec<ClickRecord>, u64);

fn take(config: &Config) -> Option<Batch> {
    HELD.with_borrow_mut(|held| {
        if held.clicks.is_empty() {
            return None;
        }
        let shards = u64::from(config.click_shards);
        let shard = *held.shard.get_or_insert_with(|| {
            // One shard per isolate: a hot link is no hot object.
            u32::try_from(random::u64() % shards).unwrap_or(0)
        });
        let taken = held.clicks.len().min(ROW_CLICKS_MAX);
        let clicks = held.clicks.drain(..taken).collect();
        Some((click_outbox_name(shard), clicks, std::mem::take(&mut held.dropped)))
    })
}

async fn store(env: &Env, name: &str, clicks: &[ClickRecord], dropped: u64) -> worker::Result<()> {
    let body = serde_json::to_string(clicks)?;
    let dropped = dropped.to_string();
    let headers = [(NAME_HEADER, name), (DROPPED_HEADER, &dropped)].into_iter();
    match bridge::hop(env, CLICK_BINDING, name, OFFER_PATH, headers, &body).await?.0 {
        204 => Ok(()),
        status => Err(format!("status {status}").into()),
    }
}

impl Held {
    fn put_back(&mut self, clicks: Vec<ClickRecord>, dropped: u64) {
        for click in clicks.into_iter().rev() {
            self.clicks.push_front(click);
        }
        self.dropped += dropped;
        self.drop_oldest();
    }

    fn drop_oldest(&mut self) {
        while self.clicks.len() > HELD_MAX {
            self.clicks.pop_front();
            self.dropped += 1;
        }
    }
}
