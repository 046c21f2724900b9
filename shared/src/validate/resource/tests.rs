//! A case per rule of every field of the resources' bodies.

use super::super::{Change, Pays};
use super::*;
use crate::fault::Faults;
use crate::problem::Code;
use crate::validate::web_address::Reach;
use proptest::prelude::*;
use rust_decimal::Decimal;

const SHOP_DOMAIN: &str = "shop.np";

fn shop() -> Shop<'static> {
    let currency = Currency::parse("NPR").expect("a currency of the test");
    Shop { currency, approved_domain: SHOP_DOMAIN }
}

/// A product's body with more properties.
fn body(more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(r#"{{"name":"Tea","price":"450.00","url":"https://shop.np/tea"{comma}{more}}}"#)
}

fn read(body: &str) -> Result<Product, Faults> {
    product("TEA-1", body.as_bytes(), &shop())
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal of the test")
}

#[test]
fn a_product_has_defaults_and_is_read_whole() {
    let plain = read(&body("")).expect("a good body");
    assert_eq!((plain.sku.as_str(), plain.currency.code()), ("TEA-1", "NPR"));
    assert_eq!((plain.stock, plain.commission, plain.image_url), (Stock::InStock, None, None));
    let more = r#""sku":"TEA-1","currency":"JPY","price":"450","name":"  Ilam tea ",
        "url":"https://WWW.shop.np/a?b#c","imageUrl":"https://cdn.example/a.png","category":"Tea",
        "stock":"out_of_stock",
        "commission":{"kind":"flat","flatAmount":"2","cap":"10","minimumOrder":"100","currency":"USD"}"#;
    let whole = read(&format!("{{{more}}}")).expect("a good body");
    assert_eq!(
        (whole.name.as_str(), whole.url.as_str()),
        ("Ilam tea", "https://www.shop.np/a?b#c")
    );
    assert_eq!((whole.stock, whole.category.as_deref()), (Stock::OutOfStock, Some("Tea")));
    let commission = whole.commission.expect("it has one");
    assert_eq!(commission.pays, Pays::Flat(decimal("2")));
    assert_eq!(
        (commission.cap, commission.minimum_order),
        (Some(decimal("10")), Some(decimal("100")))
    );
    assert_eq!(commission.currency.map(Currency::code), Some("USD"));
}

#[test]
fn an_override_takes_the_product_s_currency_and_needs_one_only_for_amounts() {
    let of = |more: &str| read(&body(more)).map(|product| product.commission);
    let percent = of(r#""commission":{"kind":"percent","rateBps":0}"#).expect("a good body");
    assert_eq!(percent.map(|terms| (terms.pays, terms.currency)), Some((Pays::Percent(0), None)));
    let capped =
        of(r#""currency":"USD","commission":{"kind":"percent","rateBps":10000,"cap":"5"}"#);
    let capped = capped.expect("a good body").expect("it has one");
    assert_eq!(capped.currency.map(Currency::code), Some("USD"));
}

#[test]
fn every_fault_of_a_product_names_its_field() {
    let long =
        |field: &str, characters: usize| format!(r#""{field}":"{}""#, "x".repeat(characters));
    let url_long = format!(r#""imageUrl":"https://cdn.example/{}""#, "x".repeat(2_000));
    let cases: Vec<(String, &str)> = vec![
        ("[]".into(), "body must be a JSON object"),
        ("{".into(), "body must be valid JSON"),
        (r#"{"price":"1","url":"https://shop.np/"}"#.into(), "name is required"),
        (r#"{"name":"T","url":"https://shop.np/"}"#.into(), "price is required"),
        (r#"{"name":"T","price":"1"}"#.into(), "url is required"),
        (body(r#""sku":"TEA-2""#), "sku must be the one of the path, or absent"),
        (body(r#""sku":7"#), "sku must be a string"),
        (body(r#""name":"A""#), "name must not be repeated"),
        (
            r#"{"name":"  ","price":"1","url":"https://shop.np/"}"#.into(),
            "name must be 1 to 160 printable",
        ),
        (
            r#"{"name":"a\u0007b","price":"1","url":"https://shop.np/"}"#.into(),
            "name must be 1 to 160 printable",
        ),
        (
            r#"{"name":"a\u0000b","price":"1","url":"https://shop.np/"}"#.into(),
            "name must not contain U+0000",
        ),
        (
            format!(r#"{{{},"price":"1","url":"https://shop.np/"}}"#, long("name", 161)),
            "name must be at most 160",
        ),
        (r#"{"name":"T","price":1,"url":"https://shop.np/"}"#.into(), "price must be a decimal"),
        (r#"{"name":"T","price":"-1","url":"https://shop.np/"}"#.into(), "price must be a decimal"),
        (
            r#"{"name":"T","price":"1.001","url":"https://shop.np/"}"#.into(),
            "price must have at most 2 decimals in NPR",
        ),
        (body(r#""currency":"npr""#), "currency must be an ISO 4217 code"),
        (body(r#""currency":"JPY""#), "price must have at most 0 decimals in JPY"),
        (body(r#""currency":null"#), "currency must not be null"),
        (body(r#""imageUrl":"http://cdn.example/a""#), "imageUrl must be an https URL"),
        (body(r#""imageUrl":true"#), "imageUrl must be a string"),
        (body(&url_long), "imageUrl must be at most 2000"),
        (body(&long("category", 161)), "category must be at most 160"),
        (body(r#""category":"""#), "category must be 1 to 160 printable"),
        (body(r#""stock":"sold""#), "stock must be one of in_stock, out_of_stock"),
        (body(r#""stock":1"#), "stock must be one of"),
        (body(r#""title":"T""#), "title is not a property here; did you mean name?"),
        (body(r#""colour":"red""#), "colour is not a property here"),
    ];
    expect_each(cases);
}

#[test]
fn every_fault_of_an_override_names_its_field() {
    expect_each(vec![
        (body(r#""commission":"10%""#), "commission must be an object"),
        (body(r#""commission":null"#), "commission must not be null"),
        (body(r#""commission":{}"#), "commission.kind is required"),
        (body(r#""commission":{"kind":"share","rateBps":1}"#), "commission.kind must be one of"),
        (body(r#""commission":{"kind":"percent"}"#), "commission.rateBps is required"),
        (
            body(r#""commission":{"kind":"percent","rateBps":10001}"#),
            "commission.rateBps must be a whole number from 0 to 10000",
        ),
        (
            body(r#""commission":{"kind":"percent","rateBps":12.5}"#),
            "commission.rateBps must be a whole number",
        ),
        (
            body(r#""commission":{"kind":"percent","rateBps":100,"flatAmount":"1"}"#),
            "commission.flatAmount does not go with kind percent",
        ),
        (
            body(r#""commission":{"kind":"percent","rateBps":100,"currency":"NPR"}"#),
            "commission.currency is of no use without an amount",
        ),
        (body(r#""commission":{"kind":"flat"}"#), "commission.flatAmount is required"),
        (
            body(r#""commission":{"kind":"flat","flatAmount":"1.005"}"#),
            "commission.flatAmount must have at most 2 decimals in NPR",
        ),
        (
            body(r#""commission":{"kind":"flat","flatAmount":"1.5","currency":"JPY"}"#),
            "commission.flatAmount must have at most 0 decimals in JPY",
        ),
        (
            body(r#""commission":{"kind":"flat","flatAmount":"1","cap":5}"#),
            "commission.cap must be a decimal string",
        ),
        (
            body(r#""commission":{"kind":"flat","flatAmount":"1","minimumOrder":"1.005"}"#),
            "commission.minimumOrder must have at most 2",
        ),
        (
            body(r#""commission":{"kind":"flat","flatAmount":"1","flatAmount":"2"}"#),
            "commission must not repeat a property name",
        ),
    ]);
}

/// Each body has one fault, which begins so.
fn expect_each(cases: Vec<(String, &str)>) {
    for (body, expected) in cases {
        let faults = read(&body).expect_err(&body);
        assert_eq!(faults.code(), Code::ValidationError, "{body}");
        let messages = faults.into_messages();
        assert_eq!(messages.len(), 1, "{body}: {messages:?}");
        assert!(messages[0].starts_with(expected), "{body}: {messages:?}");
    }
}

#[test]
fn a_url_off_the_domain_has_a_code_of_its_own_and_hides_no_other_fault() {
    let body = r#"{"name":"","price":"x","url":"https://evil.example/","commission":{"kind":"x"}}"#;
    let faults = read(body).expect_err(body);
    assert_eq!(faults.code(), Code::MerchantDomainInvalid);
    let messages = faults.into_messages();
    let names: Vec<_> = messages.iter().filter_map(|message| message.split(' ').next()).collect();
    assert_eq!(names, ["name", "price", "url", "commission.kind"]);
}

#[test]
fn a_sku_in_a_path_follows_the_same_rules() {
    for (sku, good) in [("A/B 1", true), ("चिया", true), ("", false), (" A", false), ("A\n", false)]
    {
        assert_eq!(sku_fault(sku).is_none(), good, "{sku}");
        assert_eq!(product(sku, body("").as_bytes(), &shop()).is_ok(), good, "{sku}");
    }
    assert_eq!(sku_fault(&"x".repeat(161)), Some("must be at most 160 characters"));
    assert_eq!(sku_fault(&"x".repeat(160)), None);
}

#[test]
fn a_bad_row_spoils_no_other_and_a_repeated_sku_is_the_later_row_s_fault() {
    let row = |sku: &str, more: &str| body(&format!(r#""sku":"{sku}"{more}"#));
    let rows = [
        row("A", ""),
        row("B", r#","colour":"red","stock":"sold""#),
        row("A", ""),
        "7".to_owned(),
        row("C", r#","category":"a","category":"b""#),
        body(""),
        row("D", r#","category":"\u0000""#),
        row("E", ""),
        row("..", ""),
    ];
    let body = format!(r#"{{"products":[{}]}}"#, rows.join(","));
    let read = products(body.as_bytes(), &shop()).expect("there are rows");
    let shown: Vec<_> = read
        .into_iter()
        .map(|row| match row {
            Ok(product) => product.sku,
            Err(RowFault { sku, faults }) => {
                let sku = sku.unwrap_or_default();
                format!("{sku}: {}", faults.into_messages().join(" & "))
            }
        })
        .collect();
    assert_eq!(
        shown,
        [
            "A",
            "B: stock must be one of in_stock, out_of_stock & colour is not a property here",
            "A: sku must not be repeated: products[0] has it",
            ": products[3] must be an object",
            "C: category must not be repeated",
            ": sku is required",
            "D: category must not contain U+0000",
            "E",
            "..: sku must not be . or .., which no URL can name",
        ]
    );
}

#[test]
fn a_bulk_body_without_rows_is_refused_as_a_whole() {
    let many = format!(r#"{{"products":[{}]}}"#, vec!["1"; 501].join(","));
    for (body, expected) in [
        ("[]", "body must be a JSON object"),
        ("{}", "products is required"),
        (r#"{"products":[]}"#, "products must have 1 to 500 entries"),
        (&many, "products must have 1 to 500 entries"),
        (r#"{"products":{}}"#, "products must be an array"),
        (r#"{"products":null}"#, "products must be an array"),
        (r#"{"products":[1],"dryRun":true}"#, "dryRun is not a property here"),
        (r#"{"products":[1],"products":[1]}"#, "products must not be repeated"),
    ] {
        let said = products(body.as_bytes(), &shop()).expect_err(body).into_messages();
        assert_eq!(said, [expected], "{body}");
    }
}

#[test]
fn every_fault_of_an_endpoint_names_its_field() {
    let good = r#""url":"https://hooks.shop.example/k","events":["commission.paid","ping"]"#;
    let read = new_endpoint(
        format!(r#"{{{good},"format":"khata","description":" a "}}"#).as_bytes(),
        Reach::Public,
    );
    let read = read.expect("a good body");
    assert_eq!(read.events, [EventType::CommissionPaid, EventType::Ping]);
    assert_eq!(read.description.as_deref(), Some("a"));
    let url = r#""url":"https://hooks.shop.example/k""#;
    for (body, expected) in [
        (r#"{"events":["ping"]}"#.to_owned(), "url is required"),
        (r#"{"url":7,"events":["ping"]}"#.to_owned(), "url must be a string"),
        (
            r#"{"url":"https://10.0.0.1/","events":["ping"]}"#.to_owned(),
            "url must lead to a public host",
        ),
        (format!("{{{url}}}"), "events is required"),
        (format!(r#"{{{url},"events":"ping"}}"#), "events must be an array"),
        (format!(r#"{{{url},"events":[]}}"#), "events must have 1 to 15 entries"),
        (format!(r#"{{{url},"events":["*"]}}"#), "events[0] must be one of conversion.received"),
        (format!(r#"{{{url},"events":["ping","ping"]}}"#), "events[1] must not be repeated"),
        (format!(r#"{{{good},"format":"affiliate_order"}}"#), "format must be khata"),
        (format!(r#"{{{good},"format":null}}"#), "format must not be null"),
        (format!(r#"{{{good},"description":"a\nb"}}"#), "description must be 1 to 200 printable"),
        (
            format!(r#"{{{good},"description":"{}"}}"#, "x".repeat(201)),
            "description must be at most 200",
        ),
        (format!(r#"{{{good},"state":"paused"}}"#), "state is not a property here"),
        (format!(r#"{{{good},"secret":"whsec_x"}}"#), "secret is not a property here"),
    ] {
        let said = new_endpoint(body.as_bytes(), Reach::Public).expect_err(&body).into_messages();
        assert_eq!(said.len(), 1, "{body}: {said:?}");
        assert!(said[0].starts_with(expected), "{body}: {said:?}");
    }
}

#[test]
fn a_change_of_an_endpoint_names_what_changes() {
    let change = endpoint_change(br#"{"state":"paused","description":null}"#, Reach::Public)
        .expect("a good body");
    assert_eq!(change.state, Some(EndpointState::Paused));
    assert_eq!((change.description, change.url, change.events), (Change::Clear, None, None));
    for (body, expected) in [
        ("{}", "body must name at least one of url, events, description, state"),
        (r#"{"state":"dead"}"#, "state must be one of active, paused"),
        (r#"{"format":"khata"}"#, "format is not a property here"),
        (r#"{"events":[]}"#, "events must have 1 to 15 entries"),
    ] {
        let said = endpoint_change(body.as_bytes(), Reach::Public).expect_err(body).into_messages();
        assert_eq!(said, [expected], "{body}");
    }
}

#[test]
fn every_fault_of_a_day_names_its_order() {
    let good = r#"{"externalOrderId":"A","status":"paid","amount":"1.5"}"#;
    let read = day(format!(r#"{{"date":"2024-02-29","orders":[{good}]}}"#).as_bytes());
    let read = read.expect("a good body");
    assert_eq!((read.date.to_string().as_str(), read.orders.len()), ("2024-02-29", 1));
    assert!(day(br#"{"date":"2026-06-14","orders":[]}"#).is_ok());
    let with = |order: &str| format!(r#"{{"date":"2026-06-14","orders":[{good},{order}]}}"#);
    let many = format!(r#"{{"date":"2026-06-14","orders":[{}]}}"#, vec!["1"; 10_001].join(","));
    for (body, expected) in [
        (r#"{"orders":[]}"#.to_owned(), "date is required"),
        (r#"{"date":"2026-06-14"}"#.to_owned(), "orders is required"),
        (r#"{"date":"2026-02-30","orders":[]}"#.to_owned(), "date must be a calendar day"),
        (r#"{"date":"20260614","orders":[]}"#.to_owned(), "date must be a calendar day"),
        (
            r#"{"date":"2026-06-14T00:00:00Z","orders":[]}"#.to_owned(),
            "date must be a calendar day",
        ),
        (r#"{"date":"2026-06-14","orders":{}}"#.to_owned(), "orders must be an array"),
        (many, "orders must have at most 10000 entries"),
        (with("7"), "orders[1] must be an object"),
        (with(good), "orders[1].externalOrderId must not be repeated: orders[0] has it"),
        (with(r#"{"status":"paid","amount":"1"}"#), "orders[1].externalOrderId is required"),
        (with(r#"{"externalOrderId":"B","amount":"1"}"#), "orders[1].status is required"),
        (with(r#"{"externalOrderId":"B","status":"paid"}"#), "orders[1].amount is required"),
        (
            with(r#"{"externalOrderId":" B","status":"paid","amount":"1"}"#),
            "orders[1].externalOrderId must not begin or end",
        ),
        (
            with(r#"{"externalOrderId":"B","status":"paid","amount":1}"#),
            "orders[1].amount must be a decimal string",
        ),
        (
            with(r#"{"externalOrderId":"B","status":"commission_approved","amount":"1"}"#),
            "orders[1].status must be one of pending, confirmed, paid",
        ),
        (
            with(r#"{"externalOrderId":"B","status":"paid","amount":"1","currency":"NPR"}"#),
            "orders[1].currency is not a property here",
        ),
    ] {
        let said = day(body.as_bytes()).expect_err(expected).into_messages();
        assert_eq!(said.len(), 1, "{expected}: {said:?}");
        assert!(said[0].starts_with(expected), "{said:?}");
    }
    let refused = with(r#"{"externalOrderId":"B","status":"shipped","amount":"1"}"#);
    let faults = day(refused.as_bytes()).expect_err("no such status");
    assert_eq!(faults.code(), Code::OrderStatusInvalid);
}

#[test]
fn a_word_is_written_as_it_is_read() {
    for stock in [Stock::InStock, Stock::OutOfStock] {
        assert_eq!(Stock::parse(stock.as_str()), Some(stock));
    }
    assert_eq!(Stock::parse("in stock"), None);
    for state in [EndpointState::Active, EndpointState::Paused] {
        let body = format!(r#"{{"state":"{}"}}"#, state.as_str());
        let change = endpoint_change(body.as_bytes(), Reach::Public).expect("a good body");
        assert_eq!(change.state, Some(state));
    }
}

proptest! {
    #[test]
    fn no_body_makes_a_reader_panic(text in "\\PC*") {
        for body in [text.clone(), body(&text), format!(r#"{{"products":[{text}]}}"#)] {
            let _ = products(body.as_bytes(), &shop());
            let _ = product(&text, body.as_bytes(), &shop());
            let _ = new_endpoint(body.as_bytes(), Reach::Public);
            let _ = day(body.as_bytes());
        }
    }
}
