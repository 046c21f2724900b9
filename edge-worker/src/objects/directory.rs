//! One shard of links and keys: the edge's own truth, pushed by settlement.
//!
//! Answers of `GET /{row name}`: 200 with a [`Lookup`] as JSON. `POST /offer` with a push: 200 with
//! a [`PushAnswer`]; 400 for a body that is no push. 503 when the tables cannot be used.

use super::OFFER_PATH;
use super::tables::directory::{self, Put};
use crate::clock;
use crate::config::{self, Config};
use serde::{Deserialize, Serialize};
use shared::directory::{Entry, Push, PushAnswer, Row, key_name, link_name, shard_of};
use std::cell::Cell;
use worker::{
    DurableObject, Env, Request, Response, Result, SqlStorage, State, console_error,
    durable_object, wasm_bindgen,
};

/// What a shard says of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lookup {
    /// It is there.
    Found(Entry),
    /// It is not, and the shard would know.
    Missing,
    /// It is not, but the shard has no full snapshot: no answer.
    NoSnapshot,
}

/// The object.
#[durable_object(fetch)]
pub struct Directory {
    state: State,
    env: Env,
    is_open: Cell<bool>,
}

impl DurableObject for Directory {
    fn new(state: State, env: Env) -> Self {
        let object = Self { state, env, is_open: Cell::new(false) };
        // A failure shows again, with its cause, in the first call.
        let _ = object.sql();
        object
    }

    async fn fetch(&self, mut req: Request) -> Result<Response> {
        let Ok(config) = config::load(&self.env) else {
            return Response::error("not ready", 503);
        };
        let path = req.path();
        if path != OFFER_PATH {
            let name = path.trim_start_matches('/');
            return answer(self.sql().and_then(|sql| look_up(&sql, name)));
        }
        let body = req.text().await?;
        let Ok(push) = serde_json::from_str::<Push>(&body) else {
            return Response::error("not a push", 400);
        };
        answer(self.sql().and_then(|sql| store(&sql, &push, &config)))
    }
}

fn answer<T: Serialize>(outcome: Result<T>) -> Result<Response> {
    match outcome {
        Ok(value) => Response::from_json(&value),
        Err(cause) => {
            console_error!("A directory shard could not use its tables: {cause}");
            Response::error("not ready", 503)
        }
    }
}

impl Directory {
    fn sql(&self) -> Result<SqlStorage> {
        let sql = self.state.storage().sql();
        if !self.is_open.get() {
            directory::open(&sql)?;
            self.is_open.set(true);
        }
        Ok(sql)
    }
}

fn look_up(sql: &SqlStorage, name: &str) -> Result<Lookup> {
    let entry = directory::find(sql, name)?;
    let entry = entry.map(|text| serde_json::from_str::<Entry>(&text));
    Ok(match entry.transpose()? {
        Some(Entry::Gone) => Lookup::Missing,
        Some(entry) => Lookup::Found(entry),
        None if directory::is_snapshotted(sql)? => Lookup::Missing,
        None => Lookup::NoSnapshot,
    })
}

/// Stores row by row: a failure on the way leaves the rows before it, and the push comes again.
fn store(sql: &SqlStorage, push: &Push, config: &Config) -> Result<PushAnswer> {
    let mut refused = Vec::new();
    for row in &push.rows {
        let belongs =
            is_named_rightly(row) && shard_of(&row.name, config.directory_shards) == push.shard;
        if !belongs || directory::put(sql, row)? == Put::Taken {
            console_error!("A directory row was refused: name={}", row.name);
            refused.push(row.name.clone());
        }
    }
    if push.completes_snapshot {
        directory::complete_snapshot(sql, clock::now_ms(config))?;
    }
    Ok(PushAnswer { snapshotted: directory::is_snapshotted(sql)?, refused })
}

fn is_named_rightly(row: &Row) -> bool {
    match &row.entry {
        Entry::Link(link) => row.name == link_name(&link.code),
        Entry::Key(key) => row.name == key_name(&key.key_id),
        Entry::Gone => true,
    }
}
