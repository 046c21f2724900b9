//! Cases of every candidate, each window to the second, and the order they are tried in.

use super::Kind::{Click, Coupon, Customer};
use super::*;
use uuid::Uuid;

const DAY: i64 = 86_400;
const AFFILIATE: AffiliateId = AffiliateId(Uuid::from_u128(2));
const OTHER: AffiliateId = AffiliateId(Uuid::from_u128(4));
const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(3));

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a second of the test")
}

fn order(second: i64) -> Order<'static> {
    Order { at: at(second), click_id: Some("clk_x"), coupon_code: None, has_customer: false }
}

fn own() -> SeenLink {
    SeenLink::Own { affiliate_id: AFFILIATE, campaign_id: CAMPAIGN, cookie_days: 30 }
}

fn proven(class: ClickClass, link: SeenLink) -> ClickFacts {
    ClickFacts::Proven { class, clicked_at: at(1000), recorded: true, link }
}

fn by_click(click: ClickFacts) -> Facts {
    Facts { click: Some(click), ..Facts::default() }
}

fn earner(by: Kind, affiliate: AffiliateId, second: i64) -> Earner {
    Earner { by: Some(by), affiliate, campaign: Some(CAMPAIGN), windows_at: at(second) }
}

fn coupon() -> CouponFacts {
    CouponFacts::Assigned { affiliate_id: OTHER, campaign_id: CAMPAIGN }
}

fn customer(window_until: i64) -> CustomerClick {
    CustomerClick {
        conversion_id: "cnv_earlier".to_owned(),
        judged_at: at(1500),
        click_id: Some("clk_earlier".to_owned()),
        clicked_at: at(1400),
        window_until: at(window_until),
        affiliate_id: OTHER,
        campaign_id: CAMPAIGN,
    }
}

#[test]
fn every_reason_and_result_has_its_word() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    assert_eq!(Kind::parse("person"), None);
    for word in Reason::WORDS {
        let read: Reason = serde_json::from_value(word.into()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), word);
    }
    for word in Outcome::WORDS {
        let read: Outcome = serde_json::from_value(word.into()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), word);
    }
}

#[test]
fn the_first_rule_a_click_breaks_is_its_reason() {
    let seen = |link| proven(ClickClass::Human, link);
    let elsewhere = SeenLink::OtherEnvironment {
        affiliate_id: AFFILIATE,
        campaign_id: CAMPAIGN,
        cookie_days: 30,
    };
    let end = 1000 + 30 * DAY;
    let cases = [
        (ClickFacts::Absent, 2000, Some(Reason::Absent)),
        (ClickFacts::Mangled, 2000, Some(Reason::Mangled)),
        (ClickFacts::Forged, 2000, Some(Reason::Forged)),
        (seen(SeenLink::Unknown { number: 9 }), 2000, Some(Reason::LinkUnknown)),
        (seen(SeenLink::OtherMerchant), 2000, Some(Reason::OtherMerchant)),
        (seen(elsewhere), 2000, Some(Reason::OtherEnvironment)),
        (seen(own()), 699, Some(Reason::ClickAfterOrder)),
        (seen(own()), 700, None),
        (seen(own()), 1000, None),
        (seen(own()), end - 1, None),
        (seen(own()), end, None),
        (seen(own()), end + 1, Some(Reason::WindowPassed)),
    ];
    for (click, second, reason) in cases {
        let facts = by_click(click);
        let (verdict, receipt) = attribute(order(second), &Setting::default(), &facts);
        assert_eq!(receipt.candidates[0].reason, reason, "{facts:?} at {second}");
        let expected = match reason {
            None => Verdict::Earned(earner(Kind::Click, AFFILIATE, 1000)),
            Some(Reason::LinkUnknown) => Verdict::AwaitingLink(9),
            Some(_) => Verdict::Nobody,
        };
        assert_eq!(verdict, expected, "{facts:?} at {second}");
    }
}

#[test]
fn a_click_that_is_not_human_still_earns_and_is_a_risk_reason() {
    for class in ClickClass::ALL {
        let facts = by_click(proven(class, own()));
        let (verdict, receipt) = attribute(order(2000), &Setting::default(), &facts);
        assert_eq!(verdict, Verdict::Earned(earner(Kind::Click, AFFILIATE, 1000)));
        let expected =
            (class != ClickClass::Human).then(|| format!("click_class_{}", class.as_str()));
        assert_eq!(receipt.risk_reasons, Vec::from_iter(expected));
    }
}

