//! What both sending objects share: the alarm that drains their rows to settlement, in order.
//!
//! At least once, never a gap: the mark moves only to what settlement names, and every
//! batch, also an empty one, names the highest place given out. Rules: EDGE §6.

use super::tables::{click, event, size_bytes, stream};
use crate::clock;
use crate::config::Config;
use crate::gate::rate::HOUR_MS;
use crate::gate::retry::{self, FIRST_DRAIN_MS};
use crate::outbound;
use serde_json::value::RawValue;
use shared::id::EventId;
use shared::internal::{
    Acknowledgement, BATCH_BYTES_MAX, BATCH_EVENTS_MAX, BATCH_VERSION, CLICKS_PATH, ClickBatch,
    ClickRow, EVENTS_PATH, EventBatch, EventRecord, ObjectHead, StreamHead, epoch_text,
};
use std::cell::{Cell, RefCell};
use worker::{Error, Result, SqlStorage, Storage, console_error, console_log};

/// How long settlement may take over one batch.
const BATCH_TIMEOUT_MS: u32 = 30_000;
/// Batches one alarm sends; more wait for the next one, at once.
const BATCHES_PER_ALARM_MAX: usize = 50;
/// Click rows of one batch; a row holds up to some hundred clicks.
const BATCH_CLICK_ROWS_MAX: usize = 64;
/// How long acknowledged rows are kept.
const KEPT_MS: i64 = 7 * 24 * HOUR_MS;
/// How long they are kept when the database is large.
const KEPT_CROWDED_MS: i64 = 24 * HOUR_MS;
/// From this size on a database is large.
const CROWDED_BYTES: f64 = 1e9;
/// From this size on nothing new is taken.
const FULL_BYTES: f64 = 8e9;

/// Which rows an object sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Accepted events.
    Events,
    /// Recorded clicks.
    Clicks,
}

/// Rows as one batch's text.
struct Batch {
    body: String,
    rows: usize,
    /// The place of the last row; for an empty batch, what is acknowledged.
    last_seq: u64,
}

/// How a drain ended.
enum Drained {
    /// Settlement has everything.
    Empty,
    /// There is more.
    More,
}

/// An object's outbox.
pub(super) struct Outbox {
    lane: Lane,
    storage: Storage,
    sql: SqlStorage,
    stream: RefCell<stream::Stream>,
    highest_seq: Cell<u64>,
    alarm_is_set: Cell<bool>,
    failures: Cell<u32>,
    calls: Cell<u64>,
    rows_written: Cell<u64>,
    rows_max: Cell<usize>,
}

impl Outbox {
    /// Opens the tables of a lane, making or updating them.
    pub(super) fn open(lane: Lane, storage: Storage) -> Result<Self> {
        let sql = storage.sql();
        let highest_seq = match lane {
            Lane::Events => event::open(&sql).and_then(|()| event::highest_seq(&sql)),
            Lane::Clicks => click::open(&sql).and_then(|()| click::highest_seq(&sql)),
        }?;
        Ok(Self {
            lane,
            stream: RefCell::new(stream::open(&sql)?),
            highest_seq: Cell::new(highest_seq),
            alarm_is_set: Cell::new(false),
            failures: Cell::new(0),
            calls: Cell::new(0),
            rows_written: Cell::new(0),
            rows_max: Cell::new(lane.rows_max()),
            storage,
            sql,
        })
    }

    /// The tables.
    pub(super) fn sql(&self) -> &SqlStorage {
        &self.sql
    }

    /// The number drawn at birth.
    pub(super) fn epoch(&self) -> u64 {
        self.stream.borrow().epoch
    }

    /// The highest place given out, 0 for none.
    pub(super) fn highest_seq(&self) -> u64 {
        self.highest_seq.get()
    }

    /// Settlement has everything up to here.
    pub(super) fn acknowledged_seq(&self) -> u64 {
        self.stream.borrow().acknowledged_seq
    }

    /// Whether so much waits that nothing new is taken.
    pub(super) fn is_full(&self) -> bool {
        size_bytes(&self.sql) > FULL_BYTES
    }

    /// Whether so much is kept that only what matters is taken.
    pub(super) fn is_crowded(&self) -> bool {
        size_bytes(&self.sql) > CROWDED_BYTES
    }

    /// Whether somebody has told the object its name.
    pub(super) fn has_name(&self) -> bool {
        self.stream.borrow().name.is_some()
    }

