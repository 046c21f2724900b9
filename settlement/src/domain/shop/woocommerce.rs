//! WooCommerce's topics to news: each but a deletion tells the whole order.

use super::field::Part;
use super::{Line, Reading, Refund, Sold, report};
use rust_decimal::Decimal;
use shared::event::OrderStatusReport;
use shared::order_status::OrderStatus;
use shared::shop::{OrderIdField, ShopEvent};

/// Reads an event of WooCommerce.
pub(super) fn read(event: &ShopEvent, data: Part<'_>) -> Reading {
    match event.topic.as_str() {
        "order.created" | "order.updated" | "order.restored" => order(event, data),
        "order.deleted" => Reading::Ignored(
            "Putting an order away takes nothing back; cancel it first where it is called off.",
        ),
        _ => Reading::Ignored("Webhooks of this topic say nothing that the books take."),
    }
}

fn order(event: &ShopEvent, data: Part<'_>) -> Reading {
    let status = data.text("status").unwrap_or_default();
    if matches!(status, "checkout-draft" | "auto-draft" | "draft" | "trash") {
        return Reading::Ignored("A draft: nobody has ordered yet.");
    }
    let order_id = match event.terms.order_id_field {
        OrderIdField::Id => data.id("id"),
        OrderIdField::Number | OrderIdField::Name => data.id("number"),
    };
    let at = data.utc("date_modified_gmt");
    let refund = |refund: Part<'_>| {
        let amount = refund.given_back("total").filter(|amount| *amount > Decimal::ZERO)?;
        Some(Refund { id: refund.id("id")?, amount, at, currency: None })
    };
    let sold = Sold {
        event,
        order_id,
        amount: data.amount("total"),
        currency: data.currency("currency"),
        ordered_at: data.utc("date_created_gmt"),
        coupons: data.list("coupon_lines").filter_map(|line| line.text("code")).collect(),
        lines: lines(data),
        refunds: data.list("refunds").filter_map(refund).collect(),
    };
    sold.news(|order_id| statuses(data, status, order_id))
}

/// The lines; none when one of them cannot be read, and the total alone counts. WooCommerce writes
/// a line's total without its tax, also where the shop's prices have it in them.
fn lines(data: Part<'_>) -> Vec<Line> {
    let prices_include_tax = data.is("prices_include_tax");
    let line = |line: Part<'_>| {
        let (sku, quantity, net) = (line.sku()?, line.quantity()?, line.amount("total")?);
        let tax = if prices_include_tax { line.amount("total_tax")? } else { Decimal::ZERO };
        Some(Line { sku, quantity, total: net + tax })
    };
    data.list("line_items").map(line).collect::<Option<_>>().unwrap_or_default()
}

fn statuses(data: Part<'_>, status: &str, order_id: &str) -> Vec<OrderStatusReport> {
    let modified_at = data.utc("date_modified_gmt");
    let told = match status {
        // A failed payment is tried again on the same order; what is called off is `cancelled`.
        "on-hold" | "failed" => (OrderStatus::Pending, modified_at),
        "processing" => (OrderStatus::Paid, data.utc("date_paid_gmt")),
        "completed" => (OrderStatus::Delivered, data.utc("date_completed_gmt").or(modified_at)),
        "cancelled" => (OrderStatus::Cancelled, modified_at),
        "refunded" => (OrderStatus::Refunded, modified_at),
        // `pending` waits for its money; others are a plugin's own.
        _ => return Vec::new(),
    };
    vec![report(order_id, told.0, told.1)]
}
