//! What both kinds of batches share: the head, the months, and how far a stream is gapless.

use crate::error::Fault;
use crate::store::edge_gap::{self, GapRow, Noted};
use crate::store::edge_stream::{self, Opened};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use shared::internal::{BATCH_VERSION, BATCH_VERSION_MIN, StreamHead, parse_epoch};
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

/// Why a gap is there: its rows were acknowledged once, and deleted at the edge.
pub(super) const PRUNED: &str = "pruned";

/// A batch's head, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) object: String,
    pub(super) epoch: u64,
    pub(super) epoch_text: String,
    pub(super) highest_seq: i64,
    /// The lowest place the edge still keeps; 0 when it did not tell.
    pub(super) lowest_seq: i64,
    pub(super) edge_time: Timestamp,
}

/// Reads a head. The version and the click key are looked at first: what they change, the rest
/// of the batch may depend on.
pub(super) fn read_head(intake: &Intake, head: &StreamHead) -> Result<Head, Fault> {
    if !(BATCH_VERSION_MIN..=BATCH_VERSION).contains(&head.version) {
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
        lowest_seq: seq(head.lowest_seq)?,
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
    let stored_seq = edge_stream::lock(connection, object, epoch).await?;
    if let Some((from_seq, to_seq)) = pruned(stored_seq, head.lowest_seq) {
        let (object, epoch) = (object.to_owned(), epoch.to_owned());
        let gap = GapRow { object, epoch, from_seq, to_seq, cause: PRUNED.to_owned() };
        if edge_gap::note(connection, &gap, now).await? == Noted::First {
            tracing::error!(
                object = gap.object,
                epoch = gap.epoch,
                from_seq,
                to_seq,
                "a stream misses places that the edge no longer has; it waits until an operator \
                 accepts the loss: settlement recover --accept-gaps"
            );
        }
    }
    Ok(stored_seq)
}

/// The places after the mark that the edge no longer keeps: they cannot come any more. Whatever
/// lies at or above its lowest kept place is only not sent yet.
pub(super) fn pruned(stored_seq: i64, lowest_seq: i64) -> Option<(i64, i64)> {
    let next_seq = stored_seq.checked_add(1)?;
    (next_seq < lowest_seq).then(|| (next_seq, lowest_seq - 1))
}

/// Moves a stream's mark to where it is gapless now, and answers that.
pub(super) async fn advance(
    connection: &mut PgConnection,
    head: &Head,
    stored_seq: i64,
    seqs: impl Iterator<Item = i64>,
) -> Result<i64, Fault> {
    let (mark, beyond) = gapless_mark(stored_seq, seqs);
    // A gap that cannot close was told once, when it was found.
    if let Some(beyond) = beyond.filter(|_| pruned(mark, head.lowest_seq).is_none()) {
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
    fn what_the_edge_no_longer_keeps_is_told_from_what_is_not_sent_yet() {
        let cases = [
            // Nothing told, an empty object, everything kept, all but what is stored deleted.
            (5, 0, None),
            (0, 1, None),
            (5, 1, None),
            (5, 6, None),
            // Restored from an older backup: 6 to 8 were acknowledged and deleted since.
            (5, 9, Some((6, 8))),
            (0, 2, Some((1, 1))),
            (i64::MAX, 9, None),
        ];
        for (stored_seq, lowest_seq, expected) in cases {
            assert_eq!(pruned(stored_seq, lowest_seq), expected, "{stored_seq} {lowest_seq}");
        }
    }

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
