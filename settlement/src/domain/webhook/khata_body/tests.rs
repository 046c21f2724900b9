//! Every type to every audience.

use super::*;
use crate::domain::lifecycle::State;
use crate::domain::notice::Step;
use rust_decimal::Decimal;
use serde_json::json;
use shared::id::{AffiliateId, ConversionId, Environment, MerchantId};
use shared::money::Currency;
use uuid::Uuid;

const AFFILIATE: AffiliateId = AffiliateId(Uuid::from_u128(8));

fn told(kind: Kind, affiliate: Option<AffiliateId>, data: Value) -> Told {
    Told {
        position: 256,
        merchant: MerchantId(Uuid::from_u128(7)),
        kind,
        affiliate,
        conversion_id: None,
        commission_id: None,
        event_id: None,
        occurred_at: Timestamp::from_second(1_781_408_700).expect("a second of the test"),
        data,
    }
}

/// Every name that any notice uses, and what nobody but the merchant may ever see.
fn everything() -> Value {
    json!({
        "commissionId": "com_a", "conversionId": "cnv_a", "externalOrderId": "A-1",
        "confidence": "HIGH", "affiliateId": AFFILIATE, "campaignId": null,
        "orderAmount": "2999.00", "from": "hold", "to": "hold", "amount": "299.90",
        "netAmount": "200.00", "delta": "-99.90", "currency": "NPR", "reason": "one came back",
        "holdUntil": null, "orderStatus": "refunded", "refundedAmount": "999.00",
        "returnedAmount": "999.00", "correctionId": "c-1", "chargedTo": "merchant",
        "payoutId": "p", "state": "settled", "lineCount": 1,
        "lines": [{"kind": "commission", "commissionId": "com_a", "amount": "200.00",
                   "customerHash": "h", "merchantNote": "n"},
                  {"kind": "correction", "itemId": "i", "amount": "-1.00"}],
        "eventId": "osevt_a", "type": "order_status", "code": "APPLIED", "detail": "…",
        "endpointId": "e", "url": "https://a.example/secret", "host": "a.example",
        "failingSince": "2026-06-09T03:45:00Z", "failuresInRow": 40,
        "score": 80, "riskReasons": ["click_not_human"], "points": 80, "customerHash": "h",
        "couponCode": "SAVE10", "metadata": {"email": "a@b.example"}, "clickId": "clk_a",
        "note": "the operator's own",
    })
}

