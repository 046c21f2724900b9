//! What shops send and what it comes to, case by case.

use super::*;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::shop::{OrderIdField, ShopTerms};

const LIVE: Environment = Environment::Live;

fn event_of(source: Source, topic: &str, data: &Value) -> ShopEvent {
    let order_id_field = OrderIdField::Id;
    ShopEvent {
        terms: ShopTerms { source, order_id_field, fulfilled_is_delivered: false },
        topic: topic.to_owned(),
        is_test: false,
        click_id: Some("clk_1".to_owned()),
        data: RawValue::from_string(data.to_string()).expect("JSON"),
    }
}

fn shopify(topic: &str, more: &Value) -> ShopEvent {
    event_of(
        Source::Shopify,
        topic,
        &with(
            json!({
                "id": 5, "name": "#1001", "order_number": 1001, "currency": "NPR",
                "total_price": "300.00", "created_at": "2026-11-20T10:00:00+05:45",
            }),
            more,
        ),
    )
}

fn woo(status: &str, more: &Value) -> ShopEvent {
    event_of(
        Source::WooCommerce,
        "order.updated",
        &with(
            json!({
                "id": 7, "number": "W-7", "status": status, "currency": "NPR", "total": "300.00",
                "date_created_gmt": "2026-11-20T04:15:00", "date_modified_gmt": "2026-11-21T00:00:00",
                "date_paid_gmt": "2026-11-20T04:16:00", "date_completed_gmt": "2026-11-22T00:00:00",
            }),
            more,
        ),
    )
}

fn with(mut body: Value, more: &Value) -> Value {
    let more = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(more);
    body
}

fn news(event: &ShopEvent) -> News {
    match read(event, LIVE) {
        Reading::News(news) => *news,
        other => panic!("{other:?}"),
    }
}

fn said(event: &ShopEvent) -> Vec<(&'static str, Option<Timestamp>)> {
    let reports = news(event).reports.into_iter();
    reports.map(|it| (it.status.as_str(), it.status_updated_at)).collect()
}

