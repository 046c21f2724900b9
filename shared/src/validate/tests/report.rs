//! A case per rule of every field of an order-status body.

use super::*;

pub(super) fn status_faults(body: &str) -> (Vec<String>, bool) {
    with_context(Environment::Live, |context| match order_status(body.as_bytes(), context) {
        Ok(_) => (Vec::new(), false),
        Err(faults) => {
            let own_code = faults.has_order_status();
            (faults.into_messages(), own_code)
        }
    })
}

fn status_with(property: &str) -> String {
    format!(r#"{{"externalOrderId":"A-1","status":"refunded",{property}}}"#)
}

#[test]
fn every_fault_of_an_order_status_field_names_the_field() {
    let long = |characters| "x".repeat(characters);
    let cases: Vec<(String, &str, bool)> = vec![
        (r#"{"status":"paid"}"#.into(), "externalOrderId is required", false),
        (r#"{"externalOrderId":"A"}"#.into(), "status is required", false),
        (r#"{"externalOrderId":"A","status":null}"#.into(), "status must not be null", false),
        (r#"{"externalOrderId":"A","status":"shipped"}"#.into(), "status must be one of", true),
        (r#"{"externalOrderId":"A","status":5}"#.into(), "status must be one of", true),
        (status_with(&format!(r#""clickId":"{}""#, long(201))), "clickId must be at most", false),
        (status_with(r#""statusUpdatedAt":"yesterday""#), "statusUpdatedAt must be an ISO", false),
        (
            status_with(r#""statusUpdatedAt":"2026-06-16T00:00:01Z""#),
            "statusUpdatedAt must not be more",
            false,
        ),
        (status_with(&format!(r#""reason":"{}""#, long(501))), "reason must be at most 500", false),
        (status_with(r#""reason":{}"#), "reason must be a string", false),
        (status_with(r#""metadata":1"#), "metadata must be an object", false),
        (status_with(r#""refundedAmount":5"#), "refundedAmount must be a decimal", false),
        (status_with(r#""refundedAmount":"0.00""#), "refundedAmount must be more than 0", false),
        (status_with(r#""refundedAmount":"-5""#), "refundedAmount must be a decimal", false),
        (status_with(r#""items":[]"#), "items must have 1 to 500", false),
        (status_with(r#""items":[{"sku":"a"}]"#), "items[0].quantity is required", false),
        (status_with(r#""items":[{"sku":"a","quantity":-1}]"#), "items[0].quantity must be", false),
        (
            status_with(r#""items":[{"sku":"a","quantity":1},{"sku":"a","quantity":1}]"#),
            "items[1].sku must not be repeated",
            false,
        ),
        (
            status_with(r#""items":[{"sku":"a","quantity":1}],"refundedAmount":"1""#),
            "refundedAmount and items must not",
            false,
        ),
        (
            r#"{"externalOrderId":"A","status":"paid","refundedAmount":"1"}"#.into(),
            "refundedAmount goes only with",
            false,
        ),
        (
            r#"{"externalOrderId":"A","status":"paid","items":[{"sku":"a","quantity":1}]}"#.into(),
            "items goes only with",
            false,
        ),
        (
            status_with(r#""orderStatus":"paid""#),
            "orderStatus is not a property here; did you mean status?",
            false,
        ),
    ];
    for (body, expected, own_code) in cases {
        let (faults, has_own_code) = status_faults(&body);
        assert_eq!(faults.len(), 1, "{body}: {faults:?}");
        assert!(faults[0].starts_with(expected), "{body}: {faults:?}");
        assert_eq!(has_own_code, own_code, "{body}");
    }
}

#[test]
fn a_status_is_the_same_by_instant_number_and_sorted_items() {
    let key = |body: &str| {
        with_context(Environment::Live, |context| {
            order_status(body.as_bytes(), context).expect("a good body").content_key()
        })
    };
    let same = [
        (status_with(r#""refundedAmount":"5""#), status_with(r#""refundedAmount":"5.00""#)),
        (
            status_with(r#""statusUpdatedAt":"2026-06-14T09:30:00+05:45""#),
            status_with(r#""statusUpdatedAt":"2026-06-14T03:45:00Z","reason":"other""#),
        ),
        (
            status_with(r#""items":[{"sku":"a","quantity":1},{"sku":"b","quantity":2}]"#),
            status_with(r#""items":[{"sku":"b","quantity":2},{"sku":"a","quantity":1}]"#),
        ),
    ];
    for (one, other) in same {
        assert_eq!(key(&one), key(&other), "{one}");
    }
    let different = [
        (status_with(r#""refundedAmount":"5""#), status_with(r#""refundedAmount":"6""#)),
        (
            status_with(r#""reason":"x""#),
            status_with(r#""statusUpdatedAt":"2026-06-14T03:45:00Z""#),
        ),
    ];
    for (one, other) in different {
        assert_ne!(key(&one), key(&other), "{one}");
    }
}
