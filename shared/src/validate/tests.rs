//! A case per rule of every field of both bodies.

mod campaign;
mod link;
mod report;

use super::*;
use crate::fault::Faults;
use proptest::prelude::*;

fn with_context<T>(environment: Environment, run: impl FnOnce(&Context<'_>) -> T) -> T {
    let hash_key = HashKey::parse(&"01".repeat(32)).expect("64 hex digits");
    run(&Context {
        merchant: MerchantId(uuid::Uuid::from_u128(7)),
        environment,
        currency: Currency::parse("NPR").expect("a currency"),
        now: crate::time::parse_instant("2026-06-15T00:00:00Z").expect("an instant"),
        hash_key: &hash_key,
    })
}

fn conversion_faults(body: &str) -> Vec<String> {
    with_context(Environment::Live, |context| {
        conversion(body.as_bytes(), context).map(|_| ()).map_err(Faults::into_messages)
    })
    .err()
    .unwrap_or_default()
}

/// A conversion body with one more property; later ones come after the two required.
fn with(property: &str) -> String {
    format!(r#"{{"externalOrderId":"A-1","orderAmount":"2999.00",{property}}}"#)
}

#[test]
fn a_good_conversion_is_read_whole() {
    let body = with(
        r#""clickId":"clk_x","externalProductId":"SKU","currency":"NPR","orderStatus":"confirmed",
        "orderedAt":"2026-06-14T09:30:00+05:45","couponCode":"AFF10","metadata":{"n":12345678901234567890123},
        "items":[{"sku":"S","quantity":2,"unitPrice":"10.50"}],"customerId":"c-1""#,
    );
    let read = with_context(Environment::Live, |context| conversion(body.as_bytes(), context));
    let read = read.expect("a good body");
    assert_eq!(
        read.metadata.map(|m| m.get().to_owned()).as_deref(),
        Some(r#"{"n":12345678901234567890123}"#)
    );
    assert_eq!(read.customer_hash.map(|hash| hash.len()), Some(32));
    assert_eq!(read.items.len(), 1);
    assert_eq!(read.ordered_at, crate::time::parse_instant("2026-06-14T03:45:00Z"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, a row per rule")]
fn every_fault_of_a_conversion_field_names_the_field() {
    let long = |characters| "x".repeat(characters);
    let too_many =
        format!("[{}]", vec![r#"{"sku":"s","quantity":1,"unitPrice":"1"}"#; 501].join(","));
    let cases: Vec<(String, &str)> = vec![
        (r#"{"orderAmount":"1"}"#.into(), "externalOrderId is required"),
        (r#"{"externalOrderId":"A"}"#.into(), "orderAmount is required"),
        (
            r#"{"externalOrderId":null,"orderAmount":"1"}"#.into(),
            "externalOrderId must not be null",
        ),
        (r#"{"externalOrderId":1,"orderAmount":"1"}"#.into(), "externalOrderId must be a string"),
        (r#"{"externalOrderId":"","orderAmount":"1"}"#.into(), "externalOrderId must not be empty"),
        (
            r#"{"externalOrderId":" A","orderAmount":"1"}"#.into(),
            "externalOrderId must not begin or end",
        ),
        (
            r#"{"externalOrderId":"A\n1","orderAmount":"1"}"#.into(),
            "externalOrderId must not contain control",
        ),
        (
            r#"{"externalOrderId":"A\u0000","orderAmount":"1"}"#.into(),
            "externalOrderId must not contain U+0000",
        ),
        (
            r#"{"externalOrderId":"\ud800","orderAmount":"1"}"#.into(),
            "externalOrderId must not contain lone",
        ),
        (
            format!(r#"{{"externalOrderId":"{}","orderAmount":"1"}}"#, long(161)),
            "externalOrderId must be at most 160",
        ),
        (
            r#"{"externalOrderId":"A","externalOrderId":"A","orderAmount":"1"}"#.into(),
            "externalOrderId must not be repeated",
        ),
        (
            r#"{"externalOrderId":"A","orderAmount":2999}"#.into(),
            "orderAmount must be a decimal string",
        ),
        (
            r#"{"externalOrderId":"A","orderAmount":"-1"}"#.into(),
            "orderAmount must be a decimal string",
        ),
        (
            r#"{"externalOrderId":"A","orderAmount":"NaN"}"#.into(),
            "orderAmount must be a decimal string",
        ),
        (
            r#"{"externalOrderId":"A","orderAmount":"1e3"}"#.into(),
            "orderAmount must be a decimal string",
        ),
        (
            r#"{"externalOrderId":"A","orderAmount":""}"#.into(),
            "orderAmount must be a decimal string",
        ),
        (
            r#"{"externalOrderId":"A","orderAmount":"1.999"}"#.into(),
            "orderAmount must have at most 2 decimals in NPR",
        ),
        (
            r#"{"externalOrderId":"A","orderAmount":"1.5","currency":"JPY"}"#.into(),
            "orderAmount must have at most 0 decimals in JPY",
        ),
        (
            format!(r#"{{"externalOrderId":"A","orderAmount":"{}"}}"#, "9".repeat(30)),
            "orderAmount must be a decimal string",
        ),
        (with(&format!(r#""clickId":"{}""#, long(201))), "clickId must be at most 200"),
        (with(r#""clickId":7"#), "clickId must be a string"),
        (with(r#""clickId":null"#), "clickId must not be null"),
        (
            with(&format!(r#""externalProductId":"{}""#, long(161))),
            "externalProductId must be at most 160",
        ),
        (with(r#""externalProductId":"""#), "externalProductId must not be empty"),
        (with(r#""currency":"npr""#), "currency must be an ISO 4217"),
        (with(r#""currency":"ZZZ""#), "currency must be an ISO 4217"),
        (with(r#""currency":5"#), "currency must be an ISO 4217"),
        (with(r#""orderStatus":"paid""#), "orderStatus must be one of"),
        (with(r#""orderStatus":true"#), "orderStatus must be one of"),
        (with(r#""orderedAt":"2026-02-30T00:00:00Z""#), "orderedAt must be an ISO 8601"),
        (with(r#""orderedAt":"2026-06-14T09:30:00""#), "orderedAt must be an ISO 8601"),
        (with(r#""orderedAt":1781430000"#), "orderedAt must be an ISO 8601"),
        (
            with(r#""orderedAt":"2026-06-16T00:00:01Z""#),
            "orderedAt must not be more than 24 hours ahead",
        ),
        (with(&format!(r#""couponCode":"{}""#, long(81))), "couponCode must be at most 80"),
        (with(r#""metadata":[]"#), "metadata must be an object"),
        (with(r#""metadata":"x""#), "metadata must be an object"),
        (
            with(&format!(r#""metadata":{{"a":"{}"}}"#, long(16 * 1024))),
            "metadata must be at most 16384 bytes",
        ),
        (with(r#""metadata":{"a":1,"a":2}"#), "metadata must not repeat"),
        (with(r#""items":[]"#), "items must have 1 to 500 entries"),
        (with(&format!(r#""items":{too_many}"#)), "items must have 1 to 500 entries"),
        (with(r#""items":{}"#), "items must be an array"),
        (with(r#""items":[1]"#), "items[0] must be an object"),
        (with(r#""items":[{"quantity":1,"unitPrice":"1"}]"#), "items[0].sku is required"),
        (with(r#""items":[{"sku":"s","unitPrice":"1"}]"#), "items[0].quantity is required"),
        (with(r#""items":[{"sku":"s","quantity":1}]"#), "items[0].unitPrice is required"),
        (
            with(r#""items":[{"sku":"s","quantity":0,"unitPrice":"1"}]"#),
            "items[0].quantity must be a whole",
        ),
        (
            with(r#""items":[{"sku":"s","quantity":1.5,"unitPrice":"1"}]"#),
            "items[0].quantity must be a whole",
        ),
        (
            with(r#""items":[{"sku":"s","quantity":1000001,"unitPrice":"1"}]"#),
            "items[0].quantity must be a whole",
        ),
        (
            with(r#""items":[{"sku":"s","quantity":1,"unitPrice":1}]"#),
            "items[0].unitPrice must be a decimal",
        ),
        (
            with(r#""items":[{"sku":"s","quantity":1,"unitPrice":"1.001"}]"#),
            "items[0].unitPrice must have at most 2",
        ),
        (
            with(r#""items":[{"sku":"s","quantity":1,"unitPrice":"1","qty":1}]"#),
            "items[0].qty is not a property",
        ),
        (with(&format!(r#""customerId":"{}""#, long(161))), "customerId must be at most 160"),
        (with(r#""customerId":5"#), "customerId must be a string"),
        (
            with(r#""order_id":"A""#),
            "order_id is not a property here; did you mean externalOrderId?",
        ),
        (with(r#""amount":1"#), "amount is not a property here; did you mean orderAmount?"),
        (with(r#""click_id":"x""#), "click_id is not a property here; did you mean clickId?"),
        (with(r#""status":"paid""#), "status is not a property here; did you mean orderStatus?"),
        (with(r#""anything":1"#), "anything is not a property here"),
    ];
    for (body, expected) in cases {
        let faults = conversion_faults(&body);
        assert_eq!(faults.len(), 1, "{body}: {faults:?}");
        assert!(faults[0].starts_with(expected), "{body}: {faults:?}");
    }
}

#[test]
fn the_limits_themselves_are_allowed() {
    let long = |characters| "é".repeat(characters);
    let bodies = [
        format!(r#"{{"externalOrderId":"{}","orderAmount":"0"}}"#, long(160)),
        r#"{"externalOrderId":"A","orderAmount":"999999999999999.99"}"#.to_owned(),
        with(&format!(r#""clickId":"{}""#, long(200))),
        with(r#""clickId":"""#),
        with(&format!(r#""couponCode":"{}""#, long(80))),
        with(r#""orderedAt":"2026-06-16T00:00:00Z""#),
        with(r#""metadata":{"nothing":null}"#),
        with(r#""items":[{"sku":"s","quantity":1000000,"unitPrice":"0"}]"#),
    ];
    for body in bodies {
        assert_eq!(conversion_faults(&body), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn a_sku_and_metadata_may_be_as_long_as_their_limits_and_no_longer() {
    let sku = |characters: usize| {
        with(&format!(
            r#""items":[{{"sku":"{}","quantity":1,"unitPrice":"1"}}]"#,
            "s".repeat(characters)
        ))
    };
    let metadata = |bytes: usize| {
        with(&format!(r#""metadata":{{"n":"{}"}}"#, "m".repeat(bytes - r#"{"n":""}"#.len())))
    };
    for (body, fault) in [
        (sku(EXTERNAL_ID_CHARACTERS_MAX), None),
        (sku(EXTERNAL_ID_CHARACTERS_MAX + 1), Some("items[0].sku must be at most 160 characters")),
        (metadata(METADATA_BYTES_MAX), None),
        (metadata(METADATA_BYTES_MAX + 1), Some("metadata must be at most 16384 bytes")),
    ] {
        let faults = conversion_faults(&body);
        assert_eq!(faults.first().map(String::as_str), fault, "{faults:?}");
    }
}

#[test]
fn a_coupon_code_of_blanks_is_none() {
    for (code, kept) in [(" ", None), ("AFF 10", Some("AFF 10"))] {
        let body = with(&format!(r#""couponCode":"{code}""#));
        let read = with_context(Environment::Live, |context| conversion(body.as_bytes(), context));
        assert_eq!(read.expect("a good body").coupon_code.as_deref(), kept);
    }
}

#[test]
fn all_faults_are_listed_at_once() {
    let body = r#"{"orderAmount":5,"currency":"??","orderedAt":"soon","status":"paid"}"#;
    let faults = conversion_faults(body);
    assert_eq!(faults.len(), 5, "{faults:?}");
    for field in ["externalOrderId", "orderAmount", "currency", "orderedAt", "status"] {
        assert!(faults.iter().any(|fault| fault.starts_with(field)), "{field}: {faults:?}");
    }
}

#[test]
fn a_body_that_is_no_object_has_that_one_fault() {
    for body in ["", "[]", "{", "null", "\"x\""] {
        assert_eq!(conversion_faults(body).len(), 1, "{body}");
        assert_eq!(report::status_faults(body).0.len(), 1, "{body}");
    }
}

#[test]
fn an_unknown_name_is_shown_up_to_sixty_characters() {
    let told =
        |characters: usize| conversion_faults(&with(&format!(r#""{}":1"#, "é".repeat(characters))));
    for (characters, shown) in [(59, "é".repeat(59)), (60, "é".repeat(60))] {
        assert_eq!(told(characters), [format!("{shown} is not a property here")]);
    }
    for characters in [61, 1_000] {
        assert_eq!(told(characters), [format!("{}… is not a property here", "é".repeat(60))]);
    }
}

#[test]
fn test_keys_may_name_instants_far_ahead() {
    let body = with(r#""orderedAt":"2027-06-16T00:00:01Z""#);
    let read = with_context(Environment::Test, |context| conversion(body.as_bytes(), context));
    assert!(read.is_ok());
}

#[test]
fn a_clock_moves_forward_by_at_most_366_days() {
    for (body, good) in [
        (r#"{"seconds":1}"#, true),
        (r#"{"seconds":31622400}"#, true),
        (r#"{"seconds":0}"#, false),
        (r#"{"seconds":-1}"#, false),
        (r#"{"seconds":1.5}"#, false),
        (r#"{"seconds":"1"}"#, false),
        (r#"{"seconds":31622401}"#, false),
        (r#"{"seconds":1,"x":1}"#, false),
        ("{}", false),
    ] {
        assert_eq!(clock_advance(body.as_bytes()).is_ok(), good, "{body}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_validation_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        with_context(Environment::Live, |context| {
            let _ = conversion(&body, context);
            let _ = order_status(&body, context);
        });
    }

    #[test]
    fn a_stored_event_reads_back_the_same(order in "[A-Za-z0-9-]{1,40}", units in 0u64..10_000_000) {
        let body = format!(r#"{{"externalOrderId":"{order}","orderAmount":"{}.{:02}"}}"#, units / 100, units % 100);
        let event = with_context(Environment::Live, |context| conversion(body.as_bytes(), context))
            .map(crate::event::Event::Conversion).expect("a good body");
        let text = event.to_json();
        let back = crate::event::Event::from_json(event.kind(), &text).expect("our own text");
        prop_assert_eq!(back.to_json(), text);
    }
}
