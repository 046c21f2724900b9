//! An affiliate's webhook endpoint is made, changed, or goes; its secret is rotated. The affiliate
//! itself or an operator does it. What both kinds of owner ask of a lane is in `webhook`.

mod again;
pub mod feed;

use super::actor::{Actor, note};
use super::set_payout_method::may_set;
use super::webhook::{held_lane, resume, test_delivery};
use super::webhook_endpoint::{Created, ENDPOINTS_MAX, set_state, words};
use crate::domain::webhook::endpoint::{EndpointKey, Format};
use crate::domain::webhook::khata_body::{is_for_affiliates, is_of_commission};
use crate::error::Fault;
use crate::secrets::{Vault, draw};
use crate::store::affiliate_endpoint::{self, AffiliateEndpointRow};
use crate::store::webhook_endpoint::{self, EndpointRow};
use crate::store::{affiliate, instant};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::id::{AffiliateId, Environment, MerchantId};
use shared::validate::resource::{EndpointState, EventType, new_endpoint};
use shared::validate::web_address::Reach;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

pub use again::{recover, resend};

/// Under which merchant affiliates' endpoints stand: none.
pub const NOBODY: MerchantId = MerchantId(Uuid::nil());

/// What an endpoint is told, and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// These types, in Khata's own format.
    Khata(Vec<String>),
    /// Affiliate order events. What they show can change with any step of a commission, so that
    /// the types `commission.*` are stored as chosen.
    Orders,
}

/// An endpoint to be made.
#[derive(Debug, Clone)]
pub struct NewAffiliateEndpoint {
    /// Whose.
    pub affiliate: AffiliateId,
    /// Of which world.
    pub environment: Environment,
    /// Where to.
    pub url: String,
    /// What.
    pub choice: Choice,
    /// The affiliate's own note.
    pub description: Option<String>,
}

/// What changes about an endpoint; `None`: stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Where to.
    pub url: Option<String>,
    /// Which types; of the format khata alone.
    pub events: Option<Vec<String>>,
    /// The note; an empty one is none.
    pub description: Option<String>,
    /// Whether it is sent to.
    pub state: Option<EndpointState>,
}

/// Who does it, with what it takes to.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The database.
    pub pool: &'a PgPool,
    /// Seals secrets.
    pub vault: &'a Vault,
    /// Where endpoints may be.
    pub reach: Reach,
    /// Who.
    pub actor: Actor,
    /// When.
    pub now: Timestamp,
}

/// Makes an endpoint; its secret is shown this once.
pub async fn create(desk: Desk<'_>, new: NewAffiliateEndpoint) -> Result<Created, Fault> {
    let now = desk.now;
    let (format, chosen) = match new.choice {
        Choice::Khata(events) => (Format::Khata, events),
        Choice::Orders => (Format::AffiliateOrder, words(&steps_of_commissions())),
    };
    let checked = check(&new.url, &chosen, new.description.as_deref(), desk.reach)?;
    let mut transaction = desk.pool.begin().await?;
    lock(&mut transaction, desk.actor, new.affiliate).await?;
    let all = affiliate_endpoint::of_affiliate(&mut transaction, new.affiliate.0).await?;
    let environment = new.environment.as_str();
    let there = all.iter().filter(|row| row.environment == environment).count();
    if i64::try_from(there).is_ok_and(|there| there >= ENDPOINTS_MAX) {
        let what = format!("there are {ENDPOINTS_MAX} endpoints already, the most there may be");
        return Err(Fault::Conflict(what));
    }
    let row = AffiliateEndpointRow {
        environment: environment.to_owned(),
        affiliate_id: new.affiliate.0,
        endpoint: EndpointRow {
            endpoint_id: draw::id(now),
            url: checked.url,
            events: checked.events,
            format: format.as_str().to_owned(),
            description: checked.description,
            state: EndpointState::Active.as_str().to_owned(),
            created_at: instant::to_row(now),
            updated_at: instant::to_row(now),
            paused_at: None,
            paused_because: None,
            previous_secret_until: None,
            failing_since: None,
            last_sequence: 0,
        },
    };
    let secret = draw::webhook_secret();
    let sealed = desk.vault.seal(&row.endpoint.endpoint_id.to_string(), &secret);
    affiliate_endpoint::insert(&mut transaction, &row, &sealed).await?;
    log(&mut transaction, desk, "webhook_endpoint.create", &row).await?;
    transaction.commit().await?;
    Ok(Created { row: row.endpoint, secret })
}

