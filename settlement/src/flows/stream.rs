//! What both kinds of batches share: the head, the months, and how far a stream is gapless.

use crate::error::Fault;
use crate::store::edge_stream::{self, Opened};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use shared::internal::{BATCH_VERSION, StreamHead, parse_epoch};
use shared::keys::ClickKeys;
use sqlx::{PgConnection, PgPool};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// What taking in batches needs beside the database; one for the life of the process.
#[derive(Debug)]
pub struct Intake {
    click_keys: ClickKeys,
    /// Months whose partition is known to be there.
    months: Mutex<BTreeSet<(&'static str, i16, i8)>>,
}

impl Intake {
    /// An intake that knows these click keys.
    pub fn new(click_keys: ClickKeys) -> Self {
        Self { click_keys, months: Mutex::default() }
    }

    /// Makes the partitions of these instants' months, each once per process, outside the
    /// batch's transaction, so that a batch that fails does not take them with it.
    pub(super) async fn ensure_months(
        &self,
        pool: &PgPool,
        table: &'static str,
        instants: impl Iterator<Item = Timestamp>,
    ) -> Result<(), Fault> {
        let mut missing = std::collections::BTreeMap::new();
        {
            let known = self.months.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for at in instants {
                let date = TimeZone::UTC.to_datetime(at).date();
                let month = (table, date.year(), date.month());
                if !known.contains(&month) {
                    missing.insert(month, at);
                }
            }
        }
        for (month, at) in missing {
            let mut connection = pool.acquire().await?;
            edge_stream::ensure_month_partition(&mut connection, table, at).await?;
            self.months.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(month);
        }
        Ok(())
    }

    /// Forgets which months are there: a partition may have been dropped since.
    pub(super) fn forget_months(&self) {
        self.months.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }
}

/// A batch's head, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) object: String,
    pub(super) epoch: u64,
    pub(super) epoch_text: String,
    pub(super) highest_seq: i64,
    pub(super) edge_time: Timestamp,
}

/// Reads a head. The version and the click key are looked at first: what they change, the rest
/// of the batch may depend on.
pub(super) fn read_head(intake: &Intake, head: &StreamHead) -> Result<Head, Fault> {
    if head.version != BATCH_VERSION {
        return Err(refused(format!("its version is {}", head.version)));
    }
    if intake.click_keys.get(head.click_key_number).is_none() {
        return Err(Fault::ClickKeyUnknown(head.click_key_number));
    }
    let epoch = parse_epoch(&head.epoch).ok_or_else(|| refused("its epoch is unreadable"))?;
    Ok(Head {
        object: head.object.clone(),
        epoch,
        epoch_text: shared::internal::epoch_text(epoch),
        highest_seq: seq(head.highest_seq)?,
        edge_time: instant(head.sent_at_ms)?,
    })
}

pub(super) fn seq(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| refused("a seq is beyond 63 bits"))
}

pub(super) fn instant(milliseconds: i64) -> Result<Timestamp, Fault> {
    shared::time::from_milliseconds(milliseconds)
        .ok_or_else(|| refused("an instant is outside the calendar"))
}

pub(super) fn refused(why: impl Into<String>) -> Fault {
    Fault::BatchRefused(why.into())
}

/// Opens a stream when it is new and locks it; answers up to where it is stored.
pub(super) async fn open(
    connection: &mut PgConnection,
    head: &Head,
    now: Timestamp,
) -> Result<i64, Fault> {
    let (object, epoch) = (head.object.as_str(), head.epoch_text.as_str());
    match edge_stream::open(connection, object, epoch, head.edge_time, now).await? {
        Opened::Known => {}
        Opened::First => tracing::info!(object, epoch, "an object sent its first batch"),
        Opened::Anew => {
            tracing::warn!(object, epoch, "an object began a new stream: it was wiped at the edge");
        }
    }
    Ok(edge_stream::lock(connection, object, epoch).await?)
}

/// Moves a stream's mark to where it is gapless now, and answers that.
pub(super) async fn advance(
    connection: &mut PgConnection,
    head: &Head,
    stored_seq: i64,
    seqs: impl Iterator<Item = i64>,
) -> Result<i64, Fault> {
    let (mark, beyond) = gapless_mark(stored_seq, seqs);
    if let Some(beyond) = beyond {
        tracing::error!(
            object = head.object,
            epoch = head.epoch_text,
            gapless_until = mark,
            next_seq = beyond,
            "a stream has a gap; it is acknowledged only up to there"
        );
    }
    let (object, epoch) = (head.object.as_str(), head.epoch_text.as_str());
    let touched =
        edge_stream::advance(connection, object, epoch, mark, head.highest_seq, head.edge_time)
            .await?;
    if touched == 1 {
        Ok(mark)
    } else {
        Err(Fault::Corrupt("a stream's mark would have moved back".to_owned()))
    }
}

/// How far the stream is gapless once these are stored, and the first `seq` beyond a gap.
fn gapless_mark(stored_seq: i64, seqs: impl Iterator<Item = i64>) -> (i64, Option<i64>) {
    let mut mark = stored_seq;
    for seq in seqs.collect::<BTreeSet<_>>() {
        if mark.checked_add(1) == Some(seq) {
            mark = seq;
        } else if seq > mark {
            return (mark, Some(seq));
        }
    }
    (mark, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_moves_to_the_gap_and_no_further() {
        type Case = (i64, &'static [i64], (i64, Option<i64>));
        let cases: [Case; 8] = [
            (0, &[], (0, None)),
            (0, &[1, 2, 3], (3, None)),
            (3, &[1, 2, 3], (3, None)),
            (3, &[2, 3, 4], (4, None)),
            (3, &[5, 6], (3, Some(5))),
            (3, &[4, 6], (4, Some(6))),
            (0, &[3, 1, 2, 2], (3, None)),
            (i64::MAX - 1, &[i64::MAX], (i64::MAX, None)),
        ];
        for (stored, seqs, expected) in cases {
            assert_eq!(gapless_mark(stored, seqs.iter().copied()), expected, "{stored} {seqs:?}");
        }
    }
}
