//! Products over the API: put one by one and many at a time, read, deleted; and what they pay.

use serde_json::{Value, json};
use tests::refusal::{assert_hinted, assert_invalid, assert_refused, sentences};
use tests::side::{CONVERSIONS, extended};
use tests::{Answer, Shop, Side, World};

const PRODUCTS: &str = "/api/v1/products";

/// A product's body with more properties.
fn body(shop: &Shop<'_>, more: &Value) -> Value {
    let url = format!("https://{}/tea", shop.domain);
    extended(json!({"name": "Tea", "price": "450.00", "url": url}), more)
}

fn put(side: &Side<'_>, sku: &str, body: &Value, second: i64) -> Answer {
    side.signer.call("PUT", &format!("{PRODUCTS}/{sku}"), body.to_string()).at(second).send()
}

fn delete(side: &Side<'_>, sku: &str, second: i64) -> Answer {
    side.signer.call("DELETE", &format!("{PRODUCTS}/{sku}"), "").at(second).send()
}

fn skus(list: &Value) -> Vec<&str> {
    let rows = list["data"].as_array().expect("a list has data");
    rows.iter().map(|row| row["sku"].as_str().expect("a product has a SKU")).collect()
}

#[test]
fn a_product_is_put_read_changed_and_deleted() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    // A SKU of the merchant's own making, spelled as a path spells it.
    let path = "A%2F1%20%C3%A9";
    let whole = body(
        &shop,
        &json!({
            "sku": "A/1 é", "currency": "JPY", "price": "450", "category": "Tea",
            "imageUrl": "https://cdn.example/tea.png", "stock": "out_of_stock",
            "commission": {"kind": "flat", "flatAmount": "20", "cap": "100"},
        }),
    );
    let made = put(side, path, &whole, 0).expect_status(201).json();
    assert_eq!(made["sku"], "A/1 é");
    assert_eq!((&made["price"], &made["currency"]), (&json!("450"), &json!("JPY")));
    assert_eq!(made["commission"]["flatAmount"], "20");
    assert_eq!(made["commission"]["currency"], "JPY");
    assert_eq!(side.read(&format!("{PRODUCTS}/{path}")), made);
    let same = put(side, path, &whole, 1).expect_status(200).json();
    assert_eq!(same, made);
    let bare = put(side, path, &body(&shop, &json!({})), 2).expect_status(200).json();
    assert_eq!((&bare["currency"], &bare["price"]), (&json!("NPR"), &json!("450.00")));
    assert_eq!((&bare["stock"], &bare["commission"]), (&json!("in_stock"), &Value::Null));
    assert_eq!(bare["createdAt"], made["createdAt"]);
    assert_ne!(bare["updatedAt"], made["updatedAt"]);
    assert_eq!(delete(side, path, 0).expect_status(204).text, "");
    for answer in [delete(side, path, 1), side.signer.get(&format!("{PRODUCTS}/{path}")).send()] {
        assert_refused(&answer, 404, "Not Found", "PRODUCT_NOT_FOUND");
    }
}

#[test]
fn every_fault_of_a_product_is_told_at_once() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let wrong = json!({
        "sku": "OTHER", "name": "", "price": 450, "currency": "npr", "url": 7,
        "imageUrl": "http://cdn.example/a", "category": null, "stock": "sold",
        "commission": {"kind": "percent", "rateBps": 10_001, "cap": "-1", "x": 1},
        "title": "Tea",
    });
    let faults = assert_invalid(&put(&shop.test, "TEA", &wrong, 0));
    let names: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    let expected = [
        "sku",
        "name",
        "price",
        "currency",
        "url",
        "imageUrl",
        "category",
        "stock",
        "commission.rateBps",
        "commission.cap",
        "commission.x",
        "title",
    ];
    assert_eq!(names, expected, "{faults:#?}");
    let fine = body(&shop, &json!({"price": "1.005"}));
    let faults = assert_invalid(&put(&shop.test, "TEA", &fine, 1));
    assert_eq!(faults, ["price must have at most 2 decimals in NPR"]);
    let with_body = shop.test.signer.call("PUT", &format!("{PRODUCTS}/TEA"), "[]").send();
    assert_eq!(assert_invalid(&with_body), ["body must be a JSON object"]);
}

