//! MONEY §13 row by row, and the specification's own example.

mod rates;
mod standings;

use super::*;
use serde_json::{Value, json};
use uuid::Uuid;

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a number of the test")
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a currency of the test")
}

fn item(sku: &str, quantity: u32, price: &str) -> Item {
    Item { sku: sku.to_owned(), quantity, unit_price: decimal(price) }
}

fn order(amount: &str, code: &str, items: &[Item], product: Option<&str>) -> Order {
    let amount = decimal(amount);
    let name_of = |sku: &str| (sku == "esim-afghanistan-7days-1gb-all").then_some("1 GB - 7 Days");
    Order {
        conversion_id: "cnv_a".to_owned(),
        amount,
        currency: currency(code),
        rate: Decimal::TEN,
        lines: lines(items, product, amount, name_of),
        lines_sum: sum(items),
    }
}

fn shown(status: OrderStatus, amount: &str, adjustment: &str) -> Shown {
    Shown {
        order_status: status,
        commission_amount: decimal(amount),
        order_adjustment: decimal(adjustment),
    }
}

fn text_of(order: &Order, shown: Shown) -> String {
    body(Facts {
        affiliate: AffiliateId(Uuid::from_u128(8)),
        affiliate_name: "ACME Affiliate",
        order,
        shown,
        at: Timestamp::from_second(1_700_000_000).expect("a second of the test"),
    })
}

#[test]
fn the_specification_s_example_comes_out_to_the_last_character() {
    let items = [item("esim-afghanistan-7days-1gb-all", 1, "49.99")];
    let mut example = order("49.99", "USD", &items, None);
    example.conversion_id = "c2a9cdae-430e-4251-bf65-a84df4562ed9".to_owned();
    let expected = concat!(
        r#"{"event_category":"affiliate","event_type":"order","timestamp":1700000000,"#,
        r#""partner_name":"ACME Affiliate","#,
        r#""partner_id":"00000000-0000-0000-0000-000000000008","#,
        r#""commission_rate":10.0,"commission_amount":5.00,"order_data":{"#,
        r#""order_id":"c2a9cdae-430e-4251-bf65-a84df4562ed9","order_total":49.99,"#,
        r#""order_adjustment":0.00,"order_subtotal":49.99,"order_discount":0.00,"#,
        r#""order_currency":"USD","order_status":"completed","order_items":[{"#,
        r#""item_id":"esim-afghanistan-7days-1gb-all","item_name":"1 GB - 7 Days","#,
        r#""item_quantity":1,"item_price":49.99}]}}"#,
    );
    assert_eq!(text_of(&example, shown(OrderStatus::Completed, "5.00", "0")), expected);
}

#[test]
fn amounts_have_the_digits_of_their_currency_and_no_noise() {
    // Order total, commission, adjustment as they are stored, and as they are written.
    let cases = [
        ("USD", "49.9", "5", "0", "49.90 5.00 0.00"),
        ("NPR", "2999.00", "299.90", "1999.00", "2999.00 299.90 1999.00"),
        ("JPY", "5000", "500", "0", "5000 500 0"),
        ("KWD", "5.125", "0.512", "1.005", "5.125 0.512 1.005"),
        ("USD", "0.1", "0.3", "0", "0.10 0.30 0.00"),
        ("USD", "999999999999999.99", "0.01", "0", "999999999999999.99 0.01 0.00"),
    ];
    for (code, total, commission, adjustment, expected) in cases {
        let order = order(total, code, &[], None);
        let text = text_of(&order, shown(OrderStatus::Pending, commission, adjustment));
        let number = |name: &str| {
            let after = text.split_once(&format!("\"{name}\":")).expect("the field is there").1;
            after.split([',', '}']).next().unwrap_or_default()
        };
        let written =
            ["order_total", "commission_amount", "order_adjustment"].map(number).join(" ");
        assert_eq!(written, expected, "{code} {total}");
        assert_eq!(number("order_currency"), format!("\"{code}\""));
        let read: Value = serde_json::from_str(&text).expect("it is JSON");
        assert!(read["order_data"]["order_total"].is_number());
    }
}

