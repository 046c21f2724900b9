//! Writes of webhook endpoints, and the answers they give.

use super::super::webhook::test_delivery;
use super::super::webhook::{recover as recovery, resend as again, rotate_secret as rotation};
use super::super::webhook_endpoint;
use super::change::{At, Reply};
use crate::domain::webhook::endpoint::EndpointKey;
use crate::error::Fault;
use crate::wire::webhook_delivery::{Delivery, Recovered};
use crate::wire::webhook_endpoint::{shown, shown_once};
use shared::validate::resource::{EndpointChange, NewEndpoint, Recovery};
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

pub(super) async fn rotate_secret(
    connection: &mut PgConnection,
    at: At<'_>,
    id: Uuid,
    overlap_hours: u32,
) -> Result<Reply, Fault> {
    let At { vault, scope, actor, now } = at;
    let made = rotation::within(connection, vault, actor, scope, id, overlap_hours, now).await?;
    Reply::of(200, &shown_once(&made.row, made.secret))
}

pub(super) async fn test(
    connection: &mut PgConnection,
    at: At<'_>,
    id: Uuid,
) -> Result<Reply, Fault> {
    let row = test_delivery::within(connection, &key(at, id)?, at.now).await?;
    Reply::of(202, &Delivery::of(row))
}

pub(super) async fn resend(
    connection: &mut PgConnection,
    at: At<'_>,
    id: Uuid,
    sequence: i64,
) -> Result<Reply, Fault> {
    let row = again::within(connection, &key(at, id)?, sequence, at.now).await?;
    Reply::of(202, &Delivery::of(row))
}

pub(super) async fn recover(
    connection: &mut PgConnection,
    at: At<'_>,
    id: Uuid,
    wish: Recovery,
) -> Result<Reply, Fault> {
    let done = recovery::within(connection, &key(at, id)?, wish, at.now).await?;
    Reply::of(202, &Recovered::of(done.dead, done.pending, done.missing, done.next))
}

fn key(at: At<'_>, endpoint: Uuid) -> Result<EndpointKey, Fault> {
    at.actor.may_change(at.scope.merchant)?;
    Ok(EndpointKey { environment: at.scope.environment, merchant: at.scope.merchant, endpoint })
}
