//! Calls between edge and settlement: batches of events and clicks one way, pokes the other.

use crate::click_id::ClickClass;
use crate::id::{Environment, EventKind, MerchantId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Version of the batch formats. Settlement deploys first and reads this one and the one before.
/// Version 3 brings the request log along with the clicks.
pub const BATCH_VERSION: u32 = 3;
/// The oldest version settlement reads.
pub const BATCH_VERSION_MIN: u32 = 2;
/// Events in one batch at most.
pub const BATCH_EVENTS_MAX: usize = 500;
/// Names in one poke at most.
pub const POKE_NAMES_MAX: usize = 500;
/// Version of a poke's answer; an edge before it answered nothing.
pub const POKE_VERSION: u32 = 1;
/// Bytes of one batch at most; a batch refused with 413 is halved.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Edge → settlement: accepted events.
pub const EVENTS_PATH: &str = "/internal/v1/events";
/// Edge → settlement: clicks.
pub const CLICKS_PATH: &str = "/internal/v1/clicks";
/// Edge → settlement: a shard without a snapshot asks for one.
pub const SNAPSHOT_WANTED_PATH: &str = "/internal/v1/snapshot-wanted";
/// Settlement → edge: directory rows.
pub const DIRECTORY_PATH: &str = "/internal/v1/directory";
/// Settlement → edge: wake objects that may hold unsent rows.
pub const POKE_PATH: &str = "/internal/v1/poke";
/// Edge → settlement: signed reads go to `/internal/v1/merchants/{id}/{environment}/…`.
pub const MERCHANTS_PATH: &str = "/internal/v1/merchants";

/// The name of the object that takes one merchant's events in one environment.
pub fn intake_name(merchant: MerchantId, environment: Environment) -> String {
    format!("{merchant}:{environment}")
}

/// Reads a name written by [`intake_name`].
pub fn parse_intake_name(name: &str) -> Option<(MerchantId, Environment)> {
    let (merchant, environment) = name.split_once(':')?;
    Some((MerchantId(merchant.parse().ok()?), Environment::parse(environment)?))
}

/// The name of a click shard's object.
pub fn click_outbox_name(shard: u32) -> String {
    format!("clicks-{shard}")
}

/// The name of a directory shard's object.
pub fn directory_object_name(shard: u32) -> String {
    format!("directory-{shard}")
}

/// Where a batch stands in its object's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamHead {
    /// [`BATCH_VERSION`].
    pub version: u32,
    /// The object's name.
    pub object: String,
    /// The number the object drew at birth, as 16 hex digits.
    pub epoch: String,
    /// The highest `seq` the object has given out, 0 for none.
    pub highest_seq: u64,
    /// The lowest `seq` the object still keeps, the next one to give out when it has none: what
    /// lies below was acknowledged and deleted, and cannot come again. 0: not told.
    #[serde(default)]
    pub lowest_seq: u64,
    /// The edge's clock when the batch was made, Unix milliseconds.
    pub sent_at_ms: i64,
    /// The click key the edge seals with now; settlement answers 503 until it knows it.
    pub click_key_number: u8,
}

/// An object's epoch as the wire writes it.
pub fn epoch_text(epoch: u64) -> String {
    format!("{epoch:016x}")
}

/// Reads an epoch written by [`epoch_text`].
pub fn parse_epoch(text: &str) -> Option<u64> {
    if text.len() == 16 { u64::from_str_radix(text, 16).ok() } else { None }
}

/// One accepted event in a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRecord {
    /// Its gapless place in the stream.
    pub seq: u64,
    /// Its id; carries kind, epoch and `seq` again, and is the inbox key.
    pub event_id: String,
    /// Its kind.
    pub kind: EventKind,
    /// When the edge accepted it, Unix milliseconds of the edge's clock.
    pub received_at_ms: i64,
    /// The key it was signed with.
    pub key_id: String,
    /// The event as the edge re-serialised it.
    pub body: Box<RawValue>,
}

/// `POST` [`EVENTS_PATH`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventBatch {
    /// Whose stream, and where it stands.
    #[serde(flatten)]
    pub head: StreamHead,
    /// Events in order of `seq`; may be empty.
    pub events: Vec<EventRecord>,
}

