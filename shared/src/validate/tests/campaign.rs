//! A case per rule of every field of a campaign's bodies.

use super::*;
use crate::order_status::OrderStatus;
use rust_decimal::Decimal;

fn npr() -> Currency {
    Currency::parse("NPR").expect("a currency")
}

fn faults(body: &str) -> Vec<String> {
    new_campaign(body.as_bytes(), npr()).expect_err(body).into_messages()
}

const WHOLE: &str = r#"{"name":" Summer ","listing":"public","state":"active",
    "fallbackUrl":"https://shop.np/sale","cookieDays":366,"holdDays":0,"holdStart":"paid",
    "commission":{"kind":"percent","rateBps":10000,"cap":"5.00","minimumOrder":"1"},
    "products":["S","T"]}"#;

#[test]
fn a_campaign_is_read_whole_and_has_its_defaults() {
    let whole = NewCampaign {
        name: "Summer".to_owned(),
        listing: Listing::Public,
        is_active: true,
        fallback_url: Some("https://shop.np/sale".to_owned()),
        cookie_days: 366,
        hold_days: Some(0),
        hold_start: Some(OrderStatus::Paid),
        commission: Some(CommissionTerms {
            pays: Pays::Percent(10_000),
            cap: Some(Decimal::from(5)),
            minimum_order: Some(Decimal::ONE),
            currency: Some(npr()),
        }),
        products: vec!["S".to_owned(), "T".to_owned()],
    };
    assert_eq!(new_campaign(WHOLE.as_bytes(), npr()), Ok(whole));
    let least = NewCampaign {
        name: "x".to_owned(),
        listing: Listing::Invite,
        is_active: false,
        fallback_url: None,
        cookie_days: 30,
        hold_days: None,
        hold_start: None,
        commission: None,
        products: Vec::new(),
    };
    assert_eq!(new_campaign(br#"{"name":"x"}"#, npr()), Ok(least));
}

#[test]
fn a_commission_is_percent_or_flat_and_an_amount_has_a_currency() {
    let read = |terms: &str| {
        let body = format!(r#"{{"name":"x","commission":{terms}}}"#);
        let campaign = new_campaign(body.as_bytes(), npr()).expect(terms);
        let terms = campaign.commission.expect("it was sent");
        (terms.pays, terms.currency.map(Currency::code))
    };
    assert_eq!(read(r#"{"kind":"percent","rateBps":0}"#), (Pays::Percent(0), None));
    let flat = (Pays::Flat(Decimal::from(25)), Some("NPR"));
    assert_eq!(read(r#"{"kind":"flat","flatAmount":"25.00"}"#), flat);
    let yen = (Pays::Flat(Decimal::from(25)), Some("JPY"));
    assert_eq!(read(r#"{"kind":"flat","flatAmount":"25","currency":"JPY"}"#), yen);
}

#[test]
fn every_fault_of_a_campaign_names_the_field() {
    let with = |property: &str| format!(r#"{{"name":"x",{property}}}"#);
    let commission = |terms: &str| with(&format!(r#""commission":{terms}"#));
    let many = |count: usize| {
        let skus: Vec<_> = (0..count).map(|n| format!("\"{n}\"")).collect();
        with(&format!(r#""products":[{}]"#, skus.join(",")))
    };
    let long = |characters| with(&format!(r#""products":["{}"]"#, "é".repeat(characters)));
    let days = "must be a whole number from 1 to 366";
    let cases = [
        ("{}".to_owned(), "name is required"),
        ("[]".to_owned(), "body must be a JSON object"),
        (r#"{"name":" "}"#.to_owned(), "name must be 1 to 160 printable characters"),
        (r#"{"name":"a\nb"}"#.to_owned(), "name must be 1 to 160 printable characters"),
        (with(r#""listing":"all""#), "listing must be one of public, invite"),
        (with(r#""state":"paused""#), "state must be one of draft, active"),
        (with(r#""fallbackUrl":7"#), "fallbackUrl must be a string"),
        (with(r#""cookieDays":0"#), &format!("cookieDays {days}")),
        (with(r#""cookieDays":367"#), &format!("cookieDays {days}")),
        (with(r#""cookieDays":"30""#), &format!("cookieDays {days}")),
        (with(r#""holdDays":367"#), "holdDays must be a whole number from 0 to 366"),
        (with(r#""holdStart":"pending""#), "holdStart must be one of confirmed, paid, delivered"),
        (with(r#""products":{}"#), "products must be an array of SKUs"),
        (with(r#""products":[1]"#), "products[0] must be a string"),
        (with(r#""products":["a","a"]"#), "products[1] must not be repeated"),
        (with(r#""products":["a",""]"#), "products[1] must not be empty"),
        (long(161), "products[0] must be at most 160 characters"),
        (many(501), "products must have at most 500 entries"),
        (
            with(r#""rateBps":1"#),
            "rateBps is not a property here; did you mean commission.rateBps?",
        ),
        (commission("5"), "commission must be an object"),
        (commission("{}"), "commission.kind is required"),
        (commission(r#"{"kind":"percent"}"#), "commission.rateBps is required"),
        (commission(r#"{"kind":"flat"}"#), "commission.flatAmount is required"),
        (
            commission(r#"{"kind":"percent","rateBps":10001}"#),
            "commission.rateBps must be a whole number from 0 to 10000",
        ),
        (
            commission(r#"{"kind":"percent","rateBps":1,"flatAmount":"1"}"#),
            "commission.flatAmount does not go with kind percent",
        ),
        (
            commission(r#"{"kind":"flat","flatAmount":"1","rateBps":1}"#),
            "commission.rateBps does not go with kind flat",
        ),
        (
            commission(r#"{"kind":"percent","rateBps":1,"currency":"NPR"}"#),
            "commission.currency is of no use without an amount",
        ),
        (
            commission(r#"{"kind":"percent","rateBps":1,"cap":"1.001"}"#),
            "commission.cap must have at most 2 decimals in NPR",
        ),
        (
            commission(r#"{"kind":"percent","rateBps":1,"x":1}"#),
            "commission.x is not a property here",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(faults(&body), [expected], "{body}");
    }
    for good in [many(500), long(160), with(r#""products":[]"#)] {
        assert!(new_campaign(good.as_bytes(), npr()).is_ok(), "{good}");
    }
}

#[test]
fn a_change_keeps_clears_or_sets() {
    let kept = CampaignChange {
        name: None,
        listing: None,
        fallback_url: Change::Keep,
        cookie_days: None,
        hold_days: Change::Keep,
        hold_start: Change::Keep,
        commission: Change::Keep,
        products: None,
    };
    assert_eq!(campaign_change(b"{}", npr()), Ok(kept.clone()));
    let cleared = CampaignChange {
        fallback_url: Change::Clear,
        hold_days: Change::Clear,
        hold_start: Change::Clear,
        commission: Change::Clear,
        ..kept.clone()
    };
    let body = br#"{"fallbackUrl":null,"holdDays":null,"holdStart":null,"commission":null}"#;
    assert_eq!(campaign_change(body, npr()), Ok(cleared));
    let body = br#"{"name":"N","listing":"invite","fallbackUrl":"u","cookieDays":7,"holdDays":3,
        "holdStart":"confirmed","commission":{"kind":"percent","rateBps":5},"products":["S"]}"#;
    let terms =
        CommissionTerms { pays: Pays::Percent(5), cap: None, minimum_order: None, currency: None };
    let set = CampaignChange {
        name: Some("N".to_owned()),
        listing: Some(Listing::Invite),
        fallback_url: Change::Set("u".to_owned()),
        cookie_days: Some(7),
        hold_days: Change::Set(3),
        hold_start: Change::Set(OrderStatus::Confirmed),
        commission: Change::Set(terms),
        products: Some(vec!["S".to_owned()]),
    };
    assert_eq!(campaign_change(body, npr()), Ok(set));
    for (body, expected) in [
        (r#"{"name":null}"#, "name must not be null"),
        (r#"{"cookieDays":null}"#, "cookieDays must not be null"),
        (r#"{"state":"active"}"#, "state is not a property here; did you mean POST …/activate, …"),
        ("[]", "body must be a JSON object"),
    ] {
        let said = campaign_change(body.as_bytes(), npr()).expect_err(body).into_messages();
        assert!(said.len() == 1 && said[0].starts_with(expected), "{body}: {said:?}");
    }
}

#[test]
fn a_change_leaves_empties_or_replaces_what_was_there() {
    let cases = [
        (Change::Keep, Some(1), Some(1)),
        (Change::Keep, None, None),
        (Change::Clear, Some(1), None),
        (Change::Set(2), Some(1), Some(2)),
        (Change::Set(2), None, Some(2)),
    ];
    for (change, before, after) in cases {
        assert_eq!(change.apply(before), after);
    }
}
