//! One merchant's intake in one environment: decides and stores each signed call in one stretch.
//!
//! Answers of `POST /offer`: 200 with a [`Verdict`] as JSON, whatever was decided; 400 for a call
//! that is none; 503 when the tables cannot be opened. `POST /poke`: 200 with the stream's head as
//! JSON; a drain is on its way.

use super::intake_batch;
use super::outbox::{Lane, Outbox};
use super::tables::event;
use super::{NAME_HEADER, OFFER_PATH, PANIC_PATH, POKE_PATH};
use crate::clock;
use crate::config::{self, Config, Mode};
use crate::gate::admit::{Admission, Known, Memory, Place};
use crate::gate::hop::{Ask, Call, NewBatch, NewEvent, Verdict};
use crate::gate::rate::HOUR_MS;
use jiff::Timestamp;
use shared::id::{EventId, EventKind};
use shared::time::{format_instant, from_milliseconds};
use std::cell::{OnceCell, RefCell};
use worker::{
    DurableObject, Env, Request, Response, ResponseBuilder, Result, State, console_error,
    durable_object, wasm_bindgen,
};

/// The object.
#[durable_object]
pub struct MerchantIntake {
    state: State,
    env: Env,
    opened: OnceCell<Opened>,
}

struct Opened {
    outbox: Outbox,
    memory: RefCell<Memory>,
}

impl DurableObject for MerchantIntake {
    fn new(state: State, env: Env) -> Self {
        let object = Self { state, env, opened: OnceCell::new() };
        // A failure shows again, with its cause, in the first call.
        let _ = object.opened();
        object
    }

    async fn fetch(&self, mut req: Request) -> Result<Response> {
        let (Ok(config), Ok(opened)) = (config::load(&self.env), self.opened()) else {
            return Response::error("not ready", 503);
        };
        if !opened.outbox.has_name()
            && let Some(name) = req.headers().get(NAME_HEADER)?
        {
            opened.outbox.learn_name(&name)?;
        }
        match req.path().as_str() {
            OFFER_PATH => {
                let body = req.text().await?;
                let Ok(call) = serde_json::from_str::<Call>(&body) else {
                    return Response::error("not a call", 400);
                };
                let verdict = opened.offer(&call, clock::now_ms(&config)).await;
                // Its one reader knows what it is; a header for that would be one crossing more.
                Ok(ResponseBuilder::new().fixed(serde_json::to_vec(&verdict)?))
            }
            POKE_PATH => Response::ok(opened.outbox.poke().await?),
            PANIC_PATH if config.mode == Mode::Dev => panic!("a panic was asked for, in an object"),
            _ => Response::error("no such path", 404),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        match (config::load(&self.env), self.opened()) {
            (Ok(config), Ok(opened)) => opened.outbox.ring(&config).await,
            // Never an error: six failed alarms would silence the object. A poke wakes it.
            _ => console_error!("An alarm rang in an object that is not ready"),
        }
        Response::empty()
    }
}

impl MerchantIntake {
    fn opened(&self) -> Result<&Opened> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let config = config::load(&self.env).map_err(|message| message.to_string())?;
        let opened = Opened::open(&self.state, &config).inspect_err(|cause| {
            console_error!("An intake object could not open its tables: {cause}");
        })?;
        Ok(self.opened.get_or_init(|| opened))
    }
}

impl Opened {
    fn open(state: &State, config: &Config) -> Result<Self> {
        let outbox = Outbox::open(Lane::Events, state.storage())?;
        let mut memory = Memory::default();
        let since_ms = clock::now_ms(config) - HOUR_MS;
        event::counted_since(outbox.sql(), since_ms, |row| {
            memory.restore_older(&row.key_id, row.signature.as_deref(), row.received_at_ms);
        })?;
        Ok(Self { outbox, memory: RefCell::new(memory) })
    }

    /// Decides about a call and stores what it brings: no `await` between reading and storing.
    async fn offer(&self, call: &Call, now_ms: i64) -> Verdict {
        let (verdict, stored) = self.decide(call, now_ms).unwrap_or_else(|cause| {
            console_error!("Intake could not read or store: {cause}");
            self.memory.borrow_mut().forget_signature(call);
            (Verdict::Unavailable, None)
        });
        if let Some(seq) = stored {
            self.outbox.stored(seq).await;
        }
        verdict
    }

