//! What merchants read and write of their resources: JSON shapes, each documented where it is, from
//! which the API's description is printed. Made from rows; nothing here asks or stores anything.

pub mod campaign;
pub mod commission;
pub mod commission_terms;
pub mod conversion;
pub mod event;
pub mod explain;
pub mod link;
pub mod payout;
pub mod product;
pub mod reconcile;
pub mod request_log;
pub mod risk;
pub mod schema;
pub mod webhook_delivery;
pub mod webhook_endpoint;
pub mod webhook_event;

use crate::store::instant;
use sqlx::types::time::OffsetDateTime;

/// An instant of a row as the wire writes it.
fn at(instant: OffsetDateTime) -> String {
    shared::time::format_instant(instant::from_row(instant))
}

/// An amount in its currency's digits; as it is when the currency is unknown to us.
fn amount(amount: rust_decimal::Decimal, currency: &str) -> String {
    shared::money::Currency::parse(currency)
        .map_or_else(|| amount.to_string(), |currency| currency.format(amount))
}
