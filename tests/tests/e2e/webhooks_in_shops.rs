//! Webhooks that Shopify and WooCommerce sign in their own way (EDGE §12, MONEY §14).

use serde_json::{Value, json};
use shared::shop::{OrderIdField, ShopTerms, Source};
use tests::http::{Outgoing, send};
use tests::refusal::{assert_hinted, assert_invalid, assert_refused, assert_unauthorized};
use tests::side::{CONVERSIONS, Side, extended};
use tests::storefront::{Storefront, fixture};
use tests::{Shop, World};

use crate::books::assert_books;

const SHOPIFY_ORDER: &str = "5512345678901";

/// What a body says of people, and must not be found anywhere afterwards.
const PERSONAL: [&str; 9] =
    ["maya", "rana", "lazimpat", "980000", "203.0.113.77", "dog", "sita", "1990-01-01", "27.72"];

fn assert_nothing_personal(side: &Side<'_>) {
    let [merchant, environment] = side.binds();
    let query = "select convert_from(body, 'utf8') as body from inbox
                 where merchant_id = $1::uuid and environment = $2 and kind = 'webhook'";
    let rows = side.world.database.rows(query, &[&merchant, &environment]);
    assert!(!rows.is_empty());
    for row in rows {
        let body = row["body"].as_str().expect("a text").to_lowercase();
        for word in PERSONAL {
            assert!(!body.contains(word), "{word} in {body}");
        }
    }
}

#[test]
fn a_shopify_order_is_sold_paid_delivered_and_given_back_in_part() {
    let shop = Shop::usual(World::shared());
    let side = &shop.live;
    let shopify = Storefront::of(side, Source::Shopify);
    let order = fixture("shopify_order", &side.click());
    let opened = shopify.tell("orders/create", "e-1", &order);
    assert_eq!((opened.code.as_str(), opened.state.as_str()), ("APPLIED", "applied"));
    assert_eq!(opened.conversion_id, Some(side.conversion_id(SHOPIFY_ORDER)));
    let conversion = side.conversion(SHOPIFY_ORDER);
    assert_eq!(conversion["orderAmount"], "3050.00");
    assert_eq!(conversion["confidence"], "HIGH");
    // 10 % of the lines, discounts taken off and shipping left out: 3 × 700 − 200 + 1000.
    assert_eq!(side.commission(SHOPIFY_ORDER)["amount"], "290.00");
    let paid = extended(order, &json!({"financial_status": "paid"}));
    assert_eq!(shopify.tell("orders/paid", "e-2", &paid).code, "APPLIED");
    assert_eq!(side.commission(SHOPIFY_ORDER)["state"], "hold");
    assert_eq!(shopify.tell("orders/updated", "e-3", &paid).code, "NO_CHANGE");
    let arrived = fixture("shopify_fulfillment_event", "");
    assert_eq!(shopify.tell("fulfillment_events/create", "e-4", &arrived).code, "APPLIED");
    assert_ne!(side.commission(SHOPIFY_ORDER)["holdUntil"], Value::Null);
    let refund = fixture("shopify_refund", "");
    assert_eq!(shopify.tell("refunds/create", "e-5", &refund).code, "APPLIED");
    // B is 2900, R is 1000: 290 × 1900 / 2900.
    assert_eq!(side.commission(SHOPIFY_ORDER)["netAmount"], "190.00");
    // The whole order says it again, with one part more.
    let second = extended(refund.clone(), &json!({"id": 930_000_000_002_u64}));
    let both = json!({"financial_status": "partially_refunded", "refunds": [second, refund]});
    let updated = extended(paid, &both);
    assert_eq!(shopify.tell("orders/updated", "e-6", &updated).code, "APPLIED");
    assert_eq!(side.commission(SHOPIFY_ORDER)["netAmount"], "90.00");
    assert_eq!(side.conversion(SHOPIFY_ORDER)["refundedAmount"], "2000.00");
    assert_eq!(shopify.tell("refunds/create", "e-7", &second).code, "NO_CHANGE");
    assert_books(side);
    assert_nothing_personal(side);
}

