//! This isolate's clicks and log rows on their way to a `ClickOutbox`, after the answers.
//!
//! Losing the isolate costs statistics, never an attribution: the click id proves itself.

use super::Call;
use super::hop::CLICK_BINDING;
use crate::bridge;
use crate::config::Config;
use crate::gate::held::{Held, Row, WAIT_MS, Wish};
use crate::objects::{BATCH_PATH, DROPPED_HEADER, NAME_HEADER};
use crate::{outbound, random};
use shared::internal::{ClickRecord, click_outbox_name};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use worker::{Env, console_error};

/// Tries in a row before what is held waits for the next call to bring a timer.
const TRIES_MAX: u32 = 5;

thread_local! {
    static HELD: RefCell<Held> = RefCell::new(Held::default());
    static SHARD: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Takes a click, and has it sent; the response does not wait for anything here.
pub(super) fn record(call: &Call, click: ClickRecord) {
    grant(call, hold(click, call.now_ms));
}

/// Takes a click.
pub(super) fn hold(click: ClickRecord, now_ms: i64) -> Wish {
    HELD.with_borrow_mut(|held| held.hold_click(click, now_ms))
}

/// Takes something for the request log, and has it sent; the response does not wait.
pub(super) fn log(call: &Call, take: impl FnOnce(&mut Held) -> Wish) {
    grant(call, HELD.with_borrow_mut(take));
}

fn grant(call: &Call, wish: Wish) {
    if let Wish::SendAfter(pause_ms) = wish {
        let (env, config) = (call.env.clone(), Rc::clone(&call.config));
        call.context.wait_until(async move { send(&env, &config, pause_ms).await });
    }
}

/// Sends all that is held, after a pause in which more may join it.
pub(super) async fn send(env: &Env, config: &Config, pause_ms: i64) {
    if pause_ms > 0 {
        outbound::pause(pause_ms).await;
        HELD.with_borrow_mut(Held::timer_rang);
    }
    let mut failures = 0;
    while let Some(row) = HELD.with_borrow_mut(|held| held.take(random::u64)) {
        match store(env, config, &row).await {
            Ok(()) => failures = 0,
            Err(cause) => {
                failures += 1;
                console_error!("A click object did not take a batch: {cause} tries={failures}");
                HELD.with_borrow_mut(|held| held.put_back(row));
                if failures == TRIES_MAX {
                    return;
                }
                outbound::pause(WAIT_MS << failures).await;
            }
        }
    }
}

/// Two lines of JSON, which has no line breaks of its own: clicks, and the log when there is one.
async fn store(env: &Env, config: &Config, row: &Row) -> worker::Result<()> {
    let name = click_outbox_name(shard(config.click_shards));
    let mut body = serde_json::to_string(&row.clicks)?;
    if !row.log.is_empty() {
        body.push('\n');
        body.push_str(&serde_json::to_string(&row.log)?);
    }
    let dropped = row.dropped.to_string();
    let headers = [(NAME_HEADER, name.as_str()), (DROPPED_HEADER, &dropped)].into_iter();
    match bridge::hop(env, CLICK_BINDING, &name, BATCH_PATH, headers, &body).await?.0 {
        204 => Ok(()),
        status => Err(format!("status {status}").into()),
    }
}

/// One shard per isolate: a hot link is no hot object.
fn shard(shards: u32) -> u32 {
    SHARD.get().unwrap_or_else(|| {
        let drawn = u32::try_from(random::u64() % u64::from(shards)).unwrap_or(0);
        SHARD.set(Some(drawn));
        drawn
    })
}