/// Changes an endpoint; answers it as it is then. One that is active again, or elsewhere, begins
/// anew: what waits is due at once.
pub async fn change(
    desk: Desk<'_>,
    id: Uuid,
    change: Change,
) -> Result<AffiliateEndpointRow, Fault> {
    let mut transaction = desk.pool.begin().await?;
    let before = hold(&mut transaction, desk.actor, id).await?;
    let mut after = before.clone();
    after.endpoint = changed(&before.endpoint, &change, desk)?;
    if after == before {
        return Ok(before);
    }
    let (was, row) = (&before.endpoint, &mut after.endpoint);
    row.updated_at = instant::to_row(desk.now);
    let (environment, now) = (before.environment.as_str(), desk.now);
    let touched =
        webhook_endpoint::update(&mut transaction, environment, NOBODY.0, row, now).await?;
    if touched != 1 {
        return Err(gone());
    }
    if row.url != was.url || (was.paused_at.is_some() && row.paused_at.is_none()) {
        let key = key_of(&before)?;
        resume::run(&mut transaction, key, now).await?;
        row.failing_since = None;
    }
    log(&mut transaction, desk, "webhook_endpoint.change", &after).await?;
    transaction.commit().await?;
    Ok(after)
}

fn changed(before: &EndpointRow, change: &Change, desk: Desk<'_>) -> Result<EndpointRow, Fault> {
    if change.events.is_some() && before.format != Format::Khata.as_str() {
        let sentence = "events: an endpoint of this format is told every step of a commission";
        return Err(Fault::invalid(sentence));
    }
    let mut after = before.clone();
    let described = change.description.as_deref();
    // What stays is not asked again: an endpoint can be paused wherever it is.
    if change.url.is_some() || change.events.is_some() || described.is_some() {
        let url = change.url.as_deref().unwrap_or(&before.url);
        let events = change.events.as_deref().unwrap_or(&before.events);
        let description = described.or(before.description.as_deref());
        let checked = check(url, events, description, desk.reach)?;
        (after.url, after.events) = (checked.url, checked.events);
        after.description = checked.description;
    }
    if let Some(state) = change.state {
        set_state(&mut after, state, desk.now);
    }
    Ok(after)
}

/// Deletes an endpoint, with what waits on it.
pub async fn delete(desk: Desk<'_>, id: Uuid) -> Result<(), Fault> {
    let mut transaction = desk.pool.begin().await?;
    let row = hold(&mut transaction, desk.actor, id).await?;
    let environment = row.environment.as_str();
    // The lane first, as whoever numbers deliveries: nobody then waits for the other.
    held_lane(&mut transaction, &key_of(&row)?).await?;
    if webhook_endpoint::delete(&mut transaction, environment, NOBODY.0, id).await? != 1 {
        return Err(gone());
    }
    log(&mut transaction, desk, "webhook_endpoint.delete", &row).await?;
    transaction.commit().await?;
    Ok(())
}

/// Gives an endpoint another secret, shown this once; the one before signs too for so many hours, 0
/// for none.
pub async fn rotate_secret(desk: Desk<'_>, id: Uuid, overlap_hours: u32) -> Result<Created, Fault> {
    let mut transaction = desk.pool.begin().await?;
    let mut row = hold(&mut transaction, desk.actor, id).await?;
    let overlap = SignedDuration::from_hours(i64::from(overlap_hours));
    let until = desk.now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
    let until = (overlap_hours > 0).then_some(until);
    let secret = draw::webhook_secret();
    let sealed = desk.vault.seal(&id.to_string(), &secret);
    let environment = row.environment.as_str();
    let touched = webhook_endpoint::rotate_secret(
        &mut transaction,
        environment,
        NOBODY.0,
        id,
        &sealed,
        until,
        desk.now,
    );
    if touched.await? != 1 {
        return Err(gone());
    }
    row.endpoint.previous_secret_until = until.map(instant::to_row);
    log(&mut transaction, desk, "webhook_endpoint.rotate_secret", &row).await?;
    transaction.commit().await?;
    Ok(Created { row: row.endpoint, secret })
}

