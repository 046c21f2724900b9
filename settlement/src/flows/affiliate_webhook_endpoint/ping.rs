//! A delivery that tells nothing, to see whether an affiliate's endpoint takes it.

use super::{Desk, find, key_of, log};
use crate::domain::webhook::affiliate_order;
use crate::domain::webhook::endpoint::Format;
use crate::domain::webhook::message;
use crate::domain::webhook::told::Written;
use crate::error::Fault;
use crate::flows::webhook::test_delivery;
use crate::secrets::draw;
use crate::store::{edge_stream, webhook_body, webhook_delivery, webhook_lane};
use shared::id::AffiliateId;
use shared::validate::resource::EventType;
use sqlx::PgConnection;
use uuid::Uuid;

/// Numbers a ping for an endpoint; answers its number. In the format of affiliate orders it is an
/// event of an order of nothing.
pub async fn ping(desk: Desk<'_>, id: Uuid) -> Result<i64, Fault> {
    let mut transaction = desk.pool.begin().await?;
    let row = find(&mut transaction, desk.actor, id).await?;
    let key = key_of(&row)?;
    let sequence = if row.endpoint.format == Format::AffiliateOrder.as_str() {
        let lane = webhook_lane::lock(&mut transaction, key).await?;
        let sequence = lane.ok_or(Fault::NotFound("webhook endpoint"))?.last_sequence + 1;
        let body = order_of_nothing(&mut transaction, desk, AffiliateId(row.affiliate_id)).await?;
        let ping = Written {
            sequence,
            position: None,
            kind: EventType::Ping,
            message_id: message::of(draw::id(desk.now).as_u128()),
            body,
        };
        let connection = &mut *transaction;
        edge_stream::ensure_month_partition(connection, "webhook_delivery", desk.now).await?;
        webhook_delivery::insert(&mut transaction, &[(key, ping)], desk.now).await?;
        webhook_lane::advance(&mut transaction, &[(key, sequence)], desk.now).await?;
        sequence
    } else {
        test_delivery::within(&mut transaction, &key, desk.now).await?.sequence
    };
    log(&mut transaction, desk, "webhook_endpoint.test", &row).await?;
    transaction.commit().await?;
    Ok(sequence)
}

async fn order_of_nothing(
    connection: &mut PgConnection,
    desk: Desk<'_>,
    affiliate: AffiliateId,
) -> Result<String, Fault> {
    let name = webhook_body::affiliate_name(connection, affiliate.0).await?;
    let name = name.ok_or(Fault::NotFound("affiliate"))?;
    Ok(affiliate_order::of_nothing(affiliate, &name, desk.now))
}
