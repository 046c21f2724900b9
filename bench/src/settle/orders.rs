//! What merchants report: orders that clicks led to, and half of them confirmed later.

use std::fmt;

use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::click_id::{Click, ClickClass};
use shared::event::{Conversion, Event, OrderStatusReport};
use shared::keys::ClickKeys;
use shared::money::Currency;
use shared::order_status::OrderStatus;

use super::network::Shop;

/// One confirmation follows so many orders.
pub const ORDERS_PER_STATUS: usize = 2;
/// Events of a group: its orders and their one confirmation.
pub const GROUP_EVENTS: usize = ORDERS_PER_STATUS + 1;
/// A confirmation comes this part of its stream after its order, so that most of them meet an
/// order that an earlier transaction wrote.
const LAG_PART: usize = 3;
/// How long before its order a click was made, seconds.
const CLICK_AGE_SECONDS: i64 = 600;

/// How events are divided among merchants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Evenly over all merchants.
    Uniform,
    /// All are one merchant's.
    OneMerchant,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uniform => "many merchants",
            Self::OneMerchant => "one merchant",
        })
    }
}

/// What one run sends.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Divided how.
    pub shape: Shape,
    /// Events in all, about: each stream gets whole groups.
    pub events: usize,
}

impl Load {
    /// Merchants that send, of so many.
    pub fn streams(self, merchants: usize) -> usize {
        match self.shape {
            Shape::Uniform => merchants,
            Shape::OneMerchant => 1,
        }
    }

    /// Groups of each merchant's stream.
    pub fn groups(self, merchants: usize) -> usize {
        (self.events / self.streams(merchants) / GROUP_EVENTS).max(1)
    }
}

/// Whole groups of a shop's stream; `begin` begins their order ids.
pub fn stream(
    shop: &Shop,
    groups: usize,
    begin: &str,
    keys: &ClickKeys,
    now: Timestamp,
) -> Vec<Event> {
    let order_id = |group: usize, order: usize| format!("{begin}-{group:06}-{order}");
    let lag = groups / LAG_PART;
    let mut events = Vec::with_capacity(groups * GROUP_EVENTS);
    let confirm = |group: usize| Event::OrderStatus(confirmed(order_id(group, 0), now));
    for group in 0..groups {
        for order in 0..ORDERS_PER_STATUS {
            let number = group * ORDERS_PER_STATUS + order;
            let order = ordered(shop, number, order_id(group, order), keys, now);
            events.push(Event::Conversion(order));
        }
        events.extend(group.checked_sub(lag).map(confirm));
    }
    events.extend((groups - lag..groups).map(confirm));
    events
}

fn ordered(
    shop: &Shop,
    number: usize,
    external_order_id: String,
    keys: &ClickKeys,
    now: Timestamp,
) -> Conversion {
    let link = shop.links[number % shop.links.len()];
    let clicked = u32::try_from(now.as_second() - CLICK_AGE_SECONDS).unwrap_or(u32::MAX);
    let click = Click {
        link_number: link,
        clicked_at_seconds: clicked,
        class: ClickClass::Human,
        random: number as u64,
    };
    Conversion {
        external_order_id,
        order_amount: Decimal::from(1_500 + number % 900),
        currency: Currency::parse("NPR").expect("NPR is a currency"),
        click_id: Some(click.seal(keys)),
        external_product_id: None,
        order_status: None,
        ordered_at: None,
        coupon_code: None,
        customer_hash: None,
        items: Vec::new(),
        metadata: None,
    }
}

fn confirmed(external_order_id: String, now: Timestamp) -> OrderStatusReport {
    OrderStatusReport {
        external_order_id,
        status: OrderStatus::Confirmed,
        click_id: None,
        status_updated_at: Some(now),
        reason: None,
        refunded_amount: None,
        items: Vec::new(),
        metadata: None,
    }
}
