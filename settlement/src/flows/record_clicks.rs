//! A batch of clicks comes from the edge and is recorded, with the request log that travels along.
//! Losing one costs statistics, never an
//! attribution, so what cannot be read is passed over and never holds up the stream.

use super::late_clicks;
use super::record_calls::{self, Calls};
use super::stream::{self, Head, Intake};
use crate::error::Fault;
use crate::store::click::{self, NewClick};
use jiff::Timestamp;
use shared::internal::{Acknowledgement, ClickBatch, ClickRecord, ClickRow};
use sqlx::PgPool;

/// Bytes of one text of a click at most; the edge's own limits are far below.
const TEXT_BYTES_MAX: usize = 1_024;

/// Records a batch and answers up to where the stream is stored.
pub async fn run(
    pool: &PgPool,
    intake: &Intake,
    batch: &ClickBatch,
    now: Timestamp,
) -> Result<Acknowledgement, Fault> {
    let head = stream::read_head(intake, &batch.head)?;
    if !is_click_shard(&head.object) {
        return Err(stream::refused("its object is no click shard"));
    }
    let seqs =
        batch.rows.iter().map(|row| stream::seq(row.seq)).collect::<Result<Vec<_>, Fault>>()?;
    let clicks: Vec<NewClick> = batch.rows.iter().flat_map(|row| read_row(&head, row)).collect();
    intake.ensure_months(pool, "click", clicks.iter().map(|click| click.clicked_at)).await?;
    let calls = record_calls::read(&head, &batch.rows);
    calls.ensure_months(intake, pool).await?;
    let rows = Rows { seqs, clicks, losses: losses(&batch.rows), calls };
    let stored = store(pool, &head, &rows, now).await;
    stored.inspect_err(|_| intake.forget_months())
}

/// What a batch holds, read.
struct Rows {
    seqs: Vec<i64>,
    clicks: Vec<NewClick>,
    losses: Vec<(i64, i64)>,
    calls: Calls,
}

async fn store(
    pool: &PgPool,
    head: &Head,
    rows: &Rows,
    now: Timestamp,
) -> Result<Acknowledgement, Fault> {
    let mut transaction = pool.begin().await?;
    let stored_seq = stream::open(&mut transaction, head, now).await?;
    if !rows.clicks.is_empty() {
        click::insert(&mut transaction, &rows.clicks, now).await?;
        late_clicks::take(&mut transaction, &rows.clicks).await?;
    }
    if !rows.losses.is_empty() {
        let (object, epoch) = (head.object.as_str(), head.epoch_text.as_str());
        click::insert_losses(&mut transaction, object, epoch, &rows.losses).await?;
    }
    rows.calls.store(&mut transaction, now).await?;
    let seqs = rows.seqs.iter().copied();
    let mark = stream::advance(&mut transaction, head, stored_seq, seqs).await?;
    transaction.commit().await?;
    Ok(Acknowledgement { acknowledged_seq: mark.unsigned_abs() })
}

fn is_click_shard(object: &str) -> bool {
    object.strip_prefix("clicks-").is_some_and(|shard| shard.parse::<u32>().is_ok())
}

fn losses(rows: &[ClickRow]) -> Vec<(i64, i64)> {
    rows.iter()
        .filter(|row| row.dropped > 0)
        .filter_map(|row| {
            let dropped = i64::try_from(row.dropped).unwrap_or(i64::MAX);
            Some((i64::try_from(row.seq).ok()?, dropped))
        })
        .collect()
}

/// The readable clicks of a stored row.
fn read_row(head: &Head, row: &ClickRow) -> Vec<NewClick> {
    let passed_over = |why: &str| {
        tracing::error!(
            object = head.object,
            epoch = head.epoch_text,
            seq = row.seq,
            why,
            "recorded clicks cannot be read and are passed over"
        );
    };
    let Ok(records) = serde_json::from_str::<Vec<serde_json::Value>>(row.clicks.get()) else {
        passed_over("the row is no list");
        return Vec::new();
    };
    let read = |record| serde_json::from_value(record).ok().and_then(read_click);
    let clicks: Vec<Option<NewClick>> = records.into_iter().map(read).collect();
    if clicks.iter().any(Option::is_none) {
        passed_over("a click in the row is no click");
    }
    clicks.into_iter().flatten().collect()
}

fn read_click(record: ClickRecord) -> Option<NewClick> {
    let texts = [&record.click_id, &record.reason]
        .into_iter()
        .chain(&record.shopper_hash)
        .chain(&record.country)
        .chain(&record.sub_ids);
    // Postgres' text holds everything but U+0000, and an index entry has to fit a page.
    if texts.into_iter().any(|text| text.contains('\0') || text.len() > TEXT_BYTES_MAX) {
        return None;
    }
    Some(NewClick {
        link_number: i64::try_from(record.link_number).ok()?,
        clicked_at: shared::time::from_milliseconds(record.clicked_at_ms)?,
        class: record.class.as_str(),
        click_id: record.click_id,
        reason: record.reason,
        shopper_hash: record.shopper_hash,
        country: record.country,
        private: record.private,
        sub_ids: record.sub_ids.into(),
    })
}
