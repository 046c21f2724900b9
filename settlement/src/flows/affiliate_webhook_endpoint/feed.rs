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
use crate::store::{affiliate_log, webhook_feed};
use jiff::Timestamp;
use shared::id::{AffiliateId, Environment};
use shared::validate::resource::EventType;
use sqlx::PgPool;
use uuid::Uuid;

/// Groups of notices that one read looks at, at most.
const GROUPS_MAX: i64 = 5_000;

/// Where a read begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With what was written since an instant.
    Since(Timestamp),
    /// At a place in the logs: where an earlier read came to.
    At(i64),
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// In order, in the words of a delivery in Khata's own format.
    pub notices: Vec<Written>,
    /// Where the next read begins.
    pub next: i64,
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
    let (from, since) = match start {
        Start::At(from) => (from, Timestamp::UNIX_EPOCH),
        Start::Since(since) => {
            (first_of(log::first_of_all(&mut connection, &logs, since).await?), since)
        }
    };
    let span =
        affiliate_log::span(&mut connection, &logs, (group_of(from), safe), GROUPS_MAX).await?;
    let Some(last) = span.last else {
        return Ok(Read { notices: Vec::new(), next: from, more: false });
    };
    let groups = (group_of(from), last);
    let groups = affiliate_log::between(&mut connection, &logs, groups, since).await?;
    let owner = Owner::Affiliate(affiliate);
    let own =
        |one: &Told| one.position >= from && concerns(owner, one.merchant, one.affiliate, one.kind);
    let mut told: Vec<Told> = groups.into_iter().flat_map(|group| group.told).filter(own).collect();
    let is_cut = told.len() > limit;
    told.truncate(limit);
    let next = match told.last() {
        Some(one) if is_cut => one.position + 1,
        _ => first_of(last + 1),
    };
    let notices = bodies::write(&mut connection, &reader(environment, affiliate), &told, 1).await?;
    Ok(Read { notices, next, more: is_cut || span.groups >= GROUPS_MAX })
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
