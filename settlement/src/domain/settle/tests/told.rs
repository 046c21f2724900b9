//! What a commission's notices say of its amounts.

use super::*;

#[test]
fn a_notice_tells_by_how_much_the_net_amount_changed() {
    let mut history = live();
    history.attributed("A", "2999.00");
    history.report("A", S::Delivered, None);
    history.report("A", S::Refunded, Some("999.00"));
    history.report("A", S::Cancelled, None);
    let notices = history.book.changes.steps.notices.iter().filter(|n| n.about_commission);
    let told: Vec<_> = notices
        .filter(|notice| notice.kind.as_str().starts_with("commission."))
        .map(|notice| {
            let text = |name: &str| notice.data[name].as_str().unwrap_or_default();
            (notice.kind.as_str(), text("delta"), text("netAmount"))
        })
        .collect();
    let expected = [
        ("commission.created", "0.00", "299.90"),
        ("commission.held", "0.00", "299.90"),
        ("commission.adjusted", "-99.90", "200.00"),
        ("commission.rejected", "-200.00", "0.00"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_was_taken_back_is_told_with_the_step_it_led_to() {
    let mut history = live();
    history.attributed("A", "2999.00");
    history.report("A", S::Delivered, None);
    history.report("A", S::Refunded, Some("999.00"));
    history.report("A", S::Refunded, Some("500.00"));
    history.report("A", S::Refunded, Some("999.01"));
    history.report("A", S::Cancelled, None);
    history.report("A", S::Refunded, Some("1.00"));
    let notices = history.book.changes.steps.notices.iter();
    let told: Vec<_> = notices
        .filter(|notice| notice.kind.as_str().starts_with("commission."))
        .map(|notice| {
            let text = |name: &str| notice.data[name].as_str().unwrap_or("-");
            let kind = notice.kind.as_str();
            (kind, text("delta"), text("orderStatus"), text("refundedAmount"))
        })
        .collect();
    let expected = [
        ("commission.created", "0.00", "-", "-"),
        ("commission.held", "0.00", "-", "-"),
        ("commission.adjusted", "-99.90", "refunded", "999.00"),
        // Less than a minor unit of commission, and yet more of the order.
        ("commission.adjusted", "0.00", "refunded", "999.01"),
        ("commission.rejected", "-200.00", "cancelled", "2999.00"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn units_taken_back_are_told_by_what_they_had_cost() {
    let mut history = live();
    let order = serde_json::json!({
        "externalOrderId": "A", "orderAmount": "90.00", "currency": "NPR",
        "clickId": history.click(LINK),
        "items": [
            {"sku": "TEA", "quantity": 3, "unitPrice": "20.00"},
            {"sku": "CUP", "quantity": 1, "unitPrice": "40.00"},
        ],
    });
    let kind = shared::id::EventKind::Conversion;
    history.tell(Event::from_json(kind, &order.to_string()).expect("an event"));
    for (sku, quantity) in [("TEA", 1), ("CUP", 1), ("TEA", 3)] {
        let report = serde_json::json!({
            "externalOrderId": "A", "status": "returned",
            "items": [{"sku": sku, "quantity": quantity}],
        });
        let kind = shared::id::EventKind::OrderStatus;
        history.tell(Event::from_json(kind, &report.to_string()).expect("an event"));
    }
    let told: Vec<_> = history
        .book
        .changes
        .steps
        .notices
        .iter()
        .filter(|notice| notice.data.get("orderStatus").is_some())
        .map(|notice| {
            assert!(notice.data.get("refundedAmount").is_none());
            let text = |name: &str| notice.data[name].as_str().unwrap_or("-");
            (notice.kind.as_str(), text("netAmount"), text("returnedAmount"))
        })
        .collect();
    // The items come to 100.00 and were sold for 90.00: each unit for nine tenths of its price.
    let expected = [
        ("commission.adjusted", "7.20", "18.00"),
        ("commission.adjusted", "3.60", "54.00"),
        ("commission.rejected", "0.00", "90.00"),
    ];
    assert_eq!(told, expected);
}
