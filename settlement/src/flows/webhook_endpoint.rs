//! A merchant's webhook endpoint is made, changed, or goes. Delivery to it is in `webhook`.

use super::actor::{Actor, note};
use super::webhook::{held_lane, resume};
use crate::domain::order::Scope;
use crate::domain::webhook::endpoint::EndpointKey;
use crate::error::Fault;
use crate::secrets::{Vault, draw};
use crate::store::webhook_endpoint::{self, EndpointFilter, EndpointRow};
use crate::store::{instant, merchant};
use jiff::Timestamp;
use serde_json::json;
use shared::validate::resource::{EndpointChange, EndpointState, EventType, NewEndpoint};
use sqlx::PgConnection;
use uuid::Uuid;

/// Endpoints of one merchant in one environment at most.
pub const ENDPOINTS_MAX: i64 = 20;

/// An endpoint, and its new secret as it is shown once. It has no `Debug`: the secret is in it.
pub struct Created {
    /// The endpoint.
    pub row: EndpointRow,
    /// `whsec_…`; not to be had again.
    pub secret: String,
}

/// Makes an endpoint in the caller's transaction.
pub async fn create(
    connection: &mut PgConnection,
    vault: &Vault,
    actor: Actor,
    scope: Scope,
    new: NewEndpoint,
    now: Timestamp,
) -> Result<Created, Fault> {
    lock(connection, actor, scope).await?;
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    if webhook_endpoint::count(connection, environment, owner).await? >= ENDPOINTS_MAX {
        let what = format!("there are {ENDPOINTS_MAX} endpoints already, the most there may be");
        return Err(Fault::Conflict(what));
    }
    let row = EndpointRow {
        endpoint_id: draw::id(now),
        url: new.url,
        events: words(&new.events),
        format: "khata".to_owned(),
        description: new.description,
        state: "active".to_owned(),
        created_at: instant::to_row(now),
        updated_at: instant::to_row(now),
        paused_at: None,
        paused_because: None,
        previous_secret_until: None,
        failing_since: None,
        last_sequence: 0,
    };
    let secret = draw::webhook_secret();
    let sealed = vault.seal(&row.endpoint_id.to_string(), &secret);
    webhook_endpoint::insert(connection, environment, owner, &row, &sealed).await?;
    note_change(connection, actor, scope, "webhook_endpoint.create", &row, now).await?;
    Ok(Created { row, secret })
}

/// Changes an endpoint in the caller's transaction; answers it as it is then. One that is active
/// again, or elsewhere, begins anew: what waits is due at once.
pub async fn change(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    id: Uuid,
    change: EndpointChange,
    now: Timestamp,
) -> Result<EndpointRow, Fault> {
    lock(connection, actor, scope).await?;
    let before = find(connection, scope, id).await?;
    let mut after = before.clone();
    if let Some(url) = change.url {
        after.url = url;
    }
    if let Some(events) = change.events {
        after.events = words(&events);
    }
    if let Some(state) = change.state {
        set_state(&mut after, state, now);
    }
    after.description = change.description.apply(after.description);
    if after == before {
        return Ok(before);
    }
    after.updated_at = instant::to_row(now);
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    if webhook_endpoint::update(connection, environment, owner, &after, now).await? != 1 {
        return Err(Fault::Corrupt("a locked webhook endpoint is gone".to_owned()));
    }
    if after.url != before.url || before.paused_at.is_some() && after.paused_at.is_none() {
        resume::run(connection, key_of(scope, id), now).await?;
        after.failing_since = None;
    }
    note_change(connection, actor, scope, "webhook_endpoint.change", &after, now).await?;
    Ok(after)
}

fn key_of(scope: Scope, endpoint: Uuid) -> EndpointKey {
    EndpointKey { environment: scope.environment, merchant: scope.merchant, endpoint }
}

/// Paused keeps since when and why when it is so already.
pub(super) fn set_state(row: &mut EndpointRow, state: EndpointState, now: Timestamp) {
    if row.state == state.as_str() {
        return;
    }
    state.as_str().clone_into(&mut row.state);
    (row.paused_at, row.paused_because) = match state {
        EndpointState::Active => (None, None),
        EndpointState::Paused => (Some(instant::to_row(now)), Some("owner".to_owned())),
    };
}

/// Deletes an endpoint in the caller's transaction.
pub async fn delete(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    id: Uuid,
    now: Timestamp,
) -> Result<(), Fault> {
    lock(connection, actor, scope).await?;
    let row = find(connection, scope, id).await?;
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    // The lane first, as whoever numbers deliveries: nobody then waits for the other.
    held_lane(connection, &key_of(scope, id)).await?;
    if webhook_endpoint::delete(connection, environment, owner, id).await? != 1 {
        return Err(Fault::Corrupt("a locked webhook endpoint is gone".to_owned()));
    }
    note_change(connection, actor, scope, "webhook_endpoint.delete", &row, now).await
}

/// Whoever writes the merchant's endpoints waits here for the one before: the count holds.
pub(super) async fn lock(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
) -> Result<(), Fault> {
    actor.may_change(scope.merchant)?;
    let found = merchant::lock(connection, scope.merchant.0).await?;
    found.map(|_| ()).ok_or(Fault::NotFound("merchant"))
}

/// An endpoint of this merchant and world.
pub(super) async fn find(
    connection: &mut PgConnection,
    scope: Scope,
    id: Uuid,
) -> Result<EndpointRow, Fault> {
    let filter = EndpointFilter {
        environment: scope.environment.as_str(),
        merchant_id: scope.merchant.0,
        endpoint_id: Some(id),
        state: None,
        after: None,
        rows_max: 1,
    };
    let found = webhook_endpoint::list(connection, &filter).await?.pop();
    found.ok_or(Fault::NotFound("webhook endpoint"))
}

/// The path and query of an endpoint's URL may hold a secret of the merchant's; the log has its
/// host alone.
pub(super) async fn note_change(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    action: &str,
    row: &EndpointRow,
    now: Timestamp,
) -> Result<(), Fault> {
    let url = url::Url::parse(&row.url).ok();
    let detail = json!({
        "merchantId": scope.merchant,
        "environment": scope.environment.as_str(),
        "host": url.as_ref().and_then(url::Url::host_str),
        "events": row.events,
        "state": row.state,
    });
    note(connection, actor, action, &row.endpoint_id.to_string(), detail, now).await
}

/// The types as rows hold them.
pub(super) fn words(events: &[EventType]) -> Vec<String> {
    events.iter().map(|kind| kind.as_str().to_owned()).collect()
}