/// One recorded click.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClickRecord {
    /// The id minted for it, in canonical spelling.
    pub click_id: String,
    /// The link followed.
    pub link_number: u64,
    /// What kind of visit.
    pub class: ClickClass,
    /// Why it was put in that class.
    pub reason: String,
    /// When, Unix milliseconds of the edge's clock.
    pub clicked_at_ms: i64,
    /// Keyed daily hash of the address; absent without an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shopper_hash: Option<String>,
    /// Two-letter country, when the edge knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Whether the shopper asked not to be remembered, so that no cookie was set.
    #[serde(default)]
    pub private: bool,
    /// The affiliate's own tags, `sub1` to `sub5`; empty text for one not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_ids: Vec<String>,
}

/// One stored batch of an isolate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClickRow {
    /// The row's gapless place in the shard's stream.
    pub seq: u64,
    /// A JSON array of [`ClickRecord`], as stored.
    pub clicks: Box<RawValue>,
    /// Clicks the isolate lost since its last batch: counted, never hidden.
    pub dropped: u64,
    /// A [`LogRow`](crate::request_log::LogRow), as stored; absent where no signed call came in,
    /// and before version 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Box<RawValue>>,
}

/// `POST` [`CLICKS_PATH`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClickBatch {
    /// Which shard, and where it stands.
    #[serde(flatten)]
    pub head: StreamHead,
    /// Rows in order of `seq`; may be empty.
    pub rows: Vec<ClickRow>,
}

/// Settlement's answer to either batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    /// Everything up to here was looked up or stored; the object moves its mark to it.
    pub acknowledged_seq: u64,
}

/// `POST` [`SNAPSHOT_WANTED_PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotWanted {
    /// The shard that has none.
    pub shard: u32,
}

/// `POST` [`POKE_PATH`]: wake these objects, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poke {
    /// Names of intake and click objects.
    pub objects: Vec<String>,
}

/// Where an object's stream stands, as the object itself tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectHead {
    /// The object's name.
    pub object: String,
    /// The number the object drew at birth, as 16 hex digits.
    pub epoch: String,
    /// The highest `seq` the object has given out, 0 for none.
    pub highest_seq: u64,
    /// Settlement has acknowledged everything up to here.
    pub acknowledged_seq: u64,
    /// The lowest `seq` the object still keeps; see [`StreamHead::lowest_seq`].
    pub lowest_seq: u64,
    /// Drains that failed in a row.
    pub failures: u32,
    /// Calls the object has decided since it woke.
    #[serde(default)]
    pub calls: u64,
    /// Rows its accepting statements have written since it woke, entries of indexes included.
    #[serde(default)]
    pub rows_written: u64,
}

/// The answer to a [`Poke`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PokeAnswer {
    /// [`POKE_VERSION`]; 0 from an edge that tells no heads.
    pub version: u32,
    /// The objects that are awake.
    pub heads: Vec<ObjectHead>,
    /// Those that did not answer, and names of no object.
    pub unanswered: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_a_name_of_its_own_and_an_intake_s_reads_back() {
        let merchant = MerchantId(uuid::Uuid::from_u128(7));
        let uuid = "00000000-0000-0000-0000-000000000007";
        for environment in [Environment::Live, Environment::Test] {
            let name = intake_name(merchant, environment);
            assert_eq!(name, format!("{uuid}:{environment}"));
            assert_eq!(parse_intake_name(&name), Some((merchant, environment)));
        }
        for name in ["", uuid, "x:live", &format!("{uuid}:LIVE"), "clicks-1"] {
            assert_eq!(parse_intake_name(name), None, "{name}");
        }
        let shards = [click_outbox_name(1), click_outbox_name(2), directory_object_name(1)];
        assert_eq!(shards, ["clicks-1", "clicks-2", "directory-1"]);
    }

    #[test]
    fn an_epoch_is_sixteen_hex_digits() {
        for (epoch, text) in
            [(0, "0000000000000000"), (255, "00000000000000ff"), (u64::MAX, "ffffffffffffffff")]
        {
            assert_eq!(epoch_text(epoch), text);
            assert_eq!(parse_epoch(text), Some(epoch));
        }
        for text in ["", "ff", "0000000000000000f", "000000000000000g"] {
            assert_eq!(parse_epoch(text), None, "{text}");
        }
    }
}
