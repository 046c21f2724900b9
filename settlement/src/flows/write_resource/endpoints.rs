//! Writes of webhook endpoints, and the answers they give.

use super::super::webhook_endpoint;
use super::change::{At, Reply};
use crate::error::Fault;
use crate::wire::webhook_endpoint::{shown, shown_once};
use shared::validate::resource::{EndpointChange, NewEndpoint};
use sqlx::PgConnection;
use uuid::Uuid;

pub(super) async fn create(
    connection: &mut PgConnection,
    at: At<'_>,
    new: NewEndpoint,
) -> Result<Reply, Fault> {
    let made =
        webhook_endpoint::create(connection, at.vault, at.actor, at.scope, new, at.now).await?;
    Reply::of(201, &shown_once(&made.row, made.secret))
}

pub(super) async fn change(
    connection: &mut PgConnection,
    at: At<'_>,
    id: Uuid,
    change: EndpointChange,
) -> Result<Reply, Fault> {
    let row = webhook_endpoint::change(connection, at.actor, at.scope, id, change, at.now).await?;
    Reply::of(200, &shown(&row))
}

pub(super) async fn delete(
    connection: &mut PgConnection,
    at: At<'_>,
    id: Uuid,
) -> Result<Reply, Fault> {
    webhook_endpoint::delete(connection, at.actor, at.scope, id, at.now).await?;
    Ok(Reply::empty())
}
