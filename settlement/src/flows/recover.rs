//! Postgres came back from an older backup: every object at the edge is asked for what it has and
//! settlement has not, and what cannot come any more is named and, if an operator says so, passed.
//!
//! The events come the ordinary way, through a running server's ingest. Here objects are only
//! woken, round by round, and what they say is held against what is stored.

use super::actor::{self, Actor};
use super::{poke_objects, stream};
use crate::error::Fault;
use crate::outbound::edge::{Edge, EdgeFault};
use crate::store::edge_gap::{self, GapRow};
use crate::store::edge_stream::{self, Mark};
use crate::store::unknown_link::{self, UnknownLinkRow};
use jiff::Timestamp;
use shared::internal::ObjectHead;
use sqlx::PgPool;
use std::collections::BTreeMap;

/// Why a gap is there: its object lost its storage before it had sent everything.
const WIPED: &str = "wiped";

/// How an object's stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The object has not answered.
    Unanswered,
    /// Everything it ever gave out is stored.
    Complete,
    /// More will come.
    Waiting,
    /// It waits in front of places that cannot come.
    AtGap,
}

/// One object, as the last look found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub object: String,
    /// Its stream, 16 hex digits; empty while it has not answered.
    pub epoch: String,
    /// What was stored of this stream when the recovery began.
    pub had_seq: i64,
    /// What is stored now.
    pub stored_seq: i64,
    /// The highest place the object has given out.
    pub highest_seq: i64,
    /// Drains of it that failed in a row.
    pub failures: u32,
    /// How it stands.
    pub standing: Standing,
}

/// A recovery under way.
#[derive(Debug)]
pub struct Recovery {
    had: BTreeMap<(String, String), i64>,
    /// Every known object, by name.
    pub reports: BTreeMap<String, Report>,
}

impl Recovery {
    /// Notes what is stored now, and of which objects more may come.
    pub async fn begin(pool: &PgPool, edge: &Edge) -> Result<Self, Fault> {
        let names = poke_objects::known(pool, edge.click_shards).await?;
        let marks = edge_stream::marks(&mut *pool.acquire().await?).await?;
        let had =
            marks.into_iter().map(|mark| ((mark.object, mark.epoch), mark.stored_seq)).collect();
        let reports = names.into_iter().map(|name| (name.clone(), unanswered(name))).collect();
        Ok(Self { had, reports })
    }

    /// One round: wakes every object that is not complete and holds what it says against what is
    /// stored. Answers why calls failed.
    pub async fn look(
        &mut self,
        pool: &PgPool,
        edge: &Edge,
        now: Timestamp,
    ) -> Result<Vec<EdgeFault>, Fault> {
        let open = self.reports.values().filter(|report| report.standing != Standing::Complete);
        let names: Vec<String> = open.map(|report| report.object.clone()).collect();
        let poked = poke_objects::poke(edge, &names, now).await;
        let marks = edge_stream::marks(&mut *pool.acquire().await?).await?;
        for head in &poked.answer.heads {
            for gap in self.judge(head, &marks)? {
                edge_gap::note(&mut *pool.acquire().await?, &gap, now).await?;
            }
        }
        Ok(poked.faults)
    }

    /// Takes in what an object says; answers what of it cannot come any more.
    fn judge(&mut self, head: &ObjectHead, marks: &[Mark]) -> Result<Vec<GapRow>, Fault> {
        let (highest_seq, lowest_seq) =
            (stream::seq(head.highest_seq)?, stream::seq(head.lowest_seq)?);
        let key = (head.object.clone(), head.epoch.clone());
        let of_object = marks.iter().filter(|mark| mark.object == head.object);
        let (mine, earlier): (Vec<&Mark>, Vec<&Mark>) =
            of_object.partition(|mark| mark.epoch == head.epoch);
        let stored_seq = mine.first().map(|mark| mark.stored_seq);
        let report = Report {
            had_seq: self.had.get(&key).copied().unwrap_or(0),
            stored_seq: stored_seq.unwrap_or(0),
            highest_seq,
            failures: head.failures,
            standing: standing(stored_seq, highest_seq, lowest_seq),
            object: key.0,
            epoch: key.1,
        };
        // A name that nobody asked for is no object of ours.
        if let Some(known) = self.reports.get_mut(&head.object) {
            *known = report;
        }
        let gap = |mark: &Mark, to_seq, cause: &str| GapRow {
            object: mark.object.clone(),
            epoch: mark.epoch.clone(),
            from_seq: mark.stored_seq + 1,
            to_seq,
            cause: cause.to_owned(),
        };
        let unsent = earlier.iter().filter(|mark| mark.highest_seq > mark.stored_seq);
        let wiped = unsent.map(|mark| gap(mark, mark.highest_seq, WIPED));
        let gone = mine.iter().filter_map(|mark| {
            let (_, to_seq) = stream::pruned(mark.stored_seq, lowest_seq)?;
            Some(gap(mark, to_seq, stream::PRUNED))
        });
        Ok(gone.chain(wiped).collect())
    }
}

