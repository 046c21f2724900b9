//! Every sentence of a statement, by its case.

use super::*;
use shared::money::Currency;
use uuid::Uuid;

fn of(code: &str, amount: &str) -> Money {
    Money { currency: Currency::parse(code).unwrap(), amount: amount.parse().unwrap() }
}

#[test]
fn amounts_are_grouped_and_below_zero_with_a_sign() {
    let cases = [
        ("NPR", "2999", "NPR 2,999.00"),
        ("NPR", "0", "NPR 0.00"),
        ("NPR", "-50.5", "NPR −50.50"),
        ("NPR", "-0.001", "NPR 0.00"),
        ("JPY", "1234567", "JPY 1,234,567"),
        ("KWD", "999.1", "KWD 999.100"),
        ("KWD", "1000.1", "KWD 1,000.100"),
    ];
    for (code, amount, expected) in cases {
        assert_eq!(money(of(code, amount)), expected);
    }
}

#[test]
fn terms_are_said_as_they_were_frozen() {
    let rule = |level, bps, flat: Option<&str>, cap: Option<&str>| FrozenRule {
        level,
        id: Uuid::nil(),
        version: 1,
        kind: String::new(),
        rate_bps: bps,
        flat_amount: flat.map(|flat| flat.parse().unwrap()),
        cap_amount: cap.map(|cap| cap.parse().unwrap()),
        minimum_order: None,
    };
    let base = of("NPR", "2999.00");
    let cases = [
        (rule(Level::Campaign, Some(1000), None, None), false, "10 % of NPR 2,999.00"),
        (
            rule(Level::Campaign, Some(1250), None, Some("300")),
            false,
            "12.5 % of NPR 2,999.00, at most NPR 300.00",
        ),
        (
            rule(Level::Product, Some(1000), None, None),
            true,
            "10 % and other rates of NPR 2,999.00",
        ),
        (rule(Level::Product, None, Some("50"), None), false, "NPR 50.00 per piece × 3"),
        (rule(Level::Merchant, None, Some("50"), None), false, "NPR 50.00 per order"),
    ];
    for (rule, has_other_rules, expected) in cases {
        assert_eq!(terms(&rule, base, 3, has_other_rules), expected);
    }
}

#[test]
fn every_standing_says_why_not_yet_and_until_when() {
    let zone = TimeZone::get("Asia/Kathmandu").unwrap();
    let until = Some("2026-07-04T20:00:00Z".parse().unwrap());
    let standing = Standing {
        state: "pending",
        in_flight: false,
        hold_until: None,
        hold_days: 14,
        hold_start: HoldStart::Delivered,
        minimum: None,
        is_empty: false,
        held_by: None,
        is_set_off: false,
    };
    let cases = [
        (Standing { is_empty: true, ..standing }, "Refunds left nothing of it."),
        (
            Standing { state: "payable", held_by: Some("draft"), ..standing },
            "In another payout, which is not sent yet.",
        ),
        (
            Standing { state: "payable", is_set_off: true, ..standing },
            "Payable, but set off against what is owed: nothing goes out before the balance \
             is above zero.",
        ),
        (standing, "The shop has not confirmed the order yet."),
        (
            Standing { state: "hold", ..standing },
            "The order is not delivered yet; then it can be returned for 14 days.",
        ),
        (
            Standing { state: "hold", hold_until: until, ..standing },
            "The order can be returned until 5 July 2026, 01:45.",
        ),
        (Standing { state: "approved", ..standing }, "Under review."),
        (
            Standing { state: "payable", in_flight: true, ..standing },
            "In another payout, on its way.",
        ),
        (Standing { state: "payable", ..standing }, "Payable: goes out with the next payout."),
        (
            Standing { state: "payable", minimum: Some(of("NPR", "1000")), ..standing },
            "Payable: goes out with the next payout that reaches the minimum of NPR 1,000.00.",
        ),
    ];
    for (standing, expected) in cases {
        assert_eq!(why_not_yet(standing, &zone), expected);
    }
}