#[test]
fn another_merchant_s_affiliate_is_not_told() {
    let facts = by_click(proven(ClickClass::Human, SeenLink::OtherMerchant));
    let (_, receipt) = attribute(order(2000), &Setting::default(), &facts);
    assert_eq!(receipt.candidates[0].affiliate_id, None);
    assert_eq!(receipt.risk_reasons, ["click_other_merchant"]);
}

#[test]
fn a_lost_click_record_never_loses_an_attribution() {
    let click = ClickFacts::Proven {
        class: ClickClass::Human,
        clicked_at: at(1000),
        recorded: false,
        link: own(),
    };
    let (verdict, receipt) = attribute(order(2000), &Setting::default(), &by_click(click));
    assert!(matches!(verdict, Verdict::Earned(_)));
    assert_eq!(receipt.candidates[0].notes, ["click_record_missing"]);
}

#[test]
fn a_coupon_waits_for_a_person_unless_the_merchant_chose_automatic() {
    let order = Order { coupon_code: Some("SAVE10"), click_id: None, ..order(2000) };
    let by_hand = Setting::default();
    let by_itself = Setting { automatic: vec![Kind::Coupon], ..Setting::default() };
    let won = earner(Kind::Coupon, OTHER, 2000);
    let cases = [
        (CouponFacts::Unknown, &by_hand, Verdict::Nobody, Some(Reason::CouponUnknown)),
        (CouponFacts::NotInForce, &by_itself, Verdict::Nobody, Some(Reason::CouponNotInForce)),
        (coupon(), &by_hand, Verdict::Proposed(won), None),
        (coupon(), &by_itself, Verdict::Earned(won), None),
    ];
    for (coupon, setting, expected, reason) in cases {
        let facts =
            Facts { click: Some(ClickFacts::Absent), coupon: Some(coupon), ..Facts::default() };
        let (verdict, receipt) = attribute(order, setting, &facts);
        assert_eq!(verdict, expected, "{facts:?}");
        assert_eq!(receipt.candidates[1].reason, reason, "{facts:?}");
        assert_eq!(receipt.confidence, if reason.is_none() { "MEDIUM" } else { "LOW" });
    }
}

#[test]
fn a_customer_s_earlier_click_counts_to_the_last_second_of_its_window() {
    let order = |second| Order { has_customer: true, click_id: None, ..order(second) };
    for (second, reason) in [(4999, None), (5000, None), (5001, Some(Reason::WindowPassed))] {
        let facts = Facts { customer: Some(customer(5000)), ..Facts::default() };
        let (verdict, receipt) = attribute(order(second), &Setting::default(), &facts);
        assert_eq!(receipt.candidates[2].reason, reason, "{second}");
        let won = earner(Kind::Customer, OTHER, 1400);
        let expected = reason.map_or(Verdict::Proposed(won), |_| Verdict::Nobody);
        assert_eq!(verdict, expected, "{second}");
    }
    let (_, receipt) = attribute(order(2000), &Setting::default(), &Facts::default());
    assert_eq!(receipt.candidates[2].reason, Some(Reason::CustomerNew));
    assert_eq!(receipt.why, "No earlier order of this customer came by a click.");
}

