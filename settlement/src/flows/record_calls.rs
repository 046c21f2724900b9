//! The request log of a click batch is read and stored, and the keys it used are marked.
//! Like clicks it is never worth holding up a stream: what cannot be read is passed over.

use super::stream::{Head, Intake};

use crate::error::Fault;
use crate::store::api_key::{self, KeyUse};
use crate::store::request_log::{self, NewCall, NewTally};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::api_route::route_of;
use shared::internal::ClickRow;
use shared::request_log::{CallRecord, CallTally};
use sqlx::{PgConnection, PgPool};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Bytes of one text of a row at most; the edge's own limits are far below.
const TEXT_BYTES_MAX: usize = 1_024;
/// Faults of one call at most.
const FAULTS_MAX: usize = 100;

/// What the rows of a batch say of calls.
#[derive(Debug, Default)]
pub(super) struct Calls {
    listed: Vec<NewCall>,
    tallies: Vec<NewTally>,
    /// The newest proven call of each key.
    uses: BTreeMap<(&'static str, Uuid, String), Timestamp>,
}

/// Reads what is readable.
pub(super) fn read(head: &Head, rows: &[ClickRow]) -> Calls {
    let mut calls = Calls::default();
    for row in rows {
        if let Some(log) = &row.log
            && let Err(why) = calls.read_row(log.get())
        {
            tracing::error!(
                object = head.object,
                epoch = head.epoch_text,
                seq = row.seq,
                why,
                "rows of the request log cannot be read and are passed over"
            );
        }
    }
    calls
}

impl Calls {
    /// Makes the months these rows go into.
    pub(super) async fn ensure_months(&self, intake: &Intake, pool: &PgPool) -> Result<(), Fault> {
        let calls = self.listed.iter().map(|call| call.received_at);
        intake.ensure_months(pool, "request_log", calls).await?;
        let tallies = self.tallies.iter().map(|tally| tally.minute_at);
        intake.ensure_months(pool, "call_tally", tallies).await
    }

    /// Stores the rows; a repeat has no effect.
    pub(super) async fn store(
        &self,
        connection: &mut PgConnection,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if !self.listed.is_empty() {
            request_log::insert(connection, &self.listed, now).await?;
        }
        if !self.tallies.is_empty() {
            request_log::insert_tallies(connection, &self.tallies, now).await?;
        }
        if !self.uses.is_empty() {
            let uses = self.uses.iter().map(|((environment, merchant_id, key_id), used_at)| {
                let (merchant_id, used_at) = (*merchant_id, *used_at);
                KeyUse { environment, merchant_id, key_id: key_id.clone(), used_at }
            });
            api_key::mark_used(connection, &uses.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    fn read_row(&mut self, text: &str) -> Result<(), &'static str> {
        let mut row: Value = serde_json::from_str(text).map_err(|_| "the log is no JSON")?;
        let mut list = |name: &str| match row.get_mut(name).map(Value::take) {
            None => Ok(Vec::new()),
            Some(Value::Array(entries)) => Ok(entries),
            Some(_) => Err("a part of the log is no list"),
        };
        let (calls, tallies) = (list("calls")?, list("tallies")?);
        let mut is_whole = true;
        for entry in calls {
            match parse::<CallRecord>(entry).and_then(|record| Some((record.proven, call(record)?)))
            {
                Some((proven, call)) => self.push(proven, call),
                None => is_whole = false,
            }
        }
        for entry in tallies {
            match parse::<CallTally>(entry).and_then(tally) {
                Some(tally) => self.tallies.push(tally),
                None => is_whole = false,
            }
        }
        if is_whole { Ok(()) } else { Err("a part of the log is no call and no tally") }
    }

    fn push(&mut self, proven: bool, call: NewCall) {
        if proven {
            let key = (call.environment, call.merchant_id, call.key_id.clone());
            let newest = self.uses.entry(key).or_insert(call.received_at);
            *newest = call.received_at.max(*newest);
        }
        self.listed.push(call);
    }
}

fn parse<T: DeserializeOwned>(entry: Value) -> Option<T> {
    serde_json::from_value(entry).ok()
}

/// Postgres' text holds everything but U+0000, and an index entry has to fit a page.
fn is_storable(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && !text.contains('\0')
}

fn is_call_storable(record: &CallRecord) -> bool {
    let mut texts = [&record.key_id, &record.path, &record.request_id]
        .into_iter()
        .chain(&record.event_id)
        .chain(&record.faults)
        .map(String::as_str)
        .chain(record.code.as_deref())
        .chain([record.method.as_ref()]);
    texts.all(is_storable) && record.faults.len() <= FAULTS_MAX
}

fn call(record: CallRecord) -> Option<NewCall> {
    if !is_call_storable(&record) {
        return None;
    }
    Some(NewCall {
        environment: record.environment.as_str(),
        merchant_id: record.merchant_id.0,
        received_at: shared::time::from_milliseconds(record.received_at_ms)?,
        request_log_id: format!("call_{:016x}", record.id),
        key_id: record.key_id,
        method: record.method.into_owned(),
        route: route_of(&record.path),
        path: record.path,
        status: i16::try_from(record.status).ok()?,
        code: record.code.map(std::borrow::Cow::into_owned),
        latency_ms: record.latency_ms.into(),
        request_id: record.request_id,
        event_id: record.event_id,
        taken: record.taken.map(shared::request_log::Taken::as_str),
        faults: record.faults.into(),
        content_bytes: record.content_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
    })
}

fn tally(record: CallTally) -> Option<NewTally> {
    let (environment, merchant_id, key_id) = match record.key {
        Some(key) => (key.environment.as_str(), key.merchant_id.0, Some(key.key_id)),
        None => ("live", Uuid::nil(), None),
    };
    if !key_id.as_deref().is_none_or(is_storable) {
        return None;
    }
    Some(NewTally {
        environment,
        merchant_id,
        minute_at: shared::time::from_milliseconds(record.minute_ms)?,
        call_tally_id: format!("tally_{:016x}", record.id),
        key_id,
        reason: record.reason.as_str(),
        calls: i64::try_from(record.calls).unwrap_or(i64::MAX),
    })
}
