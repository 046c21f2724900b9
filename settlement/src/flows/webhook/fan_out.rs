//! Numbers deliveries: what endpoints are owed becomes bodies with a place on their lanes.
//!
//! The lane's row lock makes the numbers gapless and each group's turn come once; what is owed is
//! taken and numbered in one transaction.

use super::{bodies, kept_since};
use crate::domain::webhook::endpoint::{Endpoint, EndpointKey};
use crate::domain::webhook::lane::BREAKER_FAILURES;
use crate::domain::webhook::owed::concerns;
use crate::domain::webhook::told::{Told, Written};
use crate::error::Fault;
use crate::flows::actor::{Actor, note};
use crate::store::edge_stream::ensure_month_partition;
use crate::store::webhook_due::DueRow;
use crate::store::webhook_group::Group;
use crate::store::webhook_lane::{Keys, Locked, OwedFilter};
use crate::store::{instant, webhook_delivery, webhook_due, webhook_group, webhook_lane};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::validate::resource::RECOVER_DAYS_MAX;
use sqlx::{Connection, PgConnection, PgPool};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Lanes of one transaction at most.
const LANES_MAX: i64 = 16;
/// Groups of one lane and transaction, and one row of them more, at most.
const GROUPS_PER_LANE_MAX: i64 = 400;
/// What waits on a paused endpoint longer than this is let go.
const WAIT_DAYS_MAX: i64 = 30;
// Who is told that notices were let go cannot recover them: they are older than that reaches.
const _: () = assert!(WAIT_DAYS_MAX == RECOVER_DAYS_MAX);
/// How long a lane that could not be numbered stays back.
const STEP_BACK_SECONDS: i64 = 60;
/// Rows of one paused endpoint let go at once.
const LET_GO_ROWS_MAX: i64 = 1_000;

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// Nobody was owed anything, or other nodes see to it.
    Nothing,
    /// So many deliveries were numbered; there may be more to number.
    Deliveries(usize),
}

/// Numbers the deliveries of some lanes. A lane that cannot be numbered stays as it is for a
/// minute, with its cause in the log, and the others go on.
pub async fn run_once(pool: &PgPool, now: Timestamp) -> Result<Numbered, Fault> {
    let mut connection = pool.acquire().await?;
    // Outside of the transaction: a new partition stops whoever writes until it is there.
    ensure_month_partition(&mut connection, "webhook_delivery", now).await?;
    let mut transaction = connection.begin().await?;
    let owed = OwedFilter {
        failures_min: BREAKER_FAILURES,
        since: kept_since(now),
        back_until_max: back_until(now),
        lanes_max: LANES_MAX,
    };
    let lanes = webhook_lane::lock_owed(&mut transaction, owed, now).await?;
    if lanes.is_empty() {
        return Ok(Numbered::Nothing);
    }
    let mut savepoint = transaction.begin().await?;
    let numbered = match number(&mut savepoint, &lanes, now).await {
        Ok(numbered) => {
            savepoint.commit().await?;
            numbered
        }
        Err(fault) if fault.is_passing() => return Err(fault),
        Err(fault) => {
            savepoint.rollback().await?;
            tracing::warn!(%fault, "lanes could not be numbered together; they go one by one");
            number_apart(&mut transaction, &lanes, now).await?
        }
    };
    transaction.commit().await?;
    Ok(match numbered {
        Done { rows: 0, .. } => Numbered::Nothing,
        Done { deliveries, .. } => Numbered::Deliveries(deliveries),
    })
}

/// What was numbered: rows of what was owed, and the deliveries they made.
#[derive(Default)]
struct Done {
    rows: usize,
    deliveries: usize,
}

async fn number_apart(
    connection: &mut PgConnection,
    lanes: &[Locked],
    now: Timestamp,
) -> Result<Done, Fault> {
    let mut numbered = Done::default();
    for lane in lanes {
        let mut savepoint = connection.begin().await?;
        match number(&mut savepoint, std::slice::from_ref(lane), now).await {
            Ok(done) => {
                savepoint.commit().await?;
                numbered.rows += done.rows;
                numbered.deliveries += done.deliveries;
            }
            Err(fault) if fault.is_passing() => return Err(fault),
            Err(fault) => {
                savepoint.rollback().await?;
                let endpoint = lane.endpoint.key.endpoint;
                tracing::error!(%endpoint, %fault, "an endpoint's deliveries cannot be numbered");
                let key = lane.endpoint.key;
                if webhook_lane::step_back(connection, key, back_until(now)).await? != 1 {
                    return Err(Fault::Corrupt("a locked lane is gone".to_owned()));
                }
            }
        }
    }
    Ok(numbered)
}

fn back_until(now: Timestamp) -> Timestamp {
    let time = SignedDuration::from_secs(STEP_BACK_SECONDS);
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}