#[test]
fn every_status_has_the_specification_s_word() {
    let order = order("10.00", "USD", &[], None);
    for (status, word) in [
        (OrderStatus::Pending, "pending"),
        (OrderStatus::Completed, "completed"),
        (OrderStatus::Refunded, "refunded"),
        (OrderStatus::Failed, "failed"),
    ] {
        let text = text_of(&order, shown(status, "1.00", "0"));
        let read: Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(read["order_data"]["order_status"], word);
        assert_eq!(OrderStatus::parse(word), Some(status));
    }
    assert_eq!(OrderStatus::ALL.len(), 4);
    assert_eq!(OrderStatus::parse("paid"), None);
}

#[test]
fn items_above_the_total_are_a_discount_and_items_below_it_are_none() {
    let pair = [item("A", 2, "30.00"), item("B", 1, "40.00")];
    let cases: [(&str, &[Item], &str, &str); 5] = [
        ("90.00", &pair, "100.00", "10.00"),
        ("100.00", &pair, "100.00", "0.00"),
        ("112.50", &pair, "112.50", "0.00"),
        ("90.00", &[], "90.00", "0.00"),
        ("0.00", &pair, "100.00", "100.00"),
    ];
    for (total, items, subtotal, discount) in cases {
        let order = order(total, "USD", items, None);
        let text = text_of(&order, shown(OrderStatus::Pending, "1.00", "0"));
        let expected = format!("\"order_subtotal\":{subtotal},\"order_discount\":{discount},");
        assert!(text.contains(&expected), "{total}: {text}");
    }
}

#[test]
fn items_are_named_by_their_products_and_stand_alone_without_them() {
    let known = "esim-afghanistan-7days-1gb-all";
    let cases: [(&[Item], Option<&str>, Value); 5] = [
        (
            &[item("A", 2, "30.00"), item(known, 1, "40.00")],
            Some("ignored"),
            json!([
                {"item_id": "A", "item_name": "A", "item_quantity": 2, "item_price": 30.0},
                {"item_id": known, "item_name": "1 GB - 7 Days", "item_quantity": 1,
                 "item_price": 40.0},
            ]),
        ),
        (
            &[],
            Some(known),
            json!([{"item_id": known, "item_name": "1 GB - 7 Days", "item_quantity": 1,
                    "item_price": 75.5}]),
        ),
        (
            &[],
            Some("B"),
            json!([{"item_id": "B", "item_name": "B", "item_quantity": 1, "item_price": 75.5}]),
        ),
        (&[], None, json!([])),
        (
            &[item("A \"x\"", 1, "0.00")],
            None,
            json!([{"item_id": "A \"x\"", "item_name": "A \"x\"", "item_quantity": 1,
                    "item_price": 0.0}]),
        ),
    ];
    for (items, product, expected) in cases {
        let order = order("75.50", "USD", items, product);
        let text = text_of(&order, shown(OrderStatus::Pending, "1.00", "0"));
        let read: Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(read["order_data"]["order_items"], expected, "{product:?}");
    }
}

#[test]
fn an_order_of_nothing_has_every_field_and_no_amount() {
    let at = Timestamp::from_second(1_700_000_000).expect("a second of the test");
    let text = of_nothing(AffiliateId(Uuid::from_u128(8)), "ACME Affiliate", at);
    let read: Value = serde_json::from_str(&text).expect("it is JSON");
    let other = text_of(&order("1.00", "USD", &[], None), shown(OrderStatus::Pending, "1.00", "0"));
    let other: Value = serde_json::from_str(&other).expect("it is JSON");
    let names = |value: &Value| -> Vec<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(names(&read), names(&other));
    assert_eq!(names(&read["order_data"]), names(&other["order_data"]));
    assert_eq!(
        (&read["order_data"]["order_id"], &read["commission_amount"]),
        (&json!("test"), &json!(0.0))
    );
    assert_eq!(read["partner_name"], "ACME Affiliate");
}
