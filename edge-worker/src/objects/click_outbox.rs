//! One shard of recorded clicks and of the request log: a row per isolate batch, drained to
//! settlement.
//!
//! Answers of `POST /batch`, a line of clicks and perhaps one of the log, and of `POST /offer`, in
//! which a worker of the version before brings clicks alone: 204 when the batch is stored; 503 when
//! it is not, and the isolate keeps it. A large database takes clicks and leaves out the log.
//! `POST /poke`: 200 with the stream's head as JSON; a drain is on its way.

use super::outbox::{Lane, Outbox};
use super::tables::click;
use super::{BATCH_PATH, DROPPED_HEADER, NAME_HEADER, OFFER_PATH, POKE_PATH};
use crate::config;
use crate::gate::log_cap;
use crate::{clock, random};
use std::cell::OnceCell;
use worker::{
    DurableObject, Env, Request, Response, Result, State, console_error, durable_object,
    wasm_bindgen,
};

/// The object.
#[durable_object(alarm)]
pub struct ClickOutbox {
    state: State,
    env: Env,
    outbox: OnceCell<Outbox>,
}

impl DurableObject for ClickOutbox {
    fn new(state: State, env: Env) -> Self {
        let object = Self { state, env, outbox: OnceCell::new() };
        // A failure shows again, with its cause, in the first call.
        let _ = object.outbox();
        object
    }

    async fn fetch(&self, mut req: Request) -> Result<Response> {
        let (Ok(config), Ok(outbox)) = (config::load(&self.env), self.outbox()) else {
            return Response::error("not ready", 503);
        };
        if !outbox.has_name()
            && let Some(name) = req.headers().get(NAME_HEADER)?
        {
            outbox.learn_name(&name)?;
        }
        match req.path().as_str() {
            BATCH_PATH | OFFER_PATH => {
                let dropped = req.headers().get(DROPPED_HEADER)?;
                let dropped = dropped.and_then(|text| text.parse().ok()).unwrap_or(0);
                let body = req.text().await?;
                let now_ms = clock::now_ms(&config);
                if outbox.is_full() {
                    return Response::error("full", 503);
                }
                let (clicks, log) = match body.split_once('\n') {
                    Some((clicks, log)) if outbox.is_crowded() => {
                        let left = log_cap::without_calls(log, random::u64(), now_ms);
                        (clicks, Some(left))
                    }
                    Some((clicks, log)) => (clicks, Some(log.to_owned())),
                    None => (body.as_str(), None),
                };
                match click::store(outbox.sql(), clicks, log.as_deref(), dropped, now_ms) {
                    Ok(seq) => outbox.stored(seq).await,
                    Err(cause) => {
                        console_error!("A click batch could not be stored: {cause}");
                        return Response::error("not stored", 503);
                    }
                }
                Ok(Response::empty()?.with_status(204))
            }
            POKE_PATH => Response::ok(outbox.poke().await?),
            _ => Response::error("no such path", 404),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        match (config::load(&self.env), self.outbox()) {
            (Ok(config), Ok(outbox)) => outbox.ring(&config).await,
            // Never an error: six failed alarms would silence the object. A poke wakes it.
            _ => console_error!("An alarm rang in an object that is not ready"),
        }
        Response::empty()
    }
}

impl ClickOutbox {
    fn outbox(&self) -> Result<&Outbox> {
        if let Some(outbox) = self.outbox.get() {
            return Ok(outbox);
        }
        let outbox = Outbox::open(Lane::Clicks, self.state.storage()).inspect_err(|cause| {
            console_error!("A click object could not open its tables: {cause}");
        })?;
        Ok(self.outbox.get_or_init(|| outbox))
    }
}