/// Numbers a ping for an endpoint; answers its number.
pub async fn ping(desk: Desk<'_>, id: Uuid) -> Result<i64, Fault> {
    let mut transaction = desk.pool.begin().await?;
    let row = find(&mut transaction, desk.actor, id).await?;
    let sent = test_delivery::within(&mut transaction, &key_of(&row)?, desk.now).await?;
    log(&mut transaction, desk, "webhook_endpoint.test", &row).await?;
    transaction.commit().await?;
    Ok(sent.sequence)
}

/// An affiliate's endpoint, for one who may see it.
pub async fn find(
    connection: &mut PgConnection,
    actor: Actor,
    id: Uuid,
) -> Result<AffiliateEndpointRow, Fault> {
    let found = affiliate_endpoint::find(connection, id).await?;
    let row = found.ok_or(Fault::NotFound("webhook endpoint of an affiliate"))?;
    may_set(connection, actor, AffiliateId(row.affiliate_id)).await?;
    Ok(row)
}

/// An affiliate's endpoints in both worlds, for one who may see them.
pub async fn list(
    connection: &mut PgConnection,
    actor: Actor,
    affiliate: AffiliateId,
) -> Result<Vec<AffiliateEndpointRow>, Fault> {
    may_set(connection, actor, affiliate).await?;
    Ok(affiliate_endpoint::of_affiliate(connection, affiliate.0).await?)
}

/// Where an endpoint stands.
pub fn key_of(row: &AffiliateEndpointRow) -> Result<EndpointKey, Fault> {
    let environment = Environment::parse(&row.environment)
        .ok_or_else(|| Fault::Corrupt("an endpoint has no environment".to_owned()))?;
    Ok(EndpointKey { environment, merchant: NOBODY, endpoint: row.endpoint.endpoint_id })
}

/// An endpoint whose affiliate is locked: whoever writes that affiliate's endpoints waits here for
/// the one before.
async fn hold(
    connection: &mut PgConnection,
    actor: Actor,
    id: Uuid,
) -> Result<AffiliateEndpointRow, Fault> {
    let seen = find(connection, actor, id).await?;
    lock(connection, actor, AffiliateId(seen.affiliate_id)).await?;
    find(connection, actor, id).await
}

async fn lock(
    connection: &mut PgConnection,
    actor: Actor,
    affiliate: AffiliateId,
) -> Result<(), Fault> {
    may_set(connection, actor, affiliate).await?;
    let found = affiliate::lock(connection, affiliate.0).await?;
    found.map(|_| ()).ok_or(Fault::NotFound("affiliate"))
}

struct Checked {
    url: String,
    events: Vec<String>,
    description: Option<String>,
}

/// The rules of merchants' endpoints, and that an affiliate is told only what concerns one.
fn check(
    url: &str,
    events: &[String],
    description: Option<&str>,
    reach: Reach,
) -> Result<Checked, Fault> {
    let mut body = json!({"url": url, "events": events});
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        body["description"] = json!(description);
    }
    let new = new_endpoint(body.to_string().as_bytes(), reach)?;
    let foreign = new.events.iter().filter(|kind| !is_for_affiliates(**kind));
    let faults: Vec<_> = foreign
        .map(|kind| format!("events: affiliates are not told of {}", kind.as_str()))
        .collect();
    if !faults.is_empty() {
        return Err(Fault::Invalid(faults));
    }
    Ok(Checked { url: new.url, events: words(&new.events), description: new.description })
}

fn steps_of_commissions() -> Vec<EventType> {
    EventType::ALL.into_iter().filter(|kind| is_of_commission(*kind)).collect()
}

fn gone() -> Fault {
    Fault::Corrupt("a locked webhook endpoint is gone".to_owned())
}

/// The path and query of an endpoint's URL may hold a secret of the affiliate's; the log has its
/// host alone.
async fn log(
    connection: &mut PgConnection,
    desk: Desk<'_>,
    action: &str,
    row: &AffiliateEndpointRow,
) -> Result<(), Fault> {
    let url = url::Url::parse(&row.endpoint.url).ok();
    let detail = json!({
        "affiliateId": row.affiliate_id,
        "environment": row.environment,
        "host": url.as_ref().and_then(url::Url::host_str),
        "format": row.endpoint.format,
        "events": row.endpoint.events,
        "state": row.endpoint.state,
    });
    let subject = row.endpoint.endpoint_id.to_string();
    note(connection, desk.actor, action, &subject, detail, desk.now).await
}
