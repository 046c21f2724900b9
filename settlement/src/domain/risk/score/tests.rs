//! Every signal at its boundary, the cap, the threshold, what a clearance covers.

use super::super::weights::{WEIGHTS, WEIGHTS_1};
use super::*;
use rust_decimal::Decimal;
use shared::click_id::ClickClass;

fn facts() -> Facts {
    Facts { signals: Signals::default(), counts: Counts::default() }
}

fn with_signals(change: impl FnOnce(&mut Signals)) -> Facts {
    let mut facts = facts();
    change(&mut facts.signals);
    facts
}

fn with_counts(change: impl FnOnce(&mut Counts)) -> Facts {
    let mut facts = facts();
    change(&mut facts.counts);
    facts
}

fn check(facts: &Facts, expected: &[Reason]) {
    let score = score(facts, WEIGHTS);
    assert_eq!(score.codes().into_iter().collect::<Vec<_>>(), expected, "{facts:?}");
    let sum: u32 = expected.iter().map(|reason| WEIGHTS.points(*reason)).sum();
    assert_eq!(score.points, sum.min(POINTS_MAX), "{facts:?}");
    assert_eq!(score.weights_version, 1);
}

#[test]
fn nothing_known_is_no_reason() {
    check(&facts(), &[]);
}

#[test]
fn every_class_but_a_person_s_is_a_reason() {
    for class in ClickClass::ALL.into_iter().filter(|class| *class != ClickClass::Human) {
        check(&with_signals(|s| s.click_class = Some(class)), &[Reason::ClickNotHuman]);
    }
}

#[test]
fn an_order_is_quick_below_ten_seconds() {
    for (seconds, quick) in [(-300, true), (0, true), (9, true), (10, false), (11, false)] {
        let expected: &[Reason] = if quick { &[Reason::QuickOrder] } else { &[] };
        check(&with_signals(|s| s.click_to_order_seconds = Some(seconds)), expected);
    }
}

#[test]
fn an_affiliate_is_fast_above_twenty_orders_an_hour() {
    for (orders, fast) in [(20, false), (21, true)] {
        let expected: &[Reason] = if fast { &[Reason::AffiliateVelocity] } else { &[] };
        check(&with_counts(|c| c.affiliate_hour_orders = orders), expected);
    }
}

#[test]
fn a_shopper_hash_is_fast_above_three_orders_a_day() {
    for (orders, fast) in [(3, false), (4, true)] {
        let expected: &[Reason] = if fast { &[Reason::ShopperVelocity] } else { &[] };
        check(&with_counts(|c| c.shopper_day_orders = orders), expected);
    }
}

#[test]
fn a_refund_rate_counts_above_thirty_percent_of_at_least_twenty() {
    let cases = [
        (19, 19, false),
        (20, 6, false),
        (20, 7, true),
        (1_000, 300, false),
        (1_000, 301, true),
        (0, 0, false),
    ];
    for (orders, reversed, high) in cases {
        let expected: &[Reason] = if high { &[Reason::RefundRate] } else { &[] };
        let facts = with_counts(|c| {
            c.affiliate_orders = orders;
            c.affiliate_reversed = reversed;
        });
        check(&facts, expected);
    }
}

#[test]
fn countries_are_compared_only_when_both_are_known() {
    let cases = [
        (Some("NP"), Some("IN"), true),
        (Some("NP"), Some("np"), false),
        (Some("NP"), None, false),
        (None, Some("IN"), false),
    ];
    for (click, order, differ) in cases {
        let expected: &[Reason] = if differ { &[Reason::CountryMismatch] } else { &[] };
        let facts = with_signals(|s| {
            s.click_country = click.map(str::to_owned);
            s.order_country = order.map(str::to_owned);
        });
        check(&facts, expected);
    }
}

#[test]
fn an_amount_stands_out_above_ten_times_the_median() {
    let cases = [
        (Some("100.00"), "1000.00", false),
        (Some("100.00"), "1000.01", true),
        (Some("0.00"), "1000.00", false),
        (None, "999999.00", false),
    ];
    for (median, amount, outlier) in cases {
        let expected: &[Reason] = if outlier { &[Reason::AmountOutlier] } else { &[] };
        let decimal = |text: &str| text.parse::<Decimal>().expect("a decimal of the test");
        let facts = with_signals(|s| {
            s.median_amount = median.map(decimal);
            s.order_amount = Some(decimal(amount));
        });
        check(&facts, expected);
    }
}

#[test]
fn plain_reasons_hold_when_they_are_said() {
    for fault in [ClickFault::Forged, ClickFault::OtherMerchant, ClickFault::OtherEnvironment] {
        check(&with_signals(|s| s.click_fault = Some(fault)), &[Reason::FaultyClick]);
    }
    check(&with_signals(|s| s.self_referral = true), &[Reason::SelfReferral]);
    check(&with_signals(|s| s.affiliate_suspended = true), &[Reason::AffiliateSuspended]);
    check(&with_counts(|c| c.same_sale = true), &[Reason::SameSale]);
}

