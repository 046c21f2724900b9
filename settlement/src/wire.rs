//! What merchants read and write of their resources: JSON shapes, each documented where it is, from
//! which the API's description is printed. Made from rows; nothing here asks or stores anything.

pub mod commission;
pub mod conversion;
pub mod event;
pub mod explain;
pub mod schema;
