//! A ping is numbered for an endpoint, so that its owner sees whether deliveries arrive.

use super::{delivery, held_lane, wake};
use crate::domain::webhook::endpoint::{EndpointKey, Format, Owner};
use crate::domain::webhook::told::Written;
use crate::domain::webhook::{affiliate_order, khata_body, message};
use crate::error::Fault;
use crate::secrets::draw;
use crate::store::webhook_endpoint::{self, EndpointFilter};
use crate::store::webhook_read::DeliveryRow;
use crate::store::{edge_stream, webhook_body, webhook_delivery};
use jiff::Timestamp;
use serde_json::json;
use shared::validate::resource::EventType;
use sqlx::PgConnection;

/// Writes a ping as the endpoint's next delivery, in the caller's transaction. It takes its turn
/// in the lane like any other; in the format of affiliate orders it is an order of nothing.
pub async fn within(
    connection: &mut PgConnection,
    key: &EndpointKey,
    now: Timestamp,
) -> Result<DeliveryRow, Fault> {
    let lane = held_lane(connection, key).await?;
    refuse_paused(connection, key).await?;
    let sequence = lane.last_sequence + 1;
    let body = match (lane.endpoint.format, lane.endpoint.owner) {
        (Format::AffiliateOrder, Owner::Affiliate(affiliate)) => {
            let name = webhook_body::affiliate_name(connection, affiliate.0).await?;
            let name = name.ok_or(Fault::NotFound("affiliate"))?;
            affiliate_order::of_nothing(affiliate, &name, now)
        }
        (Format::Khata | Format::AffiliateOrder, _) => {
            let data = json!({"endpointId": key.endpoint});
            khata_body::body(EventType::Ping, now, sequence, &data)
        }
    };
    let ping = Written {
        sequence,
        position: None,
        kind: EventType::Ping,
        // It tells no news, so its id comes from nothing but chance.
        message_id: message::of(draw::id(now).as_u128()),
        body,
    };
    edge_stream::ensure_month_partition(connection, "webhook_delivery", now).await?;
    webhook_delivery::insert(connection, &[(*key, ping)], now).await?;
    wake(connection, key, sequence, now).await?;
    delivery(connection, key, sequence, now).await
}

/// Nothing is sent to a paused endpoint: a ping would wait, and tell nothing.
async fn refuse_paused(connection: &mut PgConnection, key: &EndpointKey) -> Result<(), Fault> {
    let filter = EndpointFilter {
        environment: key.environment.as_str(),
        merchant_id: key.merchant.0,
        endpoint_id: Some(key.endpoint),
        state: None,
        after: None,
        rows_max: 1,
    };
    let row = webhook_endpoint::list(connection, &filter).await?.pop();
    match row.ok_or(Fault::NotFound("webhook endpoint"))?.paused_at {
        None => Ok(()),
        Some(_) => {
            Err(Fault::Conflict("a paused endpoint is sent nothing: make it active".to_owned()))
        }
    }
}