#[test]
fn the_merchant_s_order_decides_and_what_comes_after_the_winner_is_not_reached() {
    let order = Order { coupon_code: Some("SAVE10"), has_customer: true, ..order(2000) };
    let facts = Facts {
        click: Some(proven(ClickClass::Human, own())),
        coupon: Some(coupon()),
        customer: Some(customer(5000)),
        link_wait_over: false,
    };
    for (kinds, winner) in [
        (vec![Click, Coupon, Customer], Click),
        (vec![Coupon, Click, Customer], Coupon),
        (vec![Customer, Coupon, Click], Customer),
        (vec![Coupon], Coupon),
    ] {
        let setting = Setting { order: kinds.clone(), ..Setting::default() };
        let (verdict, receipt) = attribute(order, &setting, &facts);
        assert_eq!(verdict.earner().and_then(|earner| earner.by), Some(winner));
        let shown: Vec<_> = receipt.candidates.iter().map(|c| (c.kind, c.result)).collect();
        let expected: Vec<_> = kinds
            .iter()
            .map(|kind| (*kind, if *kind == winner { Outcome::Won } else { Outcome::NotReached }))
            .collect();
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_click_whose_link_never_came_makes_room_for_the_next_candidate() {
    let order = Order { coupon_code: Some("SAVE10"), ..order(2000) };
    let click = Some(proven(ClickClass::Human, SeenLink::Unknown { number: 9 }));
    let mut facts = Facts { click, coupon: Some(coupon()), ..Facts::default() };
    assert_eq!(attribute(order, &Setting::default(), &facts).0, Verdict::AwaitingLink(9));
    facts.link_wait_over = true;
    let (verdict, receipt) = attribute(order, &Setting::default(), &facts);
    assert_eq!(verdict, Verdict::Proposed(earner(Kind::Coupon, OTHER, 2000)));
    assert_eq!(receipt.candidates[0].reason, Some(Reason::LinkUnknown));
    // A coupon that comes first needs no link.
    let setting = Setting { order: vec![Kind::Coupon, Kind::Click], ..Setting::default() };
    facts.link_wait_over = false;
    assert!(matches!(attribute(order, &setting, &facts).0, Verdict::Proposed(_)));
}

#[test]
fn a_receipt_from_before_coupons_still_reads() {
    let text = r#"{"order":["click"],"judgedAt":"2026-06-14T03:45:00Z","confidence":"LOW",
        "candidates":[{"kind":"click","result":"lost","reason":"absent"}],"riskReasons":[],
        "why":"The order came without a click id.","pricing":{}}"#;
    let receipt: Receipt = serde_json::from_str(text).unwrap();
    assert_eq!((receipt.setting_version, receipt.facts), (0, None));
}

#[test]
fn the_setting_in_force_is_the_latest_written_that_has_begun() {
    let version =
        |version, second| Setting { version, in_force_from: at(second), ..Setting::default() };
    let versions = [version(1, 100), version(2, 200)];
    let found = |second| in_force(&versions, at(second)).map(|setting| setting.version);
    assert_eq!([found(99), found(100), found(199), found(200)], [None, Some(1), Some(1), Some(2)]);
}

#[test]
fn what_was_not_sent_is_absent_whatever_is_known() {
    let order = Order { click_id: None, ..order(2000) };
    let facts =
        Facts { coupon: Some(coupon()), customer: Some(customer(5000)), ..Facts::default() };
    let (verdict, receipt) = attribute(order, &Setting::default(), &facts);
    assert_eq!(verdict, Verdict::Nobody);
    let reasons: Vec<_> = receipt.candidates.iter().map(|candidate| candidate.reason).collect();
    assert_eq!(reasons, [Some(Reason::Absent); 3]);
    assert_eq!(receipt.why, "The order came without a click id.");
}

#[test]
fn a_receipt_says_why_its_winner_won_and_comes_out_again() {
    let order = Order { coupon_code: Some("SAVE10"), has_customer: true, ..order(2000) };
    let facts = Facts {
        click: Some(proven(ClickClass::Human, own())),
        coupon: Some(coupon()),
        customer: Some(customer(5000)),
        link_wait_over: true,
    };
    let click = "A click of this merchant, inside its cookie window, earns the order.";
    let coupon = "The order's coupon belongs to one affiliate, who earns the order.";
    let coupon_first = "The order's coupon belongs to one affiliate; a person confirms it first.";
    let customer =
        "The customer came by an affiliate's click before, and its cookie window still runs.";
    let customer_first = "The customer came by an affiliate's click before, and its cookie window \
         still runs; a person confirms it first.";
    for (kind, by_itself, by_hand) in [
        (Click, click, click),
        (Coupon, coupon, coupon_first),
        (Customer, customer, customer_first),
    ] {
        for (automatic, why) in [(vec![kind], by_itself), (Vec::new(), by_hand)] {
            let setting = Setting { order: vec![kind], automatic, ..Setting::default() };
            let (verdict, receipt) = attribute(order, &setting, &facts);
            assert_eq!(receipt.why, why);
            assert_eq!(receipt.winner().map(|winner| winner.kind), Some(kind));
            assert_eq!(recompute(order, &receipt), Some((verdict, receipt.clone())));
            assert_eq!(recompute(order, &Receipt { facts: None, ..receipt }), None);
        }
    }
}

#[test]
fn everything_that_was_sent_and_lost_is_told_once() {
    let order = Order { coupon_code: Some("SAVE10"), has_customer: true, ..order(2000) };
    let click = Some(ClickFacts::Forged);
    let facts = Facts { click, coupon: Some(CouponFacts::Unknown), ..Facts::default() };
    let (_, receipt) = attribute(order, &Setting::default(), &facts);
    let forged = "The click id has a false seal: it was not made here.";
    let unknown = "Its coupon is not assigned to any affiliate.";
    let new = "No earlier order of this customer came by a click.";
    assert_eq!(receipt.why, format!("{forged} {unknown} {new}"));
    assert_eq!(receipt.winner(), None);
    assert_eq!(receipt.risk_reasons, ["click_forged"]);
}
