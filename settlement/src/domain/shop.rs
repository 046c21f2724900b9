//! A shop's own webhook as the books take it: an order, what became of it, and money given back.
//!
//! One webhook tells the whole order as it stands, so each may open the order, and says again what
//! was said before: every status counts once, and every refund by its id. Rules: MONEY §14.

mod field;
mod shopify;
#[cfg(test)]
mod tests;
mod woocommerce;

use super::order::Order;
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::event::{Conversion, Event, Item, OrderStatusReport};
use shared::id::Environment;
use shared::money::Currency;
use shared::order_status::OrderStatus;
use shared::shop::{ShopEvent, Source};
use shared::validate::{COUPON_CHARACTERS_MAX, EXTERNAL_ID_CHARACTERS_MAX, ITEMS_MAX};
use std::borrow::Cow;

/// Coupons of one order that are looked up at most; a shop lists those applied, a few.
const COUPONS_MAX: usize = 10;

/// What a webhook says of one order.
#[derive(Debug, Clone)]
pub struct News {
    /// The order id, by the key's choice of field.
    pub external_order_id: String,
    /// The order as it would be reported; absent where the webhook does not tell it.
    pub conversion: Option<Conversion>,
    /// Its coupons beside the one that the conversion names, in the shop's order.
    pub other_coupons: Vec<String>,
    /// What became of it, in the order in which that happens.
    pub reports: Vec<OrderStatusReport>,
    /// Money given back, each part with the shop's id.
    pub refunds: Vec<Refund>,
}

/// One part of an order's money given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The shop's id of it.
    pub id: String,
    /// How much, in the order's currency; more than nothing.
    pub amount: Decimal,
    /// When.
    pub at: Option<Timestamp>,
    /// In which currency, where the shop does not tell it in its own; `None`: in the order's.
    pub currency: Option<Currency>,
}

impl Refund {
    /// Whether it can be counted: its number is of the order's currency.
    pub fn is_of(&self, order: &Order) -> bool {
        self.currency.is_none_or(|currency| currency == order.currency)
    }
}

/// What a webhook comes to.
#[derive(Debug, Clone)]
pub enum Reading {
    /// News of an order.
    News(Box<News>),
    /// Nothing that the books take; why.
    Ignored(&'static str),
    /// News of an order that cannot be read; why.
    Invalid(&'static str),
}

/// Reads a webhook. With a test key the shop's instants are left out: they are real time, and the
/// merchant's clock may be ahead of it.
pub fn read(event: &ShopEvent, environment: Environment) -> Reading {
    let Ok(data) = serde_json::from_str(event.data.get()) else {
        return Reading::Invalid("What the shop sent cannot be read.");
    };
    let order = field::Part(&data);
    if environment == Environment::Live && (event.is_test || order.is("test")) {
        return Reading::Ignored("A test of the shop's under a live key.");
    }
    let reading = match event.terms.source {
        Source::Shopify => shopify::read(event, order),
        Source::WooCommerce => woocommerce::read(event, order),
    };
    match reading {
        Reading::News(mut news) if environment == Environment::Test => {
            if let Some(conversion) = &mut news.conversion {
                conversion.ordered_at = None;
            }
            news.reports.iter_mut().for_each(|report| report.status_updated_at = None);
            news.refunds.iter_mut().for_each(|refund| refund.at = None);
            Reading::News(news)
        }
        other => other,
    }
}

/// The order that an event may open, whoever reported it.
pub fn conversion(event: &Event, environment: Environment) -> Option<Cow<'_, Conversion>> {
    match event {
        Event::Conversion(conversion) => Some(Cow::Borrowed(conversion)),
        Event::Shop(event) => match read(event, environment) {
            Reading::News(news) => news.conversion.map(Cow::Owned),
            Reading::Ignored(_) | Reading::Invalid(_) => None,
        },
        Event::OrderStatus(_) | Event::ClockAdvance(_) => None,
    }
}

/// The order that an event opened, with the coupon that was taken then: of several that a shop told
/// it was the first that was somebody's.
pub fn conversion_with<'a>(
    event: &'a Event,
    environment: Environment,
    taken: Option<&str>,
) -> Option<Cow<'a, Conversion>> {
    let Event::Shop(pushed) = event else { return conversion(event, environment) };
    let Reading::News(news) = read(pushed, environment) else { return None };
    let coupon = news.other_coupons.into_iter().find(|code| Some(code.as_str()) == taken);
    let mut conversion = news.conversion?;
    conversion.coupon_code = coupon.or(conversion.coupon_code);
    Some(Cow::Owned(conversion))
}

/// Money given back that an order does not know of: parts that are new to it, and parts that grew,
/// as a refund to a gift card and a card does when the card's half comes through later.
pub fn grown<'a>(order: &'a Order, news: &'a News) -> impl Iterator<Item = &'a Refund> {
    let is_more = |refund: &&Refund| {
        let known = order.refund_parts.get(&refund.id).copied().unwrap_or_default();
        refund.is_of(order) && refund.amount > known
    };
    news.refunds.iter().filter(is_more)
}