#[test]
fn a_page_off_the_approved_domain_is_refused_by_its_own_code() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let urls = ["https://elsewhere.example/", "http://SHOP/", "https://u@SHOP/", "no url"];
    for (second, url) in (0..).zip(urls) {
        let url = url.replace("SHOP", &shop.domain);
        let answer = put(&shop.test, "TEA", &body(&shop, &json!({"url": url})), second);
        let message = assert_refused(&answer, 400, "Bad Request", "MERCHANT_DOMAIN_INVALID");
        assert!(sentences(&message)[0].starts_with("url must be an https URL on "), "{message}");
    }
    let below = format!("https://tea.{}/", shop.domain);
    put(&shop.test, "TEA", &body(&shop, &json!({"url": below})), 9).expect_status(201);
}

#[test]
fn a_bulk_call_answers_each_row_and_a_bad_one_stops_no_other() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    put(side, "OLD", &body(&shop, &json!({})), 0).expect_status(201);
    let row = |sku: &str, more: Value| extended(body(&shop, &json!({"sku": sku})), &more);
    let rows = json!({"products": [
        row("NEW", json!({"commission": {"kind": "percent", "rateBps": 1_200}})),
        row("OLD", json!({})),
        row("NEW", json!({})),
        row("FAR", json!({"url": "https://elsewhere.example/"})),
        row("BAD", json!({"stock": "sold", "colour": "red"})),
        7,
        row("LAST", json!({})),
    ]});
    let answer = side.post(PRODUCTS, rows.to_string()).expect_status(200).json();
    let results = answer["results"].as_array().unwrap();
    let said: Vec<_> = results
        .iter()
        .map(|row| row["status"].as_str().or(row["code"].as_str()).unwrap())
        .collect();
    let (invalid, domain) = ("VALIDATION_ERROR", "MERCHANT_DOMAIN_INVALID");
    assert_eq!(said, ["created", "unchanged", invalid, domain, invalid, invalid, "created"]);
    assert_eq!(results[4]["message"].as_array().map(Vec::len), Some(2), "{answer}");
    let list = side.read(PRODUCTS);
    assert_eq!(skus(&list), ["LAST", "NEW", "OLD"]);
    let none = side.signer.post(PRODUCTS, r#"{"products":[]}"#).send();
    assert_eq!(assert_invalid(&none), ["products must have 1 to 500 entries"]);
}

#[test]
fn five_hundred_products_fit_one_call_and_a_body_over_a_mebibyte_does_not() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let row = |at: usize, name: usize| {
        body(&shop, &json!({"sku": format!("S-{at}"), "name": "x".repeat(name)}))
    };
    let rows = |count: usize, name: usize| {
        let rows: Vec<_> = (0..count).map(|at| row(at, name)).collect();
        json!({"products": rows}).to_string()
    };
    let answer = side.post(PRODUCTS, rows(500, 160)).expect_status(200).json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.iter().filter(|row| row["status"] == "created").count(), 500);
    let faults = assert_invalid(&side.signer.post(PRODUCTS, rows(501, 1)).send());
    assert_eq!(faults, ["products must have 1 to 500 entries"]);
    let answer = side.signer.post(PRODUCTS, rows(500, 2_200)).send();
    assert_refused(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
}

#[test]
fn lists_come_in_pages_and_are_filtered() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let row = |sku: &str, stock: &str, category: &str| {
        body(&shop, &json!({"sku": sku, "stock": stock, "category": category}))
    };
    let (yes, no) = ("in_stock", "out_of_stock");
    let rows = json!({"products": [
        row("a", yes, "Tea"), row("b", no, "Tea"), row("c", yes, "Cups"), row("d", yes, "Tea"),
        row("e", no, "Cups"),
    ]});
    side.post(PRODUCTS, rows.to_string()).expect_status(200);
    let mut seen = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let page = side.read(&format!("{PRODUCTS}?{query}"));
        seen.extend(skus(&page).into_iter().map(str::to_owned));
        match page["nextCursor"].as_str() {
            Some(cursor) => query = format!("limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    let of = |query: &str| {
        let list = side.read(&format!("{PRODUCTS}?{query}"));
        skus(&list).join(" ")
    };
    assert_eq!(of("stock=out_of_stock"), "b e");
    assert_eq!(of("category=Tea&stock=in_stock"), "a d");
    assert_eq!(of("sku=c"), "c");
    assert_eq!(of("sku=z"), "");
    let faults = assert_invalid(&side.signer.get(&format!("{PRODUCTS}?stock=odd&x=1")).send());
    assert_eq!(faults.len(), 2, "{faults:?}");
}

