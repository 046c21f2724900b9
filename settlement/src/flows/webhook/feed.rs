//! A merchant's notices in the order of the log, for one who follows it: none is ever missed.

use super::{bodies, log, mark_log};
use crate::domain::order::Scope;
use crate::domain::webhook::endpoint::{Endpoint, EndpointKey, Format, Owner};
use crate::domain::webhook::place;
use crate::domain::webhook::told::{Told, Written};
use crate::error::Fault;
use crate::store::instant;
use crate::store::webhook_feed;
use jiff::Timestamp;
use shared::validate::resource::EventType;
use sqlx::PgPool;
use uuid::Uuid;

/// Groups of notices that one read looks at, at most, when it wants some types alone.
const GROUPS_MAX: i64 = 500;
/// Characters of a notice's id that a place repeats.
const TAG_CHARACTERS: usize = 8;

/// A place in the log: that of a notice, and the beginning of its id. After the database was
/// restored from a backup the same position may be another notice's; then the tag differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The notice's position.
    pub position: i64,
    /// Of its id.
    pub tag: String,
}

impl Place {
    /// The place as a cursor.
    pub fn cursor(&self) -> String {
        hex::encode(format!("{}:{}", self.position, self.tag))
    }

    /// Reads a cursor.
    pub fn parse(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
        let (position, tag) = text.split_once(':')?;
        let position = position.parse().ok().filter(|position| *position >= 0)?;
        let sane = tag.len() <= TAG_CHARACTERS && tag.bytes().all(|b| b.is_ascii_alphanumeric());
        sane.then(|| Self { position, tag: tag.to_owned() })
    }

    fn of(written: &Written, position: i64) -> Self {
        let tag = written.message_id.rsplit('_').next().unwrap_or_default();
        Self { position, tag: tag.chars().take(TAG_CHARACTERS).collect() }
    }
}

/// Where a read begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With the oldest notice.
    Oldest,
    /// With what was written since an instant.
    Since(Timestamp),
    /// After a place.
    After(Place),
}

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Where it begins.
    pub start: Start,
    /// Which types; empty: all.
    pub kinds: Vec<EventType>,
    /// How many notices at most.
    pub limit: usize,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// In order, in the words of a delivery.
    pub notices: Vec<Written>,
    /// Where the reader stands; `None` before the first notice.
    pub next: Option<Place>,
    /// Whether there is more to be read at once.
    pub more: bool,
}

/// Reads on in a merchant's log.
pub async fn read(pool: &PgPool, scope: Scope, wish: &Wish, now: Timestamp) -> Result<Read, Fault> {
    let mut connection = pool.acquire().await?;
    mark_log::on(&mut connection, now).await?;
    let log = (scope.environment, scope.merchant);
    let (from, since) = match &wish.start {
        Start::Oldest => (0, None),
        Start::Since(since) => {
            let first = log::first_since(&mut connection, log, *since).await?;
            (place::first_of(first), Some(instant::to_row(*since)))
        }
        Start::After(place) => (place.position, None),
    };
    // One group more tells whether there is more; another is the one that the reader stands in.
    let wanted = i64::try_from(wish.limit).unwrap_or(i64::MAX).saturating_add(2);
    let groups_max = if wish.kinds.is_empty() { wanted } else { GROUPS_MAX.max(wanted) };
    let from_group = (place::group_of(from), since);
    let groups = webhook_feed::read(&mut connection, log, from_group, groups_max).await?;
    let is_full = i64::try_from(groups.len()).unwrap_or(i64::MAX) >= groups_max;
    let told = groups.into_iter().flat_map(|group| group.told);
    let told: Vec<Told> = told.filter(|one| one.position >= from).collect();
    let written = bodies::write(&mut connection, &reader(scope), &told, 1).await?;
    cut(written, wish, is_full)
}

/// The merchant's own reading: everything, as its endpoints are told.
fn reader(scope: Scope) -> Endpoint {
    let Scope { environment, merchant } = scope;
    Endpoint {
        key: EndpointKey { environment, merchant, endpoint: Uuid::nil() },
        owner: Owner::Merchant,
        events: EventType::ALL.to_vec(),
        format: Format::Khata,
    }
}

/// Cuts what lies before the reader to what it wants.
fn cut(written: Vec<Written>, wish: &Wish, is_full: bool) -> Result<Read, Fault> {
    let mut lying = written.into_iter().filter_map(|one| Some((one.position?, one))).peekable();
    let mut read = Read { notices: Vec::new(), next: None, more: false };
    if let Start::After(place) = &wish.start {
        let known = lying.next().map(|(position, one)| Place::of(&one, position));
        if known.as_ref() != Some(place) {
            return Err(Fault::invalid(
                "after names a place that the log no longer has; read again with since",
            ));
        }
        read.next = known;
    }
    while let Some((position, one)) = lying.next_if(|_| read.notices.len() < wish.limit) {
        read.next = Some(Place::of(&one, position));
        if wish.kinds.is_empty() || wish.kinds.contains(&one.kind) {
            read.notices.push(one);
        }
    }
    read.more = is_full || lying.peek().is_some();
    Ok(read)
}
