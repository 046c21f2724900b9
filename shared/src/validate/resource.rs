//! Bodies that write or compare a merchant's own things: products, webhook endpoints, a day.

mod product;
mod reconcile;
#[cfg(test)]
mod tests;
mod webhook_delivery;
mod webhook_endpoint;

pub use product::{Product, RowFault, Stock, product, products, sku_fault};
pub use reconcile::{Day, DayOrder, ORDER_STATUSES, day};
pub use webhook_delivery::{OVERLAP_HOURS_MAX, RECOVER_DAYS_MAX, Recovery, recovery, rotation};
pub use webhook_endpoint::{
    EndpointChange, EndpointState, EventType, NewEndpoint, endpoint_change, new_endpoint,
};

use crate::money::Currency;

/// Unicode scalars of a product's category at most.
pub const CATEGORY_CHARACTERS_MAX: usize = 160;
/// Products of one call at most.
pub const PRODUCTS_MAX: usize = 500;
/// Unicode scalars of a webhook endpoint's description at most.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 200;
/// Orders of a reconciled day at most.
pub const DAY_ORDERS_MAX: usize = 10_000;

/// What reading a merchant's own things needs to know of it.
#[derive(Debug, Clone, Copy)]
pub struct Shop<'a> {
    /// Its currency, where a body names none.
    pub currency: Currency,
    /// Pages lie on it or below it.
    pub approved_domain: &'a str,
}