#[test]
fn points_add_up_and_stop_at_a_hundred() {
    let facts = with_signals(|s| {
        s.click_class = Some(ClickClass::Bot);
        s.click_to_order_seconds = Some(3);
        s.self_referral = true;
    });
    check(&facts, &[Reason::ClickNotHuman, Reason::QuickOrder, Reason::SelfReferral]);
    assert_eq!(score(&facts, WEIGHTS).points, 100);
}

#[test]
fn a_score_needs_a_person_from_its_threshold_on() {
    let facts = with_signals(|s| {
        s.click_class = Some(ClickClass::Bot);
        s.self_referral = true;
    });
    let score = score(&facts, &WEIGHTS_1);
    assert_eq!(score.points, 90);
    for (threshold, outcome) in [(89, Outcome::Review), (90, Outcome::Review), (91, Outcome::Clear)]
    {
        assert_eq!(score.outcome(threshold, None), outcome, "{threshold}");
    }
}

#[test]
fn a_suspended_affiliate_is_reviewed_whatever_the_points() {
    let score = score(&with_signals(|s| s.affiliate_suspended = true), WEIGHTS);
    assert_eq!((score.points, score.outcome(100, None)), (0, Outcome::Review));
}

#[test]
fn a_clearance_covers_the_reasons_it_was_given_for_and_no_new_one() {
    let facts = with_signals(|s| {
        s.click_class = Some(ClickClass::Bot);
        s.self_referral = true;
    });
    let score = score(&facts, WEIGHTS);
    let covers = |reasons: &[Reason]| score.outcome(60, Some(&reasons.iter().copied().collect()));
    assert_eq!(covers(&[Reason::ClickNotHuman, Reason::SelfReferral]), Outcome::Cleared);
    let more = [Reason::ClickNotHuman, Reason::SelfReferral, Reason::SameSale];
    assert_eq!(covers(&more), Outcome::Cleared);
    assert_eq!(covers(&[Reason::ClickNotHuman]), Outcome::Review);
    assert_eq!(covers(&[]), Outcome::Review);
}

#[test]
fn a_score_is_made_again_from_its_kept_facts() {
    let mut facts = with_signals(|s| s.click_to_order_seconds = Some(4));
    facts.counts.same_sale = true;
    let kept = serde_json::to_string(&facts).expect("plain data");
    let read: Facts = serde_json::from_str(&kept).expect("plain data");
    assert_eq!(score(&read, WEIGHTS), score(&facts, WEIGHTS));
    let sentences: Vec<_> =
        score(&facts, WEIGHTS).reasons.into_iter().map(|weighed| weighed.sentence).collect();
    assert_eq!(
        sentences,
        [
            "The order came 4 seconds after its click.",
            "The same click and the same amount came under another order id within 10 minutes.",
        ]
    );
}

#[test]
fn an_outcome_s_word_reads_back() {
    let outcomes = [Outcome::Clear, Outcome::Review, Outcome::Cleared];
    assert_eq!(outcomes.map(Outcome::as_str), ["clear", "review", "cleared"]);
    assert_eq!(outcomes.map(|outcome| Outcome::parse(outcome.as_str())), outcomes.map(Some));
    assert_eq!(Outcome::parse("refused"), None);
}

#[test]
fn every_reason_is_said_in_a_sentence_with_its_figures() {
    let mut facts = facts();
    facts.signals = Signals {
        affiliate_suspended: true,
        click_class: Some(ClickClass::Bot),
        click_to_order_seconds: Some(1),
        self_referral: true,
        click_country: Some("NP".to_owned()),
        order_country: Some("IN".to_owned()),
        order_amount: Some(Decimal::new(100_001, 2)),
        median_amount: Some(Decimal::new(10_000, 2)),
        click_fault: Some(ClickFault::Forged),
        ..Signals::default()
    };
    facts.counts = Counts {
        affiliate_hour_orders: 21,
        affiliate_orders: 40,
        affiliate_reversed: 13,
        shopper_day_orders: 4,
        same_sale: true,
    };
    let said = |facts: &Facts| -> Vec<_> {
        score(facts, WEIGHTS).reasons.into_iter().map(|weighed| weighed.sentence).collect()
    };
    assert_eq!(
        said(&facts),
        [
            "The affiliate was suspended when the order was placed.",
            "The click was no person's: it was counted as bot.",
            "The order came 1 second after its click.",
            "The affiliate brought 21 orders in one hour.",
            "4 orders in one day came from the same shopper hash.",
            "The customer is known to be the affiliate itself.",
            "13 of the affiliate's 40 orders were taken back.",
            "The click came from NP, the order names IN.",
            "The order of 1000.01 is over 10 × the usual 100.00.",
            "The order came with a click id that was not made here.",
            "The same click and the same amount came under another order id within 10 minutes.",
        ]
    );
    for (seconds, sentence) in [
        (-1, "The order was placed before its click."),
        (0, "The order came 0 seconds after its click."),
        (2, "The order came 2 seconds after its click."),
    ] {
        assert_eq!(said(&with_signals(|s| s.click_to_order_seconds = Some(seconds))), [sentence]);
    }
}