#[test]
fn what_comes_before_its_order_waits_for_it() {
    let shop = Shop::usual(World::shared());
    let side = &shop.live;
    let shopify = Storefront::of(side, Source::Shopify);
    let refund = shopify.tell("refunds/create", "e-1", &fixture("shopify_refund", ""));
    assert_eq!((refund.state.as_str(), refund.code.as_str()), ("parked", "AWAITING_CONVERSION"));
    let order = extended(
        fixture("shopify_order", &side.click()),
        &json!({"cancelled_at": "2026-11-23T09:00:00+05:45", "cancel_reason": "customer"}),
    );
    // One webhook both opens the order and takes it back.
    assert_eq!(shopify.tell("orders/cancelled", "e-2", &order).code, "APPLIED");
    let commission = side.commission(SHOPIFY_ORDER);
    assert_eq!(commission["state"], "rejected");
    let conversion = side.conversion(SHOPIFY_ORDER);
    assert_eq!(conversion["orderStatus"], "cancelled");
    assert_eq!(conversion["refundedAmount"], "3050.00");
    assert_books(side);
}

#[test]
fn a_repeat_has_no_second_effect_and_another_topic_is_another_event() {
    let shop = Shop::usual(World::shared());
    let shopify = Storefront::of(&shop.live, Source::Shopify);
    let body = fixture("shopify_order", "").to_string();
    assert_eq!(shopify.send("orders/create", "e", &body).json()["status"], "RECEIVED");
    let again = shopify.send("orders/create", "e", &body).expect_status(202);
    assert_eq!(again.text, r#"{"status":"DUPLICATE","duplicate":true}"#);
    assert_eq!(shopify.send("orders/paid", "e", &body).json()["status"], "RECEIVED");
}

#[test]
fn a_topic_of_no_interest_is_taken_and_skipped() {
    let shop = Shop::usual(World::shared());
    let side = &shop.live;
    let shopify = Storefront::of(side, Source::Shopify);
    let answer = shopify.send("products/update", "e", r#"{"id":1}"#).expect_status(202);
    let event_id = answer.text_of("eventId");
    assert!(event_id.starts_with("whevt_"), "{event_id}");
    side.outcome(&event_id);
    let event = side.read(&format!("/api/v1/events/{event_id}"));
    assert_eq!((&event["state"], &event["code"]), (&json!("skipped"), &json!("TOPIC_IGNORED")));
    assert_eq!(event["type"], "webhook");
    let test = extended(fixture("shopify_order", ""), &json!({"test": true}));
    assert_eq!(shopify.tell("orders/create", "t", &test).code, "TOPIC_IGNORED");
}

#[test]
fn only_the_shop_s_own_signature_over_the_whole_body_is_taken() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let shopify = Storefront::of(&shop.live, Source::Shopify);
    let tried = Storefront::of(&shop.test, Source::Shopify);
    let wrong = |call: Outgoing, name: &str, value: Option<&str>| {
        let mut headers = call.headers;
        headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        send(&Outgoing { headers, ..call }).expect("the edge answers")
    };
    let call = || shopify.call("orders/create", "e", "{}");
    let signature = Source::Shopify.signature_header();
    for sent in [None, Some(""), Some("AAAA"), Some("not base64")] {
        assert_unauthorized(&wrong(call(), signature, sent));
    }
    let body = b"{ }".to_vec();
    assert_unauthorized(&send(&Outgoing { body, ..call() }).expect("the edge answers"));
    let url = call().url.replace("/shopify/", "/woocommerce/");
    assert_unauthorized(&send(&Outgoing { url, ..call() }).expect("the edge answers"));
    let url = call().url.replace(&shopify.key_id, &shop.live.signer.key_id);
    assert_unauthorized(&send(&Outgoing { url, ..call() }).expect("the edge answers"));
    let answer = wrong(tried.call("orders/create", "e", "{}"), signature, Some("AAAA"));
    assert_hinted(&answer, "another secret");
    // A shop's key signs no calls.
    let order = json!({"externalOrderId": "o", "orderAmount": "1.00"}).to_string();
    let secret = "shopify0123456789abcdef";
    let signed = shop.live.signer.post(CONVERSIONS, order).key(&shopify.key_id).secret(secret);
    assert_unauthorized(&signed.send());
    assert_eq!(assert_invalid(&wrong(call(), "x-shopify-topic", None)).len(), 1);
    assert_eq!(assert_invalid(&shopify.send("orders/create", "e", "[]")).len(), 1);
    let large = format!("{{\"note\":\"{}\"}}", "x".repeat(1024 * 1024));
    let answer = shopify.send("orders/create", "e", &large);
    assert_refused(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
    let events = "inbox where merchant_id = $1::uuid";
    assert_eq!(world.database.count(events, &[&shop.merchant.to_string()]), 0);
}

#[test]
fn a_woocommerce_order_goes_from_its_ping_to_its_refund() {
    let shop = Shop::usual(World::shared());
    let side = &shop.live;
    let woo = Storefront::of(side, Source::WooCommerce);
    let mut ping = woo.call("", "", "webhook_id=7");
    ping.headers = vec![("Content-Type".into(), "application/x-www-form-urlencoded".into())];
    assert_eq!(send(&ping).expect("the edge answers").status, 200);
    let order = fixture("woocommerce_order", &side.click());
    let opened = woo.tell("order.created", "d-1", &order);
    assert_eq!(opened.code, "APPLIED", "{opened:?}");
    let commission = side.commission("727");
    assert_eq!((&commission["amount"], &commission["state"]), (&json!("290.00"), &json!("hold")));
    assert_eq!(side.conversion("727")["orderAmount"], "3050.00");
    // Two webhooks of one second share their delivery id.
    let other = extended(order.clone(), &json!({"id": 728, "number": "728"}));
    assert_eq!(woo.tell("order.created", "d-1", &other).code, "APPLIED");
    let done = json!({"status": "completed", "date_completed_gmt": "2026-11-20T05:00:00"});
    let completed = extended(order, &done);
    assert_eq!(woo.tell("order.updated", "d-2", &completed).code, "APPLIED");
    assert_ne!(side.commission("727")["holdUntil"], Value::Null);
    let refunds = json!({"refunds": [{"id": 801, "reason": "for Maya", "total": "-1000.00"}]});
    let partial = extended(completed, &refunds);
    assert_eq!(woo.tell("order.updated", "d-3", &partial).code, "APPLIED");
    assert_eq!(side.commission("727")["netAmount"], "190.00");
    let answer = woo.send("order.updated", "d-4", &partial.to_string()).expect_status(202);
    assert_eq!(answer.json()["status"], "DUPLICATE");
    assert_eq!(woo.tell("order.deleted", "d-5", &json!({"id": 727})).code, "TOPIC_IGNORED");
    let whole = extended(partial, &json!({"status": "refunded"}));
    assert_eq!(woo.tell("order.updated", "d-6", &whole).code, "APPLIED");
    assert_eq!(side.commission("727")["state"], "rejected");
    assert_books(side);
    assert_nothing_personal(side);
}

#[test]
fn a_shop_and_the_api_under_two_order_ids_are_one_sale_to_risk() {
    let shop = Shop::usual(World::shared());
    let side = &shop.live;
    let terms = ShopTerms {
        source: Source::Shopify,
        order_id_field: OrderIdField::Name,
        fulfilled_is_delivered: true,
    };
    let shopify = Storefront::on_terms(side, terms);
    let click = side.click();
    let order = fixture("shopify_order", &click);
    assert_eq!(shopify.tell("orders/create", "e-1", &order).code, "APPLIED");
    side.outcome(&side.convert("API-1", "3050.00", &click));
    // The key goes by the order's name, which a refund does not tell.
    let refund = fixture("shopify_refund", "");
    assert_eq!(shopify.tell("refunds/create", "e-2", &refund).code, "TOPIC_IGNORED");
    for order in ["#1042", "API-1"] {
        side.tell(order, "commission_approved");
        let reasons = side.commission(order)["risk"]["reasons"].to_string();
        assert!(reasons.contains("same_sale"), "{order}: {reasons}");
    }
    // This shop counts an order that was sent off as delivered.
    let sent = extended(order, &json!({"fulfillment_status": "fulfilled"}));
    shopify.tell("orders/fulfilled", "e-3", &sent);
    assert_eq!(side.conversion("#1042")["orderStatus"], "delivered");
}
