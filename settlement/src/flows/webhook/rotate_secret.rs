//! An endpoint gets another secret; for a while deliveries are signed with both.

use crate::domain::order::Scope;
use crate::error::Fault;
use crate::flows::actor::Actor;
use crate::flows::webhook_endpoint::{self, Created};
use crate::secrets::{Vault, draw};
use crate::store::webhook_endpoint as store;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

/// Rotates the secret in the caller's transaction; the one before signs too for so many hours, 0
/// for none. The one before that, if it still signed, signs no more.
pub async fn within(
    connection: &mut PgConnection,
    vault: &Vault,
    actor: Actor,
    scope: Scope,
    id: Uuid,
    overlap_hours: u32,
    now: Timestamp,
) -> Result<Created, Fault> {
    webhook_endpoint::lock(connection, actor, scope).await?;
    webhook_endpoint::find(connection, scope, id).await?;
    let until = match overlap_hours {
        0 => None,
        hours => Some(
            now.checked_add(SignedDuration::from_hours(i64::from(hours)))
                .map_err(|_| Fault::invalid("overlapHours leads beyond the calendar"))?,
        ),
    };
    let secret = draw::webhook_secret();
    let sealed = vault.seal(&id.to_string(), &secret);
    let (environment, owner) = (scope.environment.as_str(), scope.merchant.0);
    let touched =
        store::rotate_secret(connection, environment, owner, id, &sealed, until, now).await?;
    if touched != 1 {
        return Err(Fault::Corrupt("a locked webhook endpoint is gone".to_owned()));
    }
    let row = webhook_endpoint::find(connection, scope, id).await?;
    let action = "webhook_endpoint.rotate_secret";
    webhook_endpoint::note_change(connection, actor, scope, action, &row, now).await?;
    Ok(Created { row, secret })
}
