//! One merchant's intake in one environment: decides and stores each signed call in one stretch.
//!
//! Answers of `POST /offer`: 200 with a [`Verdict`] as JSON, whatever was decided; 400 for a call
//! that is none; 503 when the tables cannot be opened. `front.js` takes it to [`offer`] as text, in
//! one crossing. `POST /poke`: 200 with the stream's head as JSON; a drain is on its way.
//!
//! [`offer`]: MerchantIntake::offer

use super::outbox::{Alarm, Lane, Outbox};
use super::tables::event;
use super::{ARM_PATH, NAME_HEADER, PANIC_PATH, POKE_PATH};
use crate::clock;
use crate::config::{self, Config, Mode};
use crate::gate::admit::list::{ListAdmission, Place, recognise_all};
use crate::gate::admit::story::recognise_story;
use crate::gate::admit::{Admission, Entry, Memory, answer, recognise};
use crate::gate::hop::{Ask, Call, Item, NewEvent, Origin, Verdict};
use crate::gate::rate::HOUR_MS;
use shared::id::EventId;
use shared::time::from_milliseconds;
use std::cell::{OnceCell, RefCell};
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::{
    DurableObject, Env, Request, Response, Result, State, console_error, durable_object,
    wasm_bindgen,
};

/// The object.
#[durable_object(alarm)]
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

    async fn fetch(&self, req: Request) -> Result<Response> {
        let (Ok(config), Ok(opened)) = (config::load(&self.env), self.opened()) else {
            return Response::error("not ready", 503);
        };
        // Settlement's poke may come before any call.
        if !opened.outbox.has_name()
            && let Some(name) = req.headers().get(NAME_HEADER)?
        {
            opened.outbox.learn_name(&name)?;
        }
        match req.path().as_str() {
            ARM_PATH => {
                opened.outbox.arm().await;
                Response::empty()
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

#[wasm_bindgen(wasm_bindgen = worker::wasm_bindgen)]
impl MerchantIntake {
    /// Decides about a call and stores what it brings. Answers with three digits of a status, 1
    /// when an alarm is wanted or else 0, and the body.
    pub fn offer(&self, name: &str, call: &str) -> String {
        let (Ok(config), Ok(opened)) = (config::load(&self.env), self.opened()) else {
            return "5030not ready".to_owned();
        };
        if !name.is_empty()
            && let Err(cause) = opened.outbox.learn_name(name)
        {
            console_error!("An intake object could not note its name: {cause}");
            return "5030not ready".to_owned();
        }
        let Ok(call) = serde_json::from_str::<Call>(call) else {
            return "4000not a call".to_owned();
        };
        let (verdict, alarm) = opened.offer(&call, clock::now_ms(&config));
        let flag = match alarm {
            Alarm::Wanted => '1',
            Alarm::Set => '0',
        };
        let verdict = serde_json::to_string(&verdict).expect("strings always serialise");
        format!("200{flag}{verdict}")
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
    fn offer(&self, call: &Call, now_ms: i64) -> (Verdict, Alarm) {
        let (verdict, stored) = self.decide(call, now_ms).unwrap_or_else(|cause| {
            console_error!("Intake could not read or store: {cause}");
            self.memory.borrow_mut().forget_signature(call);
            self.outbox.relearn_place();
            (Verdict::Unavailable, None)
        });
        let alarm = stored.map_or(Alarm::Set, |seq| self.outbox.note_stored(seq));
        (verdict, alarm)
    }

    /// The verdict, and the highest place when something was stored.
    fn decide(&self, call: &Call, now_ms: i64) -> Result<(Verdict, Option<u64>)> {
        self.outbox.count_call();
        match self.memory.borrow_mut().enter(call, now_ms) {
            Entry::RateLimited(message) => return Ok((Verdict::RateLimited { message }, None)),
            Entry::Replayed => return Ok((Verdict::Replayed, None)),
            Entry::Entered => {}
        }
        let verdict = match &call.ask {
            Ask::Accept(origin, event) => return self.accept(call, origin, event, now_ms),
            Ask::AcceptAll(origin, items) => return self.accept_all(call, origin, items, now_ms),
            Ask::Tell(origin, story) => return self.tell(call, origin, story, now_ms),
            Ask::Read(Some(event_id)) => self.waiting(event_id)?,
            Ask::Count | Ask::Read(None) => Verdict::Counted,
        };
        Ok((verdict, None))
    }

    fn accept(
        &self,
        call: &Call,
        origin: &Origin,
        event: &NewEvent,
        now_ms: i64,
    ) -> Result<(Verdict, Option<u64>)> {
        let epoch = self.outbox.epoch();
        let events = std::iter::once(event);
        let known = event::known(self.outbox.sql(), epoch, origin, events)?;
        let stamp = match recognise(origin, event, &known, now_ms) {
            Admission::KeyReused => return Ok((Verdict::KeyReused, None)),
            Admission::Repeat(body) => return Ok((Verdict::Repeated { body }, None)),
            Admission::Duplicate(body) => return Ok((Verdict::Duplicate { body }, None)),
            Admission::Accept(stamp) => stamp,
        };
        if self.outbox.is_full() {
            return Ok((self.refuse_full(call), None));
        }
        let seq = self.outbox.next_seq();
        let sql = self.outbox.sql();
        let rows = event::accept(sql, seq, call, origin, event, stamp.received_at_ms)?;
        self.outbox.count_rows(rows);
        let body = answer::received(EventId { kind: event.kind, epoch, seq });
        let not_before_ms = stamp.not_before_ms;
        Ok((Verdict::Accepted { body, not_before_ms }, Some(seq)))
    }

    fn accept_all(
        &self,
        call: &Call,
        origin: &Origin,
        items: &[Item],
        now_ms: i64,
    ) -> Result<(Verdict, Option<u64>)> {
        let place = Place { epoch: self.outbox.epoch(), next_seq: self.outbox.next_seq() };
        let events = items.iter().filter_map(|item| match item {
            Item::Event(event) => Some(event),
            Item::Refused(_) => None,
        });
        let known = event::known(self.outbox.sql(), place.epoch, origin, events)?;
        let admission = recognise_all(origin, items, &known, place, now_ms);
        self.store_list(call, origin, place, admission)
    }

    fn tell(
        &self,
        call: &Call,
        origin: &Origin,
        story: &[NewEvent],
        now_ms: i64,
    ) -> Result<(Verdict, Option<u64>)> {
        let place = Place { epoch: self.outbox.epoch(), next_seq: self.outbox.next_seq() };
        let known = event::known(self.outbox.sql(), place.epoch, origin, story.iter())?;
        let admission = recognise_story(story, &known, place, now_ms);
        self.store_list(call, origin, place, admission)
    }

    fn store_list(
        &self,
        call: &Call,
        origin: &Origin,
        place: Place,
        admission: ListAdmission<'_>,
    ) -> Result<(Verdict, Option<u64>)> {
        let plan = match admission {
            ListAdmission::KeyReused => return Ok((Verdict::KeyReused, None)),
            ListAdmission::Repeat(body) => return Ok((Verdict::Repeated { body }, None)),
            ListAdmission::NothingNew(body) => return Ok((Verdict::Duplicate { body }, None)),
            ListAdmission::Accept(plan) => plan,
        };
        if self.outbox.is_full() {
            return Ok((self.refuse_full(call), None));
        }
        let rows = event::accept_all(self.outbox.sql(), place.next_seq, call, origin, &plan)?;
        self.outbox.count_rows(rows);
        let last_seq = place.next_seq + plan.events.len() as u64 - 1;
        let verdict = Verdict::Accepted { body: plan.answer, not_before_ms: plan.not_before_ms };
        Ok((verdict, Some(last_seq)))
    }

    fn refuse_full(&self, call: &Call) -> Verdict {
        self.memory.borrow_mut().forget_signature(call);
        console_error!("An intake object is full and takes nothing more");
        Verdict::Unavailable
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
            Some(received_at) => Verdict::Waiting { body: answer::waiting(id, received_at) },
        })
    }
}