/// Numbers what locked lanes are owed.
async fn number(
    connection: &mut PgConnection,
    lanes: &[Locked],
    now: Timestamp,
) -> Result<Done, Fault> {
    let keys = Keys::of(lanes.iter().map(|lane| lane.endpoint.key));
    let taken = webhook_due::take(connection, keys, GROUPS_PER_LANE_MAX).await?;
    let groups = groups(connection, &taken).await?;
    let mut written: Vec<(EndpointKey, Written)> = Vec::new();
    let mut numbers = Vec::new();
    for lane in lanes {
        let told = told(&lane.endpoint, &taken, &groups);
        let (told, old) = young(told, now);
        let chosen = old.iter().filter(|told| lane.endpoint.events.contains(&told.kind)).count();
        if chosen > 0 {
            note_let_go(connection, lane.endpoint.key, LetGo::Notices(chosen), now).await?;
        }
        let bodies = bodies_of(connection, lane, &told).await?;
        if let Some(last) = bodies.last() {
            numbers.push((lane.endpoint.key, last.sequence));
        }
        written.extend(bodies.into_iter().map(|body| (lane.endpoint.key, body)));
    }
    if !written.is_empty() {
        webhook_delivery::insert(connection, &written, now).await?;
        webhook_lane::advance(connection, &numbers, now).await?;
    }
    Ok(Done { rows: taken.len(), deliveries: written.len() })
}

type Groups = HashMap<(Uuid, i64), Group>;

async fn groups(connection: &mut PgConnection, taken: &[DueRow]) -> Result<Groups, sqlx::Error> {
    let places: BTreeSet<(&str, Uuid, i64)> = taken
        .iter()
        .flat_map(|row| {
            let place = |position| (row.environment.as_str(), row.log_merchant_id, position);
            row.positions.iter().copied().map(place)
        })
        .collect();
    let places: Vec<_> = places.into_iter().collect();
    let found = webhook_group::find(connection, &places).await?;
    // A position is never given out twice, whatever the environment.
    Ok(found.into_iter().map(|group| ((group.merchant, group.position), group)).collect())
}

/// What a lane is owed, in the log's order, each with when it was written.
fn told<'a>(
    endpoint: &Endpoint,
    taken: &[DueRow],
    groups: &'a Groups,
) -> Vec<(&'a Told, Timestamp)> {
    let key = endpoint.key;
    let own = taken.iter().filter(|row| {
        row.endpoint_id == key.endpoint
            && row.merchant_id == key.merchant.0
            && row.environment == key.environment.as_str()
    });
    let mut told: Vec<_> = own
        .flat_map(|row| row.positions.iter().map(|position| (row.log_merchant_id, *position)))
        .filter_map(|place| groups.get(&place))
        .flat_map(|group| group.told.iter().map(|told| (told, group.created_at)))
        .filter(|(told, _)| concerns(endpoint.owner, told.merchant, told.affiliate, told.kind))
        .collect();
    told.sort_by_key(|(told, _)| told.position);
    told
}

/// What is not too old to be told, and what is.
fn young(told: Vec<(&Told, Timestamp)>, now: Timestamp) -> (Vec<Told>, Vec<&Told>) {
    let oldest = oldest(now);
    let (young, old): (Vec<_>, Vec<_>) = told.into_iter().partition(|(_, at)| *at >= oldest);
    let young = young.into_iter().map(|(told, _)| told.clone()).collect();
    (young, old.into_iter().map(|(told, _)| told).collect())
}

fn oldest(now: Timestamp) -> Timestamp {
    let age = SignedDuration::from_hours(WAIT_DAYS_MAX * 24);
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}

async fn bodies_of(
    connection: &mut PgConnection,
    lane: &Locked,
    told: &[Told],
) -> Result<Vec<Written>, Fault> {
    let first = lane.last_sequence + 1;
    let written = bodies::write(connection, &lane.endpoint, told, first).await?;
    let numbers = written.iter().map(|body| body.sequence);
    if !numbers.eq((first..).take(written.len())) {
        return Err(Fault::Corrupt("deliveries are not numbered one by one".to_owned()));
    }
    Ok(written)
}

/// Lets go what paused endpoints are owed for too long; answers how many groups that were.
pub async fn let_go_once(pool: &PgPool, now: Timestamp) -> Result<i64, Fault> {
    let mut transaction = pool.begin().await?;
    let before = instant::to_row(oldest(now));
    let gone = webhook_due::let_go(&mut transaction, before, LET_GO_ROWS_MAX).await?;
    for (key, groups) in &gone {
        note_let_go(&mut transaction, *key, LetGo::Groups(*groups), now).await?;
    }
    transaction.commit().await?;
    Ok(gone.iter().map(|(_, groups)| groups).sum())
}

/// How much was let go.
#[derive(Debug, Clone, Copy)]
enum LetGo {
    /// Notices of types that the endpoint chose.
    Notices(usize),
    /// Groups that were not looked into, each of one notice or more.
    Groups(i64),
}

async fn note_let_go(
    connection: &mut PgConnection,
    key: EndpointKey,
    let_go: LetGo,
    now: Timestamp,
) -> Result<(), Fault> {
    tracing::warn!(endpoint = %key.endpoint, ?let_go, "notices waited too long and were let go");
    let (counted, many) = match let_go {
        LetGo::Notices(many) => ("notices", json!(many)),
        LetGo::Groups(many) => ("groups", json!(many)),
    };
    let detail = json!({
        "merchantId": key.merchant,
        "environment": key.environment.as_str(),
        counted: many,
        "waitedDays": WAIT_DAYS_MAX,
    });
    let (action, subject) = ("webhook_endpoint.let_go", key.endpoint.to_string());
    note(connection, Actor::Installation, action, &subject, detail, now).await
}