#[test]
fn what_is_carried_over_says_where_it_is_or_what_it_waits_for() {
    let minimum = Some(of("NPR", "1000"));
    let cases = [
        ("5", Some("processing"), None, "In another payout, on its way."),
        ("5", Some("draft"), None, "In another payout, which is not sent yet."),
        ("-5", None, minimum, "Carried over: set off against what is earned next."),
        ("5", None, None, "Carried over: goes out with the next payout."),
        (
            "5",
            None,
            minimum,
            "Carried over: goes out with the next payout that reaches the minimum of NPR \
             1,000.00.",
        ),
    ];
    for (amount, held_by, minimum, expected) in cases {
        assert_eq!(why_carried(of("NPR", amount), held_by, minimum), expected);
    }
}

#[test]
fn why_not_is_the_shop_s_reason_and_never_a_review_s() {
    assert_eq!(why_not(Some("returned")), "The order was returned.");
    assert_eq!(why_not(Some("tin open")), "The shop's reason: tin open");
    assert_eq!(why_not(None), "Rejected after a review.");
    assert_eq!(why_not(Some(" ")), "Rejected after a review.");
}

#[test]
fn flat_terms_name_other_rates_and_a_cap_too() {
    let rule = FrozenRule {
        level: Level::Product,
        id: Uuid::nil(),
        version: 1,
        kind: String::new(),
        rate_bps: None,
        flat_amount: Some(Decimal::from(50)),
        cap_amount: Some(Decimal::from(300)),
        minimum_order: None,
    };
    let said = terms(&rule, of("NPR", "2999.00"), 1, true);
    assert_eq!(said, "NPR 50.00 per piece and other rates, at most NPR 300.00");
}

#[test]
fn what_a_hold_waits_for_is_said_by_its_start_and_its_days() {
    let cases = [
        (HoldStart::Confirmed, 0, "confirmed yet; then its return window is over at once."),
        (HoldStart::Paid, 1, "paid yet; then it can be returned for 1 day."),
        (HoldStart::Delivered, 2, "delivered yet; then it can be returned for 2 days."),
    ];
    for (hold_start, hold_days, rest) in cases {
        assert_eq!(before_window(hold_start, hold_days), format!("The order is not {rest}"));
    }
}

#[test]
fn a_reversal_without_a_reason_is_said_by_its_status() {
    for (told, expected) in [
        ("cancelled", "The order was cancelled."),
        (" refunded ", "The order was refunded."),
        ("commission_rejected", "The shop rejected it."),
    ] {
        assert_eq!(why_not(Some(told)), expected);
    }
}

#[test]
fn every_state_of_a_payout_says_how_far_it_is_by_the_day_of_its_zone() {
    let zone = TimeZone::get("Asia/Kathmandu").unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let head = |state: &str| Head {
        payout_id: Uuid::nil(),
        is_test: false,
        state: state.to_owned(),
        currency: Currency::parse("NPR").unwrap(),
        from: None,
        until: at("2026-06-30T00:00:00Z"),
        sent_at: Some(at("2026-07-04T20:00:00Z")),
        answered_at: Some(at("2026-07-06T12:00:00Z")),
        method: None,
        reason: None,
    };
    for (state, expected) in [
        ("draft", "A draft: it can still change."),
        ("approved", "Approved: it will be sent soon."),
        ("processing", "On its way since 5 July 2026."),
        ("settled", "Paid on 6 July 2026."),
        (
            "failed",
            "Failed on 6 July 2026: nothing was paid, and its lines go out \
             with a later payout.",
        ),
        (
            "returned",
            "Returned by the bank on 6 July 2026: what came back goes out with a later payout.",
        ),
        ("cancelled", "Cancelled: its lines go out with a later payout."),
    ] {
        assert_eq!(progress(&head(state), &zone), expected);
    }
}
