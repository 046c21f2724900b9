//! One read of a Directory shard, and the plea for a snapshot when it has none.

use crate::bridge;
use crate::config::Config;
use crate::objects::directory::Lookup;
use crate::outbound;
use shared::directory::shard_of;
use shared::internal::{SNAPSHOT_WANTED_PATH, SnapshotWanted, directory_object_name};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use worker::{Context, Env, Error, Result, console_error};

/// The binding of the Directory objects.
pub(super) const BINDING: &str = "DIRECTORY";
/// A shard's snapshot is asked for at most this often per isolate.
const PLEA_PAUSE_MS: i64 = 5_000;
const PLEA_TIMEOUT_MS: u32 = 10_000;

thread_local! {
    static ASKED_AT_MS: RefCell<HashMap<u32, i64>> = RefCell::new(HashMap::new());
}

/// Asks the shard that keeps this name. `Err` when it gives no answer.
pub(super) async fn look_up(env: &Env, config: &Config, name: &str) -> Result<Lookup> {
    let shard = shard_of(name, config.directory_shards);
    let (object, path) = (directory_object_name(shard), format!("/{name}"));
    match bridge::hop(env, BINDING, &object, &path, std::iter::empty(), "").await? {
        (200, answer) => Ok(serde_json::from_str(&answer)?),
        (status, _) => Err(Error::from(format!("the directory shard answered {status}"))),
    }
}

/// Asks settlement for the snapshot of the shard that keeps this name, in the background.
pub(super) fn plead(context: &Context, config: &Rc<Config>, name: &str, now_ms: i64) {
    let shard = shard_of(name, config.directory_shards);
    let is_due = ASKED_AT_MS.with_borrow_mut(|asked| {
        let is_due = asked.get(&shard).is_none_or(|&at_ms| now_ms - at_ms >= PLEA_PAUSE_MS);
        if is_due {
            asked.insert(shard, now_ms);
        }
        is_due
    });
    if !is_due {
        return;
    }
    let config = Rc::clone(config);
    context.wait_until(async move {
        let body = serde_json::to_string(&SnapshotWanted { shard });
        let call = outbound::Call {
            method: "POST",
            path_and_query: SNAPSHOT_WANTED_PATH,
            body: &body.expect("a number always serialises"),
            request_id: None,
            headers: &[],
            timeout_ms: PLEA_TIMEOUT_MS,
        };
        if let Err(cause) = outbound::send(&config, &call).await {
            console_error!("A snapshot could not be asked for: {cause} shard={shard}");
        }
    });
}