    fn decide(&self, call: &Call, now_ms: i64) -> Result<(Verdict, Option<u64>)> {
        self.outbox.count_call();
        let known = match &call.ask {
            Ask::Accept(event) => event::known(self.outbox.sql(), self.outbox.epoch(), event)?,
            Ask::AcceptAll(batch) => {
                event::known_of_batch(self.outbox.sql(), self.outbox.epoch(), batch)?
            }
            Ask::Count | Ask::Read(_) => Known::default(),
        };
        let admission = self.memory.borrow_mut().admit(call, &known, now_ms);
        let verdict = match (admission, &call.ask) {
            (Admission::RateLimited(message), _) => Verdict::RateLimited { message },
            (Admission::Replayed, _) => Verdict::Replayed,
            (Admission::KeyReused, _) => Verdict::KeyReused,
            (Admission::Repeat(first), _) => Verdict::Repeated {
                body: first.answer.unwrap_or_else(|| received_body(first.event_id)),
            },
            (Admission::Duplicate(id), Ask::Accept(event)) => {
                Verdict::Duplicate { body: duplicate_body(id, event.conversion_id.as_deref()) }
            }
            (Admission::Duplicate(id), Ask::AcceptAll(_)) => {
                Verdict::Duplicate { body: duplicate_body(id, None) }
            }
            (Admission::Accept, Ask::Accept(event)) => return self.accept(call, event, now_ms),
            (Admission::AcceptAll(places), Ask::AcceptAll(batch)) => {
                return self.accept_all(call, batch, &places, now_ms);
            }
            (_, Ask::Read(Some(event_id))) => self.waiting(event_id)?,
            (
                Admission::Counted
                | Admission::Duplicate(_)
                | Admission::Accept
                | Admission::AcceptAll(_),
                _,
            ) => Verdict::Counted,
        };
        Ok((verdict, None))
    }

    /// Whether nothing can be stored; the call may then come again unchanged.
    fn is_full_for(&self, call: &Call) -> bool {
        let is_full = self.outbox.is_full();
        if is_full {
            self.memory.borrow_mut().forget_signature(call);
            console_error!("An intake object is full and takes nothing more");
        }
        is_full
    }

    fn accept_all(
        &self,
        call: &Call,
        batch: &NewBatch,
        places: &[Place],
        now_ms: i64,
    ) -> Result<(Verdict, Option<u64>)> {
        let next_seq = self.outbox.highest_seq() + 1;
        let plan = intake_batch::plan(batch, places, self.outbox.epoch(), next_seq, now_ms)?;
        let last_seq = plan.rows.last().map(|row| row.seq);
        if last_seq.is_some() {
            if self.is_full_for(call) {
                return Ok((Verdict::Unavailable, None));
            }
            let (rows, answer) = (plan.rows.as_slice(), plan.answer.as_str());
            let rows_written = event::accept_all(self.outbox.sql(), call, batch, rows, answer)?;
            self.outbox.count_rows(rows_written);
        }
        let verdict = Verdict::Accepted { body: plan.answer, not_before_ms: plan.not_before_ms };
        Ok((verdict, last_seq))
    }

    fn accept(&self, call: &Call, event: &NewEvent, now_ms: i64) -> Result<(Verdict, Option<u64>)> {
        if self.is_full_for(call) {
            return Ok((Verdict::Unavailable, None));
        }
        // Click ids carry whole seconds: a clock move is stamped at the next full second, so that
        // every click before it has a lower one and every click after it none lower.
        let moved_at_ms = (now_ms.div_euclid(1_000) + 1) * 1_000;
        let not_before_ms = (event.kind == EventKind::ClockAdvance).then_some(moved_at_ms);
        let received_at_ms = not_before_ms.unwrap_or(now_ms);
        let event::Accepted { seq, rows_written } =
            event::accept(self.outbox.sql(), call, event, received_at_ms)?;
        self.outbox.count_rows(rows_written);
        let id = EventId { kind: event.kind, epoch: self.outbox.epoch(), seq };
        let body = received_body(id);
        let verdict = Verdict::Accepted { body, not_before_ms };
        Ok((verdict, Some(seq)))
    }

    /// The outcome of an event that settlement has not acknowledged yet.
    fn waiting(&self, event_id: &str) -> Result<Verdict> {
        let Some(id) = EventId::parse(event_id) else {
            return Ok(Verdict::Counted);
        };
        if id.epoch != self.outbox.epoch() || id.seq <= self.outbox.acknowledged_seq() {
            return Ok(Verdict::Counted);
        }
        let received_at_ms = event::received_at_ms(self.outbox.sql(), id)?;
        Ok(match received_at_ms.and_then(from_milliseconds) {
            None => Verdict::Counted,
            Some(received_at) => Verdict::Waiting { body: waiting_body(id, received_at) },
        })
    }
}

/// The answer to an accepted event; a repeat makes the same bytes again.
pub(super) fn received_body(id: EventId) -> String {
    format!(r#"{{"eventId":"{id}","status":"RECEIVED","duplicate":false}}"#)
}

/// The outcome of an event that only the edge knows yet, in settlement's shape.
fn waiting_body(id: EventId, received_at: Timestamp) -> String {
    let kind = id.kind.as_str();
    let received_at = format_instant(received_at);
    format!(
        "{{\"eventId\":\"{id}\",\"type\":\"{kind}\",\"state\":\"received\",\"code\":null,\
         \"detail\":null,\"conversionId\":null,\"commissionId\":null,\
         \"receivedAt\":\"{received_at}\",\"settledAt\":null}}"
    )
}

/// The answer to an event known by its content.
pub(super) fn duplicate_body(first: EventId, conversion_id: Option<&str>) -> String {
    match conversion_id {
        Some(id) => format!(r#"{{"status":"DUPLICATE","conversionId":"{id}","duplicate":true}}"#),
        None => format!(r#"{{"eventId":"{first}","status":"DUPLICATE","duplicate":true}}"#),
    }
}
