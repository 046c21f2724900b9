//! Shopify's topics to news. Amounts are the shop's own money (`shop_money`), not what the shopper
//! saw them in: it is what the merchant books.

use super::field::Part;
use super::{Line, News, Reading, Refund, Sold, is_order_id, report};
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::event::OrderStatusReport;
use shared::order_status::OrderStatus;
use shared::shop::{OrderIdField, ShopEvent};

/// Reads an event of Shopify.
pub(super) fn read(event: &ShopEvent, data: Part<'_>) -> Reading {
    match event.topic.as_str() {
        "orders/create"
        | "orders/paid"
        | "orders/updated"
        | "orders/cancelled"
        | "orders/fulfilled"
        | "orders/partially_fulfilled" => order(event, data),
        "refunds/create" => about(event, data, Vec::new(), refund(data).into_iter().collect()),
        "fulfillment_events/create" if data.text("status") == Some("delivered") => {
            arrived(event, data, data.instant("happened_at"))
        }
        "fulfillments/update"
            if data.text("shipment_status") == Some("delivered") && !is_void(data) =>
        {
            arrived(event, data, data.instant("updated_at"))
        }
        "fulfillment_events/create" | "fulfillments/update" => {
            Reading::Ignored("A parcel on its way: nothing follows from it.")
        }
        _ => Reading::Ignored("Webhooks of this topic say nothing that the books take."),
    }
}

fn order(event: &ShopEvent, data: Part<'_>) -> Reading {
    let order_id = match event.terms.order_id_field {
        OrderIdField::Id => data.id("id"),
        OrderIdField::Number => data.id("order_number"),
        OrderIdField::Name => data.id("name"),
    };
    let currency = data.currency("total_price_set.shop_money.currency_code");
    let amount = data.amount("total_price_set.shop_money.amount");
    let sold = Sold {
        event,
        order_id,
        amount: amount.or_else(|| data.amount("total_price")),
        currency: currency.or_else(|| data.currency("currency")),
        ordered_at: data.instant("processed_at").or_else(|| data.instant("created_at")),
        coupons: data.list("discount_codes").filter_map(|code| code.text("code")).collect(),
        lines: lines(data),
        refunds: data.list("refunds").filter_map(refund).collect(),
    };
    sold.news(|order_id| statuses(event, data, order_id))
}

/// The lines; none when one of them cannot be read, and the total alone counts.
fn lines(data: Part<'_>) -> Vec<Line> {
    let line = |line: Part<'_>| {
        let price = line.amount("price_set.shop_money.amount").or_else(|| line.amount("price"))?;
        let discounts = line.list("discount_allocations").filter_map(|discount| {
            let own = discount.amount("amount_set.shop_money.amount");
            own.or_else(|| discount.amount("amount"))
        });
        let quantity = line.quantity()?;
        let total = price * Decimal::from(quantity) - discounts.sum::<Decimal>();
        Some(Line { sku: line.sku()?, quantity, total: total.max(Decimal::ZERO) })
    };
    data.list("line_items").map(line).collect::<Option<_>>().unwrap_or_default()
}

fn statuses(event: &ShopEvent, data: Part<'_>, order_id: &str) -> Vec<OrderStatusReport> {
    let mut reports = Vec::new();
    let financial = data.text("financial_status").unwrap_or_default();
    let is_paid = matches!(financial, "paid" | "partially_refunded" | "refunded");
    if is_paid || event.topic == "orders/paid" {
        reports.push(report(order_id, OrderStatus::Paid, None));
    }
    if data.text("fulfillment_status") == Some("fulfilled") {
        let parcels = || data.list("fulfillments").filter(|parcel| !is_void(*parcel));
        let has_arrived = |parcel: Part<'_>| parcel.text("shipment_status") == Some("delivered");
        let all_arrived = parcels().next().is_some() && parcels().all(has_arrived);
        if all_arrived || event.terms.fulfilled_is_delivered {
            let at = parcels().filter_map(|parcel| parcel.instant("updated_at")).max();
            reports.push(report(order_id, OrderStatus::Delivered, at));
        }
    }
    if let Some(at) = data.instant("cancelled_at") {
        let reason = data.text("cancel_reason").map(str::to_owned);
        let cancelled = report(order_id, OrderStatus::Cancelled, Some(at));
        reports.push(OrderStatusReport { reason, ..cancelled });
    } else if financial == "refunded" {
        reports.push(report(order_id, OrderStatus::Refunded, data.instant("updated_at")));
    }
    reports
}

/// Whether a parcel never went out: one that was cancelled stays in the order's list beside the one
/// sent in its place.
fn is_void(parcel: Part<'_>) -> bool {
    matches!(parcel.text("status"), Some("cancelled" | "error" | "failure"))
}

/// A refund with the money that went back; one that only put goods back on the shelf is none.
fn refund(data: Part<'_>) -> Option<Refund> {
    let went_back =
        |it: &Part<'_>| it.text("kind") == Some("refund") && it.text("status") == Some("success");
    let own = |it: &Part<'_>| it.amount("amount_set.shop_money.amount");
    let gave = || data.list("transactions").filter(went_back);
    let amount = gave().filter_map(|it| own(&it).or_else(|| it.amount("amount"))).sum::<Decimal>();
    // What the shopper paid in is not what the shop books in.
    let currency = gave().filter(|it| own(it).is_none()).find_map(|it| it.currency("currency"));
    let (id, at) = (data.id("id")?, data.instant("created_at"));
    Some(Refund { id, amount, at, currency }).filter(|refund| refund.amount > Decimal::ZERO)
}

fn arrived(event: &ShopEvent, data: Part<'_>, at: Option<Timestamp>) -> Reading {
    let order_id = data.id("order_id").unwrap_or_default();
    about(event, data, vec![report(&order_id, OrderStatus::Delivered, at)], Vec::new())
}

/// News of an order that the webhook names by Shopify's number alone.
fn about(
    event: &ShopEvent,
    data: Part<'_>,
    reports: Vec<OrderStatusReport>,
    refunds: Vec<Refund>,
) -> Reading {
    if event.terms.order_id_field != OrderIdField::Id {
        return Reading::Ignored(
            "This topic names the order by Shopify's id, and this key goes by another field; \
             orders/updated says the same.",
        );
    }
    match data.id("order_id").filter(|id| is_order_id(id)) {
        Some(external_order_id) => {
            let (conversion, other_coupons) = (None, Vec::new());
            let news = News { external_order_id, conversion, other_coupons, reports, refunds };
            Reading::News(Box::new(news))
        }
        None => Reading::Invalid("The webhook names no order."),
    }
}