#[test]
fn a_repeat_is_answered_byte_for_byte_and_a_captured_call_is_a_replay() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.test;
    let path = format!("{PRODUCTS}/TEA");
    let text = body(&shop, &json!({})).to_string();
    let call = |second| {
        let call = side.signer.call("PUT", &path, text.as_str()).at(second);
        call.header("Idempotency-Key", "tea-1")
    };
    let first = call(0).send().expect_status(201);
    let again = call(1).send().expect_status(201);
    assert_eq!((&again.text, again.header("idempotent-replayed")), (&first.text, "true"));
    let other = side.signer.call("PUT", &path, body(&shop, &json!({"price": "1"})).to_string());
    let other = other.at(2).header("Idempotency-Key", "tea-1").send();
    assert_refused(&other, 409, "Conflict", "DUPLICATE_REQUEST");
    assert_eq!(side.read(&path)["price"], "450.00");
    let captured = side.signer.call("DELETE", &path, "").at(3);
    captured.clone().send().expect_status(204);
    assert_hinted(&captured.send(), "used before");
}

#[test]
fn another_world_s_or_merchant_s_product_is_not_found() {
    let world = World::shared();
    let (shop, other) = (Shop::usual(world), Shop::usual(world));
    put(&shop.test, "OURS", &body(&shop, &json!({})), 0).expect_status(201);
    for side in [&shop.live, &other.test, &other.live] {
        let shown = side.signer.get(&format!("{PRODUCTS}/OURS")).send();
        assert_refused(&shown, 404, "Not Found", "PRODUCT_NOT_FOUND");
        assert_refused(&delete(side, "OURS", 0), 404, "Not Found", "PRODUCT_NOT_FOUND");
        assert_eq!(skus(&side.read(PRODUCTS)), Vec::<&str>::new());
    }
    assert_eq!(skus(&shop.test.read(PRODUCTS)), ["OURS"]);
}

#[test]
fn a_product_s_own_commission_prices_its_orders_until_it_ends() {
    let world = World::shared();
    let shop = Shop::usual(world);
    let side = &shop.live;
    let click_id = side.click();
    let sell = |order: &str| {
        let body = json!({
            "externalOrderId": order, "orderAmount": "100.00", "clickId": click_id,
            "externalProductId": "TEA",
        });
        let outcome = side.outcome(&side.report(CONVERSIONS, &body));
        assert_eq!(outcome.code, "APPLIED", "{outcome:?}");
    };
    let own = json!({"commission": {"kind": "percent", "rateBps": 2_500, "cap": "20.00"}});
    put(side, "TEA", &body(&shop, &own), 0).expect_status(201);
    sell("own");
    put(side, "TEA", &body(&shop, &json!({})), 1).expect_status(200);
    sell("ended");
    put(side, "TEA", &body(&shop, &own), 2).expect_status(200);
    delete(side, "TEA", 0).expect_status(204);
    sell("deleted");
    let of = |order: &str| {
        let commission = side.commission(order);
        (commission["amount"].clone(), commission["rule"]["level"].clone())
    };
    assert_eq!(of("own"), (json!("20.00"), json!("product")));
    assert_eq!(of("ended"), (json!("10.00"), json!("campaign")));
    assert_eq!(of("deleted"), (json!("10.00"), json!("campaign")));
    let refund = json!({
        "externalOrderId": "own", "status": "refunded", "refundedAmount": "50.00",
    });
    side.tell_more(&refund);
    assert_eq!(side.commission("own")["netAmount"], "10.00");
}
