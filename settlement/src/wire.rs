//! What merchants read and write of their resources: JSON shapes, each documented where it is, from
//! which the API's description is printed. Made from rows; nothing here asks or stores anything.

pub mod campaign;
pub mod commission_terms;
pub mod link;
pub mod request_log;

use crate::store::instant;
use sqlx::types::time::OffsetDateTime;

/// An instant of a row as the wire writes it.
fn at(instant: OffsetDateTime) -> String {
    shared::time::format_instant(instant::from_row(instant))
}