/// What is to be reported of an order that is there. Of each refund the greatest size told is kept
/// with it, and they become one report of all that was given back so far, whatever came first.
pub fn reports(order: &mut Order, news: &News) -> Vec<OrderStatusReport> {
    let mut reports = news.reports.clone();
    let before = given_back(order);
    let parts: Vec<Refund> = grown(order, news).cloned().collect();
    let newest = parts.iter().map(|refund| refund.at).max();
    for Refund { id, amount, .. } in parts {
        let known = order.refund_parts.entry(id).or_default();
        *known = amount.max(*known);
    }
    // All of it back says more than any part.
    let is_whole = reports.iter().any(|report| report.status == OrderStatus::Refunded);
    let total = given_back(order);
    if let Some(at) = newest.filter(|_| total > before && !is_whole) {
        let status = OrderStatus::Refunded;
        let refunded_amount = Some(total);
        reports.push(OrderStatusReport {
            refunded_amount,
            ..report(&news.external_order_id, status, at)
        });
    }
    reports
}

/// What all parts come to. A shop may write them finer than the currency is, so they are rounded
/// together and not each.
fn given_back(order: &Order) -> Decimal {
    order.currency.round_half_even(order.refund_parts.values().sum())
}

/// What makes two reports of a shop the same: the status, and the total given back. When it
/// happened is no part of that, since a shop says it anew with each webhook.
pub fn content_key(report: &OrderStatusReport) -> String {
    let timeless = OrderStatusReport { status_updated_at: None, ..report.clone() };
    format!("shop:{}", timeless.content_key())
}

fn report(order: &str, status: OrderStatus, at: Option<Timestamp>) -> OrderStatusReport {
    OrderStatusReport {
        external_order_id: order.to_owned(),
        status,
        click_id: None,
        status_updated_at: at,
        reason: None,
        refunded_amount: None,
        items: Vec::new(),
        metadata: None,
    }
}

/// An order as a shop's body tells it; what cannot be read is `None`.
struct Sold<'a> {
    event: &'a ShopEvent,
    order_id: Option<String>,
    amount: Option<Decimal>,
    currency: Option<Currency>,
    ordered_at: Option<Timestamp>,
    coupons: Vec<&'a str>,
    lines: Vec<Line>,
    refunds: Vec<Refund>,
}

/// A line with what was asked for all its units, discounts taken off.
struct Line {
    sku: String,
    quantity: u32,
    total: Decimal,
}

impl Sold<'_> {
    /// The news of an order that can be taken; `reports` says of its id what became of it.
    fn news(self, reports: impl FnOnce(&str) -> Vec<OrderStatusReport>) -> Reading {
        let Some(external_order_id) = self.order_id.filter(|id| is_order_id(id)) else {
            return Reading::Invalid("The order has no id that can be taken.");
        };
        let Some(currency) = self.currency else {
            return Reading::Invalid("The order's currency cannot be read.");
        };
        let Some(amount) = self.amount else {
            return Reading::Invalid("The order's total cannot be read.");
        };
        let fits = self.lines.len() <= ITEMS_MAX / 2;
        let lines = self.lines.into_iter().filter(|_| fits);
        let fits_coupon =
            |code: &&str| !code.trim().is_empty() && code.chars().count() <= COUPON_CHARACTERS_MAX;
        let coupons = self.coupons.into_iter().filter(fits_coupon).take(COUPONS_MAX);
        let mut coupons = coupons.map(str::to_owned);
        let conversion = Conversion {
            external_order_id: external_order_id.clone(),
            order_amount: currency.round_half_even(amount),
            currency,
            click_id: self.event.click_id.clone(),
            external_product_id: None,
            order_status: None,
            ordered_at: self.ordered_at,
            coupon_code: coupons.next(),
            customer_hash: None,
            items: lines.flat_map(|line| split(line, currency)).collect(),
            metadata: None,
        };
        let (reports, refunds) = (reports(&external_order_id), self.refunds);
        let (conversion, other_coupons) = (Some(conversion), coupons.collect());
        let news = News { external_order_id, conversion, other_coupons, reports, refunds };
        Reading::News(Box::new(news))
    }
}

/// A line as items whose prices are whole minor units: where a discount does not divide evenly, the
/// last unit takes the rest.
fn split(line: Line, currency: Currency) -> Vec<Item> {
    let Line { sku, quantity, total } = line;
    let total = currency.round_half_even(total);
    let each = (total / Decimal::from(quantity)).trunc_with_scale(currency.minor_digits());
    let rest = total - each * Decimal::from(quantity - 1);
    let item = |quantity, unit_price| Item { sku: sku.clone(), quantity, unit_price };
    if rest == each {
        vec![item(quantity, each)]
    } else {
        let many = (quantity > 1).then(|| item(quantity - 1, each));
        many.into_iter().chain([item(1, rest)]).collect()
    }
}

/// Whether a text can be an order id of ours.
fn is_order_id(text: &str) -> bool {
    (1..=EXTERNAL_ID_CHARACTERS_MAX).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(char::is_control)
}