fn unanswered(object: String) -> Report {
    Report {
        object,
        epoch: String::new(),
        had_seq: 0,
        stored_seq: 0,
        highest_seq: 0,
        failures: 0,
        standing: Standing::Unanswered,
    }
}

/// A stream that settlement has never heard of opens with its first batch; a gap counts only then.
fn standing(stored_seq: Option<i64>, highest_seq: i64, lowest_seq: i64) -> Standing {
    match stored_seq {
        _ if highest_seq == 0 => Standing::Complete,
        Some(stored_seq) if stored_seq >= highest_seq => Standing::Complete,
        Some(stored_seq) if stream::pruned(stored_seq, lowest_seq).is_some() => Standing::AtGap,
        Some(_) | None => Standing::Waiting,
    }
}

/// Gaps that nobody has accepted.
pub async fn open_gaps(pool: &PgPool) -> Result<Vec<GapRow>, Fault> {
    Ok(edge_gap::open(&mut *pool.acquire().await?).await?)
}

/// Links that conversions wait for and settlement does not have.
pub async fn unknown_links(pool: &PgPool) -> Result<Vec<UnknownLinkRow>, Fault> {
    Ok(unknown_link::awaited(&mut *pool.acquire().await?).await?)
}

/// Accepts the loss of these gaps: their streams go on behind them. Answers those accepted now.
pub async fn accept_gaps(
    pool: &PgPool,
    by: Actor,
    gaps: &[GapRow],
    now: Timestamp,
) -> Result<Vec<GapRow>, Fault> {
    by.may_operate()?;
    let account = match by {
        Actor::Operator(account) => Some(account),
        Actor::Installation | Actor::Merchant { .. } | Actor::Key { .. } | Actor::Affiliate(_) => {
            None
        }
    };
    let mut transaction = pool.begin().await?;
    let mut accepted = Vec::new();
    for gap in gaps {
        if edge_gap::accept(&mut transaction, gap, account, now).await? == 0 {
            continue;
        }
        // The stream of a wiped object has ended: there is nothing behind its gap.
        if gap.cause == stream::PRUNED {
            let (object, epoch) = (gap.object.as_str(), gap.epoch.as_str());
            let (from_seq, to_seq) = (gap.from_seq, gap.to_seq);
            let moved =
                edge_stream::skip(&mut transaction, object, epoch, from_seq, to_seq).await?;
            if moved != 1 {
                let why = format!("the stream of {object} does not stand in front of {from_seq}");
                return Err(Fault::Conflict(why));
            }
            edge_stream::skip_cursor(&mut transaction, object, epoch, from_seq, to_seq).await?;
        }
        let detail = serde_json::json!({
            "epoch": gap.epoch, "fromSeq": gap.from_seq, "toSeq": gap.to_seq, "cause": gap.cause,
        });
        actor::note(&mut transaction, by, "gap.accept", &gap.object, detail, now).await?;
        accepted.push(gap.clone());
    }
    transaction.commit().await?;
    Ok(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_complete_waits_or_stands_at_a_gap() {
        let cases = [
            (None, 0, 1, Standing::Complete),
            (None, 3, 1, Standing::Waiting),
            (None, 9, 7, Standing::Waiting),
            (Some(9), 9, 7, Standing::Complete),
            (Some(6), 9, 7, Standing::Waiting),
            (Some(5), 9, 7, Standing::AtGap),
            (Some(5), 9, 0, Standing::Waiting),
        ];
        for (stored, highest, lowest, expected) in cases {
            let found = standing(stored, highest, lowest);
            assert_eq!(found, expected, "{stored:?} {highest} {lowest}");
        }
    }
}