fn at(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[test]
fn shopify_s_topics_say_what_became_of_an_order() {
    let parcel =
        |state: &str| json!({"shipment_status": state, "updated_at": "2026-11-21T00:00:00Z"});
    let void = |status: &str| json!({"status": status, "updated_at": "2026-11-22T00:00:00Z"});
    let cases = [
        ("orders/create", json!({"financial_status": "pending"}), vec![]),
        ("orders/create", json!({"financial_status": "paid"}), vec![("paid", None)]),
        ("orders/paid", json!({}), vec![("paid", None)]),
        ("orders/updated", json!({"financial_status": "authorized"}), vec![]),
        ("orders/updated", json!({"financial_status": "voided"}), vec![]),
        ("orders/updated", json!({"financial_status": "partially_refunded"}), vec![("paid", None)]),
        (
            "orders/updated",
            json!({"financial_status": "refunded", "updated_at": "2026-11-23T00:00:00Z"}),
            vec![("paid", None), ("refunded", at("2026-11-23T00:00:00Z"))],
        ),
        (
            "orders/cancelled",
            json!({"cancelled_at": "2026-11-23T00:00:00Z", "financial_status": "refunded"}),
            vec![("paid", None), ("cancelled", at("2026-11-23T00:00:00Z"))],
        ),
        ("orders/fulfilled", json!({"fulfillment_status": "fulfilled"}), vec![]),
        (
            "orders/updated",
            json!({"fulfillment_status": "fulfilled", "fulfillments": [parcel("delivered")]}),
            vec![("delivered", at("2026-11-21T00:00:00Z"))],
        ),
        (
            "orders/updated",
            json!({
                "fulfillment_status": "fulfilled",
                "fulfillments": [parcel("delivered"), parcel("in_transit")],
            }),
            vec![],
        ),
        (
            "orders/updated",
            json!({
                "fulfillment_status": "fulfilled",
                "fulfillments": [
                    void("cancelled"), void("error"), parcel("delivered"), void("failure"),
                ],
            }),
            vec![("delivered", at("2026-11-21T00:00:00Z"))],
        ),
        (
            "orders/updated",
            json!({"fulfillment_status": "fulfilled", "fulfillments": [void("cancelled")]}),
            vec![],
        ),
    ];
    for (topic, more, expected) in cases {
        assert_eq!(said(&shopify(topic, &more)), expected, "{topic} {more}");
    }
    let mut sent_off = shopify("orders/fulfilled", &json!({"fulfillment_status": "fulfilled"}));
    sent_off.terms.fulfilled_is_delivered = true;
    assert_eq!(said(&sent_off), [("delivered", None)]);
}

#[test]
fn shopify_s_parcels_and_refunds_name_the_order_by_its_id() {
    let arrived = json!({"id": 9, "order_id": 5, "status": "delivered", "happened_at": "2026-11-21T00:00:00Z"});
    let mut event = event_of(Source::Shopify, "fulfillment_events/create", &arrived);
    let read_news = news(&event);
    assert_eq!(read_news.external_order_id, "5");
    assert_eq!(said(&event), [("delivered", at("2026-11-21T00:00:00Z"))]);
    event.terms.order_id_field = OrderIdField::Name;
    assert!(matches!(read(&event, LIVE), Reading::Ignored(_)));
    let parcel = |status: &str| {
        let parcel = json!({"order_id": 5, "status": status, "shipment_status": "delivered"});
        event_of(Source::Shopify, "fulfillments/update", &parcel)
    };
    assert_eq!(said(&parcel("success")), [("delivered", None)]);
    assert!(matches!(read(&parcel("cancelled"), LIVE), Reading::Ignored(_)));
    let transaction = |kind: &str, status: &str, amount: &str| json!({"kind": kind, "status": status, "amount": amount});
    let refund = json!({"id": 8, "order_id": 5, "transactions": [
        transaction("refund", "success", "10.00"), transaction("refund", "failure", "99.00"),
        transaction("void", "success", "99.00"), transaction("refund", "success", "2.50"),
    ]});
    let refund = news(&event_of(Source::Shopify, "refunds/create", &refund));
    let expected =
        Refund { id: "8".to_owned(), amount: Decimal::new(1250, 2), at: None, currency: None };
    assert_eq!(refund.refunds, [expected]);
    let nothing = json!({"id": 8, "order_id": 5, "transactions": []});
    let nothing = news(&event_of(Source::Shopify, "refunds/create", &nothing));
    assert!(nothing.refunds.is_empty());
}

#[test]
fn woocommerce_s_statuses_are_those_of_the_contract() {
    let modified = "2026-11-21T00:00:00Z";
    let cases = [
        ("pending", vec![]),
        ("on-hold", vec![("pending", at(modified))]),
        ("processing", vec![("paid", at("2026-11-20T04:16:00Z"))]),
        ("completed", vec![("delivered", at("2026-11-22T00:00:00Z"))]),
        ("cancelled", vec![("cancelled", at(modified))]),
        ("failed", vec![("pending", at(modified))]),
        ("refunded", vec![("refunded", at(modified))]),
        ("a-plugin-s-own", vec![]),
    ];
    for (status, expected) in cases {
        assert_eq!(said(&woo(status, &json!({}))), expected, "{status}");
    }
    for draft in ["checkout-draft", "auto-draft", "trash"] {
        assert!(matches!(read(&woo(draft, &json!({})), LIVE), Reading::Ignored(_)), "{draft}");
    }
    let refunds = json!({"refunds": [{"id": 1, "total": "-12.50"}, {"id": 2, "total": "0.00"}]});
    let refunds = news(&woo("completed", &refunds)).refunds;
    assert_eq!(refunds.len(), 1);
    assert_eq!((refunds[0].id.as_str(), refunds[0].amount), ("1", Decimal::new(1250, 2)));
}

#[test]
fn an_order_is_its_total_in_the_shop_s_money_and_its_lines_after_discounts() {
    let money = |amount: &str| json!({"shop_money": {"amount": amount, "currency_code": "JPY"}});
    let order = shopify(
        "orders/create",
        &json!({
            "currency": "EUR", "total_price": "20.00", "total_price_set": money("3050"),
            "discount_codes": [{"code": "AUTUMN"}],
            "line_items": [
                {"sku": "A", "quantity": 3, "price": "9.99", "price_set": money("700"),
                 "discount_allocations": [{"amount_set": money("200")}]},
                {"sku": " ", "product_id": 77, "quantity": 1, "price_set": money("1000.00")},
            ],
        }),
    );
    let conversion = news(&order).conversion.expect("an order");
    assert_eq!((conversion.order_amount, conversion.currency.code()), (3050.into(), "JPY"));
    assert_eq!(conversion.coupon_code.as_deref(), Some("AUTUMN"));
    assert_eq!(conversion.click_id.as_deref(), Some("clk_1"));
    let lines: Vec<_> = conversion
        .items
        .iter()
        .map(|item| (item.sku.as_str(), item.quantity, item.unit_price.normalize().to_string()))
        .collect();
    let line = |sku, quantity, price: &str| (sku, quantity, price.to_owned());
    assert_eq!(lines, [line("A", 2, "633"), line("A", 1, "634"), line("77", 1, "1000")]);
    // A line that cannot be read leaves the total alone to count.
    let odd =
        json!({"line_items": [{"sku": "A", "quantity": 1, "price": "1.00"}, {"quantity": 0}]});
    assert!(news(&shopify("orders/create", &odd)).conversion.expect("an order").items.is_empty());
}

#[test]
fn every_coupon_that_can_be_one_is_told_in_the_shop_s_order() {
    let long = "x".repeat(COUPON_CHARACTERS_MAX + 1);
    let codes = |codes: &[&str]| -> Vec<_> { codes.iter().map(|it| json!({"code": it})).collect() };
    let many: Vec<String> = (0..=COUPONS_MAX).map(|n| format!("C{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (told, expected) in [
        (vec![], vec![]),
        (vec!["FREESHIP", "MAYA10"], vec!["FREESHIP", "MAYA10"]),
        (vec![" ", &long, "MAYA10"], vec!["MAYA10"]),
        (many.clone(), many[..COUPONS_MAX].to_vec()),
    ] {
        for order in [
            shopify("orders/create", &json!({"discount_codes": codes(&told)})),
            woo("processing", &json!({"coupon_lines": codes(&told)})),
        ] {
            let news = news(&order);
            let first = news.conversion.expect("an order").coupon_code;
            let all: Vec<_> = first.into_iter().chain(news.other_coupons).collect();
            assert_eq!(all, expected);
        }
    }
}

#[test]
fn a_line_has_its_tax_in_it_where_the_shop_s_prices_have() {
    let total = |order: &ShopEvent| {
        let items = news(order).conversion.expect("an order").items;
        items.iter().map(|it| it.unit_price * Decimal::from(it.quantity)).sum::<Decimal>()
    };
    let line = |more: &Value| with(json!({"sku": "S", "quantity": 3, "total": "23.72"}), more);
    let taxed = line(&json!({"total_tax": "2.37"}));
    for (told, expected) in [
        (json!({"prices_include_tax": true, "line_items": [taxed]}), "26.09"),
        (json!({"prices_include_tax": false, "line_items": [taxed]}), "23.72"),
        // What was accepted before these were kept.
        (json!({"line_items": [line(&json!({}))]}), "23.72"),
        // A tax that cannot be read leaves the total alone to count.
        (json!({"prices_include_tax": true, "line_items": [line(&json!({}))]}), "0"),
    ] {
        assert_eq!(total(&woo("processing", &told)).to_string(), expected, "{told}");
    }
    // Shopify's prices have in them what `taxes_included` says; nothing is to be added.
    let shopped = json!({
        "total_price": "100.95", "total_tax": "16.83", "taxes_included": true,
        "line_items": [{"sku": "S", "quantity": 1, "price": "100.95"}],
    });
    assert_eq!(total(&shopify("orders/create", &shopped)).to_string(), "100.95");
}

proptest! {
    #[test]
    fn woocommerce_s_lines_and_shipping_come_to_the_order_s_total(
        lines in prop::collection::vec((1_u32..9, 0_i64..5_000_000, 0_i64..30), 1..6),
        shipping in 0_i64..20_000,
        decimals in 0_u32..5,
        is_included: bool,
    ) {
        // Amounts of the test have as many decimals as the shop writes.
        let price = |units: i64| Decimal::new(units, decimals);
        let tax = |units: i64, percent: i64| price(units * percent / 100);
        let taxes: Decimal = lines.iter().map(|(_, units, rate)| tax(*units, *rate)).sum();
        let nets: Decimal = lines.iter().map(|(_, units, _)| price(*units)).sum();
        let told: Vec<_> = lines.iter().map(|(quantity, units, rate)| json!({
            "sku": "S", "quantity": quantity, "total": price(*units).to_string(),
            "total_tax": tax(*units, *rate).to_string(),
        })).collect();
        let total = nets + taxes + price(shipping);
        let order = woo("processing", &json!({
            "total": total.to_string(), "prices_include_tax": is_included, "line_items": told,
        }));
        let order = news(&order).conversion.expect("an order");
        let sum = |items: &[Item]| -> Decimal {
            items.iter().map(|it| it.unit_price * Decimal::from(it.quantity)).sum()
        };
        let left_out = if is_included { Decimal::ZERO } else { taxes };
        let difference = sum(&order.items) + left_out + price(shipping) - order.order_amount;
        // Half a minor unit for each line, and for the total.
        let rounding = Decimal::new(5, 3) * Decimal::from(lines.len() + 1);
        prop_assert!(difference.abs() <= rounding, "{difference} of {total}");
    }
}

#[test]
fn the_key_s_choice_of_field_is_the_order_id() {
    for (field, shopify_id, woo_id) in [
        (OrderIdField::Id, "5", "7"),
        (OrderIdField::Number, "1001", "W-7"),
        (OrderIdField::Name, "#1001", "W-7"),
    ] {
        let mut orders = [shopify("orders/create", &json!({})), woo("processing", &json!({}))];
        for order in &mut orders {
            order.terms.order_id_field = field;
        }
        let ids = orders.each_ref().map(|order| news(order).external_order_id);
        assert_eq!(ids, [shopify_id, woo_id]);
    }
}

#[test]
fn what_cannot_be_read_is_invalid_and_a_test_is_no_order_under_a_live_key() {
    for more in [
        json!({"currency": "XXX"}),
        json!({"total_price": "12,00"}),
        json!({"total_price": null}),
        json!({"id": null}),
        json!({"id": " 5"}),
    ] {
        let read = read(&shopify("orders/create", &more), LIVE);
        assert!(matches!(read, Reading::Invalid(_)), "{more}");
    }
    let test = shopify("orders/create", &json!({"test": true}));
    let notified = ShopEvent { is_test: true, ..shopify("orders/create", &json!({})) };
    for event in [test, notified] {
        assert!(matches!(read(&event, LIVE), Reading::Ignored(_)));
        let Reading::News(news) = read(&event, Environment::Test) else { panic!("a test key's") };
        assert_eq!(news.conversion.expect("an order").ordered_at, None);
    }
}

#[test]
fn a_line_that_does_not_divide_evenly_keeps_its_total() {
    let npr = Currency::parse("NPR").expect("a currency");
    for (total, quantity, expected) in [
        ("100.00", 3, vec![(2, "33.33"), (1, "33.34")]),
        ("90.00", 3, vec![(3, "30.00")]),
        ("0.01", 2, vec![(1, "0.00"), (1, "0.01")]),
        ("5.00", 1, vec![(1, "5.00")]),
    ] {
        let total: Decimal = total.parse().expect("an amount");
        let items = split(Line { sku: "S".to_owned(), quantity, total }, npr);
        let told: Vec<_> =
            items.iter().map(|it| (it.quantity, npr.format(it.unit_price))).collect();
        let expected: Vec<_> = expected.into_iter().map(|(n, p)| (n, p.to_owned())).collect();
        assert_eq!(told, expected);
        let sum: Decimal = items.iter().map(|it| it.unit_price * Decimal::from(it.quantity)).sum();
        assert_eq!(sum, total);
    }
}