    /// Notes the object's name, which a drain needs; the first caller tells it.
    pub(super) fn learn_name(&self, name: &str) -> Result<()> {
        if self.stream.borrow().name.is_none() {
            stream::name(&self.sql, name)?;
            self.stream.borrow_mut().name = Some(name.to_owned());
        }
        Ok(())
    }

    /// Counts a call that is to be decided.
    pub(super) fn count_call(&self) {
        self.calls.set(self.calls.get() + 1);
    }

    /// Counts the rows that an acceptance wrote.
    pub(super) fn count_rows(&self, rows_written: u64) {
        self.rows_written.set(self.rows_written.get() + rows_written);
    }

    /// After a row was stored: sees to it that it is sent soon. A failure changes no answer: the
    /// row is there, and settlement's next poke drains it.
    pub(super) async fn stored(&self, seq: u64) {
        self.highest_seq.set(seq);
        if !self.alarm_is_set.get() {
            self.wake(FIRST_DRAIN_MS).await;
        }
    }

    /// Sets the alarm to ring after a pause.
    pub(super) async fn wake(&self, pause_ms: i64) {
        self.alarm_is_set.set(true);
        if let Err(cause) = self.storage.set_alarm(pause_ms).await {
            self.alarm_is_set.set(false);
            console_error!("An alarm could not be set, a poke will do: {cause}");
        }
    }

    /// The alarm: re-arms first, sends, and rests when settlement has everything.
    pub(super) async fn ring(&self, config: &Config) {
        let failures = self.failures.get();
        self.wake(retry::pause_ms(failures + 1)).await;
        match self.drain(config).await {
            Ok(Drained::Empty) => {
                self.failures.set(0);
                // No await since the drain saw nothing left, so no new row can lose its alarm.
                self.alarm_is_set.set(false);
                if let Err(cause) = self.storage.delete_alarm().await {
                    console_error!("An idle alarm could not be cleared: {cause}");
                }
            }
            Ok(Drained::More) => {
                self.failures.set(0);
                self.wake(0).await;
            }
            Err(cause) => {
                self.failures.set(failures.saturating_add(1));
                let pause_ms = retry::pause_ms(failures + 1);
                console_log!(
                    "A drain to settlement failed and will be tried again: {cause} \
                     lane={:?} failures={} pause_ms={pause_ms}",
                    self.lane,
                    failures + 1
                );
            }
        }
    }

    async fn drain(&self, config: &Config) -> Result<Drained> {
        for _ in 0..BATCHES_PER_ALARM_MAX {
            let batch = self.next_batch(config)?;
            let call = outbound::Call {
                method: "POST",
                path_and_query: self.lane.path(),
                body: &batch.body,
                request_id: None,
                headers: &[],
                timeout_ms: BATCH_TIMEOUT_MS,
            };
            let reply = outbound::send(config, &call).await?;
            self.learn(reply.status, &reply.body, &batch)?;
            // Read again after the fetch: rows may have come while it was under way.
            if self.highest_seq.get() <= self.acknowledged_seq() {
                self.prune(clock::now_ms(config))?;
                if self.highest_seq.get() <= self.acknowledged_seq() {
                    return Ok(Drained::Empty);
                }
            }
        }
        Ok(Drained::More)
    }

    fn next_batch(&self, config: &Config) -> Result<Batch> {
        let acknowledged_seq = self.acknowledged_seq();
        let head = self.head(config)?;
        let rows_max = self.rows_max.get();
        let (body, last_seq, rows) = match self.lane {
            Lane::Events => {
                let rows = event::after(&self.sql, acknowledged_seq, rows_max, BATCH_BYTES_MAX)?;
                let (last_seq, count) = (rows.last().map(|row| row.seq), rows.len());
                let epoch = self.epoch();
                let events = rows.into_iter().map(|row| event_record(row, epoch));
                let events = events.collect::<Result<_>>()?;
                let batch = EventBatch { head, events };
                (serde_json::to_string(&batch)?, last_seq, count)
            }
            Lane::Clicks => {
                let rows = click::after(&self.sql, acknowledged_seq, rows_max, BATCH_BYTES_MAX)?;
                let (last_seq, count) = (rows.last().map(|row| row.seq), rows.len());
                let rows = rows.into_iter().map(click_row).collect::<Result<_>>()?;
                let batch = ClickBatch { head, rows };
                (serde_json::to_string(&batch)?, last_seq, count)
            }
        };
        Ok(Batch { body, rows, last_seq: last_seq.unwrap_or(acknowledged_seq) })
    }

