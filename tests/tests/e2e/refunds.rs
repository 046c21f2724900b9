//! Partial refunds by total and by items, in any order; the net amount is exact.

use serde_json::{Value, json};
use tests::side::{CONVERSIONS, Side};
use tests::{Plan, Shop, World};

fn refund(side: &Side<'_>, order: &str, total: &str) -> String {
    let body = json!({"externalOrderId": order, "status": "refunded", "refundedAmount": total});
    side.tell_more(&body).code
}

fn net(side: &Side<'_>, order: &str) -> Value {
    side.commission(order)["netAmount"].clone()
}

#[test]
fn refunds_are_totals_and_the_largest_counts_in_any_order() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.sell("o", "2999.00");
    assert_eq!(refund(side, "o", "1000.00"), "APPLIED");
    assert_eq!(net(side, "o"), "199.90");
    assert_eq!(refund(side, "o", "500.00"), "NO_CHANGE");
    assert_eq!(net(side, "o"), "199.90");
    assert_eq!(refund(side, "o", "1500"), "APPLIED");
    assert_eq!(net(side, "o"), "149.90");
    let commission = side.commission("o");
    assert_eq!(
        (&commission["amount"], &commission["state"]),
        (&json!("299.90"), &json!("pending"))
    );
    assert_eq!(side.conversion("o")["refundedAmount"], "1500.00");
    assert_eq!(refund(side, "o", "2999.00"), "APPLIED");
    assert_eq!(side.commission("o")["state"], "rejected");
}

#[test]
fn the_net_amount_is_rounded_half_to_even_from_the_frozen_terms() {
    let world = World::shared();
    let shop = Shop::open(world, &Plan { campaign_bps: 333, ..Plan::default() });
    let side = &shop.live;
    // A = 3.33 of B = 100.00; what is left is A × (B − R) / B.
    side.sell("o", "100.00");
    for (total, expected) in
        [("0.01", "3.33"), ("50.00", "1.66"), ("90.00", "0.33"), ("99.99", "0.00")]
    {
        refund(side, "o", total);
        assert_eq!(net(side, "o"), expected, "{total}");
    }
}

#[test]
fn a_refund_after_payable_reduces_what_is_due() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    side.sell("o", "100.00");
    side.tell("o", "commission_approved");
    assert_eq!(refund(side, "o", "40.00"), "APPLIED");
    let commission = side.commission("o");
    assert_eq!(
        (&commission["state"], &commission["netAmount"]),
        (&json!("payable"), &json!("6.00"))
    );
}

#[test]
fn items_taken_back_reduce_line_by_line() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let body = json!({
        "externalOrderId": "o",
        "orderAmount": "100.00",
        "clickId": side.click(),
        "items": [
            {"sku": "A", "quantity": 4, "unitPrice": "20.00"},
            {"sku": "B", "quantity": 1, "unitPrice": "20.00"},
        ],
    });
    assert_eq!(side.outcome(&side.report(CONVERSIONS, &body)).code, "APPLIED");
    let back = |items: Value| {
        let body = json!({"externalOrderId": "o", "status": "returned", "items": items});
        side.tell_more(&body).code
    };
    assert_eq!(back(json!([{"sku": "A", "quantity": 1}])), "APPLIED");
    assert_eq!(net(side, "o"), "8.00");
    // Both kinds over time: the smaller result counts.
    assert_eq!(refund(side, "o", "10.00"), "NO_CHANGE");
    assert_eq!(refund(side, "o", "50.00"), "APPLIED");
    assert_eq!(net(side, "o"), "5.00");
    assert_eq!(back(json!([{"sku": "C", "quantity": 1}])), "REFUND_AMOUNT_INVALID");
    let everything = json!([{"sku": "A", "quantity": 4}, {"sku": "B", "quantity": 1}]);
    assert_eq!(back(everything), "APPLIED");
    assert_eq!(side.commission("o")["state"], "rejected");
}

#[test]
fn too_many_digits_for_the_orders_currency_are_skipped() {
    let world = World::shared();
    let shop = Shop::usual(world);
    shop.live.sell("o", "100.00");
    assert_eq!(refund(&shop.live, "o", "10.001"), "REFUND_AMOUNT_INVALID");
    assert_eq!(refund(&shop.live, "o", "10.000"), "APPLIED");
    assert_eq!(net(&shop.live, "o"), "9.00");
}