fn names(data: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        data.as_object().expect("data is an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// What an affiliate is told of each type, spelled out a second time.
fn contract(kind: Kind) -> Option<&'static str> {
    let commission = "amount commissionId conversionId currency delta from holdUntil netAmount \
                      orderStatus reason refundedAmount returnedAmount to";
    let payout = "affiliateId amount currency lineCount lines payoutId reason state";
    match kind {
        Kind::ConversionReceived | Kind::ConversionUnattributed | Kind::EventProcessed => None,
        Kind::ConversionAttributed => {
            Some("affiliateId campaignId confidence conversionId currency orderAmount")
        }
        Kind::CommissionCreated
        | Kind::CommissionHeld
        | Kind::CommissionApproved
        | Kind::CommissionPayable
        | Kind::CommissionPaid
        | Kind::CommissionRejected
        | Kind::CommissionAdjusted => Some(commission),
        Kind::PayoutProcessed | Kind::PayoutFailed => Some(payout),
        Kind::EndpointPaused => Some("endpointId failingSince failuresInRow host reason"),
        Kind::Ping => Some(""),
    }
}

#[test]
fn an_affiliate_is_told_what_is_listed_for_each_type_and_nothing_more() {
    for kind in Kind::ALL {
        let own = told(kind, Some(AFFILIATE), everything());
        let shown = told_to(Owner::Affiliate(AFFILIATE), &own);
        let expected = contract(kind);
        assert_eq!(is_for_affiliates(kind), expected.is_some(), "{kind:?}");
        match (shown, expected) {
            (None, None) => {}
            (Some(shown), Some(expected)) => {
                let expected: Vec<_> = expected.split_whitespace().collect();
                assert_eq!(names(&shown), expected, "{kind:?}");
            }
            other => panic!("{kind:?}: {other:?}"),
        }
    }
}

#[test]
fn a_merchant_is_told_everything_of_every_type() {
    for kind in Kind::ALL {
        for affiliate in [None, Some(AFFILIATE)] {
            let told = told(kind, affiliate, everything());
            assert_eq!(told_to(Owner::Merchant, &told), Some(everything()), "{kind:?}");
        }
    }
}

#[test]
fn an_affiliate_is_told_nothing_of_another_and_nothing_of_nobody() {
    for kind in Kind::ALL {
        for affiliate in [None, Some(AffiliateId(Uuid::from_u128(9)))] {
            let told = told(kind, affiliate, everything());
            assert_eq!(told_to(Owner::Affiliate(AFFILIATE), &told), None, "{kind:?}");
        }
    }
}

#[test]
fn a_payout_s_lines_are_cut_to_what_is_listed_too() {
    let own = told(Kind::PayoutProcessed, Some(AFFILIATE), everything());
    let shown = told_to(Owner::Affiliate(AFFILIATE), &own).expect("it is told");
    let expected = json!([
        {"kind": "commission", "commissionId": "com_a", "amount": "200.00"},
        {"kind": "correction", "itemId": "i", "amount": "-1.00"},
    ]);
    assert_eq!(shown["lines"], expected);
}

#[test]
fn why_is_told_in_the_words_of_statements_and_never_as_a_review_found_it() {
    use Kind::{CommissionAdjusted as Adjusted, CommissionRejected as Rejected, PayoutFailed};
    let cases = [
        (Rejected, json!("refunded"), json!("The order was refunded.")),
        (Rejected, json!("returned"), json!("The order was returned.")),
        (Rejected, json!("cancelled"), json!("The order was cancelled.")),
        (Rejected, json!("too late"), json!("The shop's reason: too late")),
        (Rejected, json!(null), json!("The shop rejected it.")),
        (Rejected, json!(risk::REFUSED), json!("Rejected after a review.")),
        (Adjusted, json!(risk::REFUSED), json!("Rejected after a review.")),
        (Adjusted, json!("one came back"), json!("one came back")),
        (Adjusted, json!("refunded"), json!("refunded")),
        (Adjusted, json!(null), json!(null)),
        (Kind::CommissionPaid, json!("one came back"), json!("one came back")),
        (PayoutFailed, json!("account closed"), json!("account closed")),
        (Kind::EndpointPaused, json!("failing"), json!("failing")),
    ];
    for (kind, reason, expected) in cases {
        let own = told(kind, Some(AFFILIATE), json!({"reason": reason}));
        let shown = told_to(Owner::Affiliate(AFFILIATE), &own).expect("it is told");
        assert_eq!(shown["reason"], expected, "{kind:?} {reason}");
        let whole = told_to(Owner::Merchant, &own).expect("it is told");
        assert_eq!(whole["reason"], reason, "{kind:?}: a merchant reads what was written");
    }
}

#[test]
fn a_step_of_a_commission_is_told_to_its_affiliate_without_loss() {
    let conversion = ConversionId::derive(MerchantId(Uuid::from_u128(7)), Environment::Test, "A-1");
    let commission_id = conversion.commission_id();
    let step = Step {
        commission_id: &commission_id,
        from: Some(State::HoldRunning),
        to: State::Approved,
        amount: Decimal::from(30),
        net: Decimal::from(20),
        delta: Decimal::ZERO,
        currency: Currency::parse("NPR").expect("a currency of the test"),
        reason: None,
        hold_until: None,
    };
    let data = step.data(conversion);
    for kind in Kind::ALL.into_iter().filter(|kind| is_of_commission(*kind)) {
        let own = told(kind, Some(AFFILIATE), data.clone());
        let mut shown = told_to(Owner::Affiliate(AFFILIATE), &own).expect("it is told");
        if kind == Kind::CommissionRejected {
            assert_eq!(shown["reason"].take(), json!("The shop rejected it."));
        }
        assert_eq!(shown, data, "{kind:?}");
    }
}

#[test]
fn commissions_types_are_those_that_begin_so() {
    for kind in Kind::ALL {
        assert_eq!(is_of_commission(kind), kind.as_str().starts_with("commission."), "{kind:?}");
    }
}

#[test]
fn a_body_has_its_names_in_order_and_no_white_space() {
    let at: Timestamp = "2026-06-14T03:45:00Z".parse().expect("an instant of the test");
    let data = json!({"b": "x y", "a": 1});
    assert_eq!(
        body(Kind::CommissionHeld, at, 41, &data),
        r#"{"type":"commission.held","timestamp":"2026-06-14T03:45:00Z","sequence":41,"data":{"a":1,"b":"x y"}}"#
    );
    let fraction: Timestamp = "2026-06-14T09:30:00.25+05:45".parse().expect("an instant");
    let text = body(Kind::Ping, fraction, 1, &json!({}));
    let expected =
        r#"{"type":"ping","timestamp":"2026-06-14T03:45:00.25Z","sequence":1,"data":{}}"#;
    assert_eq!(text, expected);
}