    /// A poke's work: wakes the drain, and tells as JSON where the stream stands.
    pub(super) async fn poke(&self) -> Result<String> {
        self.wake(0).await;
        let head = {
            let stream = self.stream.borrow();
            ObjectHead {
                object: stream.name.clone().unwrap_or_default(),
                epoch: epoch_text(stream.epoch),
                highest_seq: self.highest_seq.get(),
                acknowledged_seq: stream.acknowledged_seq,
                lowest_seq: self.lowest_seq()?,
                failures: self.failures.get(),
                calls: self.calls.get(),
                rows_written: self.rows_written.get(),
            }
        };
        Ok(serde_json::to_string(&head)?)
    }

    /// The lowest place kept; the next one to give out when there is none.
    fn lowest_seq(&self) -> Result<u64> {
        let lowest = match self.lane {
            Lane::Events => event::lowest_seq(&self.sql),
            Lane::Clicks => click::lowest_seq(&self.sql),
        }?;
        Ok(lowest.unwrap_or(self.highest_seq.get() + 1))
    }

    fn head(&self, config: &Config) -> Result<StreamHead> {
        let stream = self.stream.borrow();
        let object = stream.name.clone();
        Ok(StreamHead {
            version: BATCH_VERSION,
            lowest_seq: self.lowest_seq()?,
            object: object.ok_or_else(|| Error::from("nobody told the object its name"))?,
            epoch: epoch_text(stream.epoch),
            highest_seq: self.highest_seq.get(),
            sent_at_ms: clock::now_ms(config),
            click_key_number: config.click_keys.current().0,
        })
    }

    /// Moves the mark to what settlement named, or halves the next batch when this was too large.
    fn learn(&self, status: u16, body: &str, batch: &Batch) -> Result<()> {
        if status == 413 && batch.rows > 1 {
            self.rows_max.set(batch.rows / 2);
            return Ok(());
        }
        if status != 200 {
            return Err(Error::from(format!("settlement answered {status}")));
        }
        let answer: Acknowledgement = serde_json::from_str(body)?;
        // Settlement may know more than this batch, after a lost answer, but never what is not.
        let seq = answer.acknowledged_seq.min(self.highest_seq.get());
        if seq < self.acknowledged_seq() {
            // It was restored from an older copy: what it has lost since is sent again.
            console_error!("Settlement is behind what it acknowledged; resending after {seq}");
            self.move_mark(seq)?;
        } else if seq < batch.last_seq {
            return Err(Error::from(format!(
                "settlement acknowledged {seq} of {}",
                batch.last_seq
            )));
        } else if seq > self.acknowledged_seq() {
            self.move_mark(seq)?;
        }
        self.rows_max.set(self.lane.rows_max());
        Ok(())
    }

    fn move_mark(&self, seq: u64) -> Result<()> {
        stream::acknowledge(&self.sql, seq)?;
        if self.lane == Lane::Clicks {
            click::forget_logs(&self.sql, self.acknowledged_seq(), seq)?;
        }
        self.stream.borrow_mut().acknowledged_seq = seq;
        Ok(())
    }

    fn prune(&self, now_ms: i64) -> Result<()> {
        let before_ms = now_ms - if self.is_crowded() { KEPT_CROWDED_MS } else { KEPT_MS };
        match self.lane {
            Lane::Events => event::prune(&self.sql, self.acknowledged_seq(), before_ms),
            Lane::Clicks => click::prune(&self.sql, self.acknowledged_seq(), before_ms),
        }
    }
}

impl Lane {
    fn path(self) -> &'static str {
        match self {
            Self::Events => EVENTS_PATH,
            Self::Clicks => CLICKS_PATH,
        }
    }

    fn rows_max(self) -> usize {
        match self {
            Self::Events => BATCH_EVENTS_MAX,
            Self::Clicks => BATCH_CLICK_ROWS_MAX,
        }
    }
}

fn event_record(row: event::Unsent, epoch: u64) -> Result<EventRecord> {
    let id = EventId { kind: row.kind, epoch, seq: row.seq };
    Ok(EventRecord {
        seq: row.seq,
        event_id: id.to_string(),
        kind: row.kind,
        received_at_ms: row.received_at_ms,
        key_id: row.key_id,
        body: RawValue::from_string(row.body)?,
    })
}

fn click_row(row: click::Unsent) -> Result<ClickRow> {
    Ok(ClickRow {
        seq: row.seq,
        clicks: RawValue::from_string(row.clicks)?,
        dropped: row.dropped,
        // Clicks never wait for a log that cannot be read.
        log: row.log.and_then(|log| RawValue::from_string(log).ok()),
    })
}
