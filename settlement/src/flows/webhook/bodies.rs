//! Writes the bodies of the notices that an endpoint has chosen, numbered on.

mod order_events;

use crate::domain::webhook::endpoint::{Endpoint, Format, Owner};
use crate::domain::webhook::told::{Told, Written};
use crate::domain::webhook::{khata_body, message};
use crate::error::Fault;
use sqlx::PgConnection;

/// The deliveries that follow from these notices of the log, in their order, numbered from
/// `first_sequence` on without gaps. What the endpoint has not chosen, or may not know, is left
/// out.
pub async fn write(
    connection: &mut PgConnection,
    endpoint: &Endpoint,
    told: &[Told],
    first_sequence: i64,
) -> Result<Vec<Written>, Fault> {
    let chosen: Vec<&Told> =
        told.iter().filter(|told| endpoint.events.contains(&told.kind)).collect();
    match (endpoint.format, endpoint.owner) {
        (Format::Khata, _) => Ok(khata(endpoint, &chosen, first_sequence)),
        (Format::AffiliateOrder, Owner::Affiliate(affiliate)) => {
            let events = order_events::events(connection, endpoint.key, affiliate, &chosen).await?;
            let write = |((told, body), sequence)| written(endpoint, told, sequence, body);
            Ok(events.into_iter().zip(first_sequence..).map(write).collect())
        }
        // The schema has it that only affiliates' endpoints are of this format.
        (Format::AffiliateOrder, Owner::Merchant) => Ok(Vec::new()),
    }
}

fn khata(endpoint: &Endpoint, chosen: &[&Told], first_sequence: i64) -> Vec<Written> {
    let known =
        chosen.iter().filter_map(|told| Some((*told, khata_body::told_to(endpoint.owner, told)?)));
    known
        .zip(first_sequence..)
        .map(|((told, data), sequence)| {
            let body = khata_body::body(told.kind, told.occurred_at, sequence, &data);
            written(endpoint, told, sequence, body)
        })
        .collect()
}

fn written(endpoint: &Endpoint, told: &Told, sequence: i64, body: String) -> Written {
    Written {
        sequence,
        position: Some(told.position),
        kind: told.kind,
        message_id: message::id(endpoint.key.environment, told),
        body,
    }
}
