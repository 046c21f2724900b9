//! What is told about an affiliate in the order of the logs, for one who follows it: none is ever
//! missed, whether it has an endpoint or not.

use super::NOBODY;
use crate::domain::webhook::endpoint::{Endpoint, EndpointKey, Format, Owner};
use crate::domain::webhook::owed::concerns;
use crate::domain::webhook::place::{first_of, group_of};
use crate::domain::webhook::told::{Told, Written};
use crate::error::Fault;
use crate::flows::actor::Actor;
use crate::flows::set_payout_method::may_set;
use crate::flows::webhook::{bodies, log, mark_log};
use crate::store::affiliate_log::{self, Logs};
use crate::store::{instant, webhook_feed};
use jiff::Timestamp;
use shared::id::{AffiliateId, Environment};
use shared::validate::resource::EventType;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Groups of notices that one read looks at, at most.
const GROUPS_MAX: i64 = 5_000;

/// A place in the logs: where the next notice is looked for, and the group passed last, by its
/// position and the microsecond it was written. After the database was restored from a backup the
/// same position may be another group's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    next: i64,
    passed: Option<(i64, i64)>,
}

impl Place {
    /// The place as a cursor.
    pub fn cursor(self) -> String {
        let Self { next, passed } = self;
        let tag = passed.map(|(group, written)| format!(":{group}:{written}"));
        hex::encode(format!("{next}{}", tag.unwrap_or_default()))
    }

    /// Reads a cursor.
    pub fn parse(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
        let mut parts = text.split(':').map(|part| part.parse::<i64>().ok().filter(|it| *it >= 0));
        let next = parts.next()??;
        let passed = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(group), Some(written), None) => Some((group?, written?)),
            _ => return None,
        };
        Some(Self { next, passed })
    }
}

/// Where a read begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Where an earlier read came to.
    pub at: Option<Place>,
    /// What was written before is left out.
    pub since: Timestamp,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// In order, in the words of a delivery in Khata's own format.
    pub notices: Vec<Written>,
    /// Where the next read begins.
    pub next: Place,
    /// Whether there is more to be looked at now.
    pub more: bool,
}

/// Reads on in what is told about an affiliate, so many notices at most. One read looks at a part
/// of the logs only, in which there may be nothing about it.
pub async fn read(
    pool: &PgPool,
    actor: Actor,
    (environment, affiliate): (Environment, AffiliateId),
    start: Start,
    limit: usize,
    now: Timestamp,
) -> Result<Read, Fault> {
    let mut connection = pool.acquire().await?;
    may_set(&mut connection, actor, affiliate).await?;
    mark_log::on(&mut connection, now).await?;
    // Read before the rows: up to there none is still to come.
    let safe = webhook_feed::safe_to(&mut connection).await?.unwrap_or(0);
    let logs = affiliate_log::logs(&mut connection, environment, affiliate).await?;
    let at = begin(&mut connection, &logs, start, safe).await?;
    let (from, since) = (group_of(at.next), start.since);
    let span = affiliate_log::span(&mut connection, &logs, (from, safe), GROUPS_MAX).await?;
    let Some(last) = span.last else {
        return Ok(Read { notices: Vec::new(), next: at, more: false });
    };
    let groups = affiliate_log::between(&mut connection, &logs, (from, last), since).await?;
    let owner = Owner::Affiliate(affiliate);
    let own = |one: &Told| {
        one.position >= at.next && concerns(owner, one.merchant, one.affiliate, one.kind)
    };
    let mut told: Vec<Told> = groups.into_iter().flat_map(|group| group.told).filter(own).collect();
    let is_cut = told.len() > limit;
    told.truncate(limit);
    let (next, passed) = match told.last() {
        Some(one) if is_cut => (one.position + 1, group_of(one.position)),
        _ => (first_of(last + 1), last),
    };
    let written = written_us(&mut connection, &logs, passed).await?;
    let next = Place { next, passed: written.map(|written| (passed, written)) };
    let notices = bodies::write(&mut connection, &reader(environment, affiliate), &told, 1).await?;
    Ok(Read { notices, next, more: is_cut || span.groups >= GROUPS_MAX })
}

async fn begin(
    connection: &mut PgConnection,
    logs: &Logs,
    start: Start,
    safe: i64,
) -> Result<Place, Fault> {
    let Some(at) = start.at else {
        let first = log::first_of_all(connection, logs, start.since, safe + 1).await?;
        return Ok(Place { next: first_of(first), passed: None });
    };
    if let Some((group, written)) = at.passed
        && written_us(connection, logs, group).await? != Some(written)
    {
        let sentence = "after names a place that the logs no longer have; read again with since";
        return Err(Fault::invalid(sentence));
    }
    Ok(at)
}

/// When a group was written, microseconds since 1970.
async fn written_us(
    connection: &mut PgConnection,
    logs: &Logs,
    group: i64,
) -> Result<Option<i64>, Fault> {
    let written = affiliate_log::written_at(connection, logs, group).await?;
    Ok(written.map(|at| instant::from_row(at).as_microsecond()))
}

/// The affiliate's own reading: everything that an endpoint of its may be told.
fn reader(environment: Environment, affiliate: AffiliateId) -> Endpoint {
    Endpoint {
        key: EndpointKey { environment, merchant: NOBODY, endpoint: Uuid::nil() },
        owner: Owner::Affiliate(affiliate),
        events: EventType::ALL.to_vec(),
        format: Format::Khata,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_and_what_is_none_is_not() {
        for place in [
            Place { next: 0, passed: None },
            Place { next: 513, passed: Some((2, 1_795_292_137_000_000)) },
        ] {
            assert_eq!(Place::parse(&place.cursor()), Some(place));
        }
        let bad = ["", ":", "1:", "1:2", "1:2:3:4", "-1", "1:-2:3", "1:2:x", "9223372036854775808"];
        for text in bad {
            assert_eq!(Place::parse(&hex::encode(text)), None, "{text}");
        }
        assert_eq!(Place::parse("zz"), None);
    }
}
