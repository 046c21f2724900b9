//! Events as the edge's outbox sends them: numbered, framed, at most so many per post.

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::value::RawValue;
use shared::event::Event;
use shared::id::{Environment, EventId, MerchantId};
use shared::internal::{
    BATCH_EVENTS_MAX, BATCH_VERSION, EventBatch, EventRecord, StreamHead, epoch_text, intake_name,
};
use shared::keys::ClickKeys;

/// One stream's posts, in order.
pub struct Posts(pub Vec<Post>);

/// One post: a body to sign and send.
pub struct Post {
    /// The batch as JSON.
    pub body: Vec<u8>,
    /// The place of its last event, which settlement must acknowledge.
    pub last_seq: u64,
}

/// Frames a merchant's events from `first_seq` on; a post holds `per_post` events at most.
pub fn frame(
    merchant: MerchantId,
    events: &[Event],
    first_seq: u64,
    per_post: usize,
    keys: &ClickKeys,
    now: Timestamp,
) -> Result<Posts> {
    // One stream per merchant and database; the number only has to be the same in every post.
    let epoch = merchant.0.as_u64_pair().1;
    let highest_seq = first_seq + events.len() as u64 - 1;
    let mut posts = Vec::new();
    let mut seq = first_seq;
    for chunk in events.chunks(per_post.min(BATCH_EVENTS_MAX)) {
        let mut records = Vec::with_capacity(chunk.len());
        for event in chunk {
            records.push(record(event, epoch, seq, now)?);
            seq += 1;
        }
        let head = StreamHead {
            version: BATCH_VERSION,
            object: intake_name(merchant, Environment::Live),
            epoch: epoch_text(epoch),
            highest_seq,
            lowest_seq: 1,
            sent_at_ms: now.as_millisecond(),
            click_key_number: keys.current().0,
        };
        let body = serde_json::to_vec(&EventBatch { head, events: records })?;
        posts.push(Post { body, last_seq: seq - 1 });
    }
    Ok(Posts(posts))
}

fn record(event: &Event, epoch: u64, seq: u64, now: Timestamp) -> Result<EventRecord> {
    let kind = event.kind();
    let place = i64::try_from(seq).context("a place beyond 63 bits")?;
    Ok(EventRecord {
        seq,
        event_id: EventId { kind, epoch, seq }.to_string(),
        kind,
        received_at_ms: now.as_millisecond() + place,
        key_id: "pk_live_benchmark0000000000".to_owned(),
        body: RawValue::from_string(event.to_json())?,
    })
}
