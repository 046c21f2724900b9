//! Inbox rows to events; a row that cannot be read is a value, not an error.

use crate::domain::book::{Parked, Record};
use crate::domain::order::Scope;
use crate::store::instant;
use crate::store::settling::{InboxRow, ParkedRow};
use jiff::Timestamp;
use shared::event::Event;
use shared::id::{ConversionId, Environment, EventKind, MerchantId};

/// One row, read.
#[derive(Debug, Clone)]
pub(in crate::flows) enum Read {
    /// An event.
    Record(Box<Record>),
    /// A text that is no event of its kind.
    Unreadable {
        /// Its id.
        event_id: String,
        /// Its inbox partition.
        received_at: Timestamp,
    },
}

/// Reads rows in their order.
pub fn events(rows: &[InboxRow]) -> Vec<(Scope, Read)> {
    rows.iter().map(event).collect()
}

/// Reads one row.
pub fn event(row: &InboxRow) -> (Scope, Read) {
    let received_at = instant::from_row(row.received_at);
    let record = record(&row.event_id, received_at, row.seq, &row.kind, &row.body);
    let unreadable = || Read::Unreadable { event_id: row.event_id.clone(), received_at };
    let read = record.map_or_else(unreadable, |record| Read::Record(Box::new(record)));
    (scope(&row.environment, row.merchant_id), read)
}

/// Reads an event that waits; `None` when its text cannot be read, which parking has excluded.
pub fn parked_record(row: &ParkedRow) -> Option<(Scope, Parked)> {
    let received_at = instant::from_row(row.received_at);
    let parked = Parked {
        record: record(&row.event_id, received_at, row.seq, &row.kind, &row.body)?,
        conversion: ConversionId::parse(&row.conversion_id)?,
        link_number: row.link_number.and_then(|number| u64::try_from(number).ok()),
        expires_at: instant::from_row(row.expires_at),
    };
    Some((scope(&row.environment, row.merchant_id), parked))
}

fn scope(environment: &str, merchant: uuid::Uuid) -> Scope {
    // A named constraint of the inbox's writer allows these two words only.
    let environment = Environment::parse(environment).unwrap_or(Environment::Test);
    Scope { environment, merchant: MerchantId(merchant) }
}

/// Reads an event's text; `None` when it is no event of its kind.
pub(in crate::flows) fn record(
    event_id: &str,
    received_at: Timestamp,
    seq: i64,
    kind: &str,
    body: &[u8],
) -> Option<Record> {
    let text = std::str::from_utf8(body).ok()?;
    let event = Event::from_json(EventKind::parse(kind)?, text).ok()?;
    let seq = u64::try_from(seq).unwrap_or(0);
    Some(Record { event_id: event_id.to_owned(), received_at, seq, event })
}
