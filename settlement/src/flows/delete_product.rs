//! A merchant's product goes, and its own commission with it.

use super::actor::{Actor, note};
use super::set_rule;
use crate::domain::order::Scope;
use crate::domain::rule::Subject;
use crate::error::Fault;
use crate::store::{merchant, product};
use jiff::Timestamp;
use serde_json::json;
use sqlx::PgConnection;

/// Deletes a product in the caller's transaction. What it earned keeps its terms; orders from now
/// on fall to the next level.
pub async fn within(
    connection: &mut PgConnection,
    actor: Actor,
    scope: Scope,
    sku: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    actor.may_change(scope.merchant)?;
    let found = merchant::lock(connection, scope.merchant.0).await?;
    found.ok_or(Fault::NotFound("merchant"))?;
    let environment = scope.environment.as_str();
    if product::delete(connection, environment, scope.merchant.0, sku).await? != 1 {
        return Err(Fault::NotFound("product"));
    }
    set_rule::end(connection, actor, scope, Subject::Product(sku.to_owned()), now).await?;
    let detail = json!({"merchantId": scope.merchant, "environment": environment});
    note(connection, actor, "product.delete", sku, detail, now).await
}
