//! What risk freezes of a sale, and what it counts, along histories told to books in memory.

use super::super::super::risk::desk::{Loaded, Sale, StateChange};
use super::super::super::risk::signals::{ClickFault, ClickRecord, sale_key};
use super::super::super::risk::tally::{Key, Tally};
use super::super::super::risk::{Counts, Signals};
use super::*;
use shared::id::EventKind;

pub(super) const AFFILIATE: AffiliateId = AffiliateId(Uuid::from_u128(2));

impl History {
    /// An order earned by this click, with whatever else was sent.
    fn sold(&mut self, id: &str, click: &str, beside: &serde_json::Value) -> &Signals {
        let mut json = serde_json::json!({
            "externalOrderId": id, "orderAmount": "100.00", "currency": "NPR", "clickId": click,
        });
        for (name, value) in beside.as_object().into_iter().flatten() {
            json[name.as_str()] = value.clone();
        }
        self.tell_json(EventKind::Conversion, &json);
        &self.get(id).signals
    }

    pub(super) fn click_by(&mut self, shopper_hash: &str, country: &str) -> String {
        let click = self.click(LINK);
        let canonical = shared::click_id::canonical(&click).expect("an id of ours");
        let record = ClickRecord {
            shopper_hash: Some(shopper_hash.to_owned()),
            country: Some(country.to_owned()),
        };
        self.book.click_instants.insert(canonical.clone(), at(self.now));
        self.book.risk.clicks.insert(canonical, record);
        click
    }

    fn counts(&self, id: &str) -> Option<Counts> {
        let signals = &self.get(id).signals;
        let id = self.book.conversion_id(id);
        let view = self.book.risk.view(id, AFFILIATE, signals, &self.book.clock);
        view.map(|view| view.facts.counts)
    }
}

#[test]
fn an_affiliate_is_suspended_from_the_instant_of_the_change_on() {
    let change =
        |second, is_suspended| StateChange { in_force_from: at(T0 + second), is_suspended };
    for (changes, suspended) in [
        (vec![change(100, true), change(200, false)], [false, true, true, false]),
        (Vec::new(), [false; 4]),
    ] {
        let mut history = live();
        history.book.risk.states.insert(AFFILIATE, changes);
        let click = history.click(LINK);
        history.wait(1_000);
        for (second, suspended) in [99, 100, 199, 200].into_iter().zip(suspended) {
            let ordered_at = serde_json::json!({ "orderedAt": at(T0 + second).to_string() });
            let signals = history.sold(&format!("at {second}"), &click, &ordered_at);
            assert_eq!(signals.affiliate_suspended, suspended, "{second}");
        }
    }
}

#[test]
fn a_customer_entered_as_the_affiliate_itself_is_a_self_referral() {
    let mut history = live();
    history.book.risk.own_customers.insert((AFFILIATE, "own".to_owned()));
    let other = AffiliateId(Uuid::from_u128(5));
    history.book.risk.own_customers.insert((other, "other's own".to_owned()));
    let click = history.click(LINK);
    for (customer, expected) in [("own", true), ("other's own", false), ("stranger", false)] {
        let sent = serde_json::json!({ "customerHash": customer });
        assert_eq!(history.sold(customer, &click, &sent).self_referral, expected, "{customer}");
    }
    assert!(!history.sold("none sent", &click, &serde_json::json!({})).self_referral);
}

#[test]
fn a_sale_keeps_its_click_s_record_and_both_countries() {
    let mut history = live();
    let click = history.click_by("shopper", "np");
    history.wait(7);
    let sent = serde_json::json!({ "metadata": { "country": "in" } });
    let signals = history.sold("A", &click, &sent).clone();
    let expected = Signals {
        ordered_at: at(T0 + 107),
        click_to_order_seconds: Some(7),
        click_country: Some("NP".to_owned()),
        order_country: Some("IN".to_owned()),
        shopper_hash: Some("shopper".to_owned()),
        sale_key: sale_key(Some(&click), Decimal::from(100), npr()),
        ..Signals::default()
    };
    assert_eq!(signals, expected);
}

#[test]
fn a_sale_without_its_click_s_record_says_which_it_awaits() {
    let mut history = live();
    let click = history.click(LINK);
    let awaited = history.sold("A", &click, &serde_json::json!({})).awaits_click.clone();
    assert_eq!(awaited, shared::click_id::canonical(&click));
    assert!(awaited.is_some());
}

#[test]
fn a_faulty_click_is_frozen_by_its_fault() {
    let mut history = live();
    let elsewhere = |environment, merchant, history: &History| {
        let link = history.book.links[&LINK].clone();
        LinkFacts { environment, merchant: MerchantId(Uuid::from_u128(merchant)), ..link }
    };
    let other_merchant = elsewhere(Environment::Live, 8, &history);
    let other_environment = elsewhere(Environment::Test, 1, &history);
    history.book.links.insert(43, other_merchant);
    history.book.links.insert(44, other_environment);
    let random = 7;
    let forged =
        Click { link_number: LINK, clicked_at_seconds: 5, class: ClickClass::Human, random }.seal(
            &ClickKeys::parse(&format!("1:{}", "cd".repeat(32))).expect("a well-formed list"),
        );
    let cases = [
        (forged, Some(ClickFault::Forged)),
        (history.click(43), Some(ClickFault::OtherMerchant)),
        (history.click(44), Some(ClickFault::OtherEnvironment)),
        ("CLK_example123".to_owned(), None),
        (history.click(LINK), None),
    ];
    for (nth, (click, fault)) in cases.into_iter().enumerate() {
        let signals = history.sold(&nth.to_string(), &click, &serde_json::json!({}));
        assert_eq!(signals.click_fault, fault, "{nth}");
    }
}

#[test]
fn a_total_is_held_against_the_median_of_those_before_it() {
    let mut history = live();
    let click = history.click(LINK);
    for nth in 0..20 {
        let amount = serde_json::json!({ "orderAmount": format!("{nth}.00") });
        let signals = history.sold(&nth.to_string(), &click, &amount);
        assert_eq!((signals.median_amount, signals.order_amount), (None, None), "{nth}");
    }
    let signals = history.sold("next", &click, &serde_json::json!({}));
    let median = Decimal::new(95, 1);
    assert_eq!(signals.median_amount, Some(median));
    assert_eq!(signals.order_amount, Some(Decimal::from(100)));
    assert_eq!(history.book.risk.amounts_added, HashSet::from([npr()]));
}

#[test]
fn what_was_counted_before_and_what_the_batch_adds_are_one_sum() {
    let mut history = live();
    let click = history.click_by("shopper", "NP");
    let placed = at(history.now);
    for (key, orders, reversed) in [
        (Key::Affiliate(AFFILIATE), 30, 4),
        (Key::hour(AFFILIATE, placed), 20, 0),
        (Key::day("shopper", placed), 10, 0),
        (Key::day("another", placed), 70, 0),
    ] {
        history.book.risk.tallies.insert(key, Tally { orders, reversed });
    }
    history.sold("A", &click, &serde_json::json!({}));
    history.sold("B", &click, &serde_json::json!({ "orderAmount": "7.00" }));
    history.report("B", S::Cancelled, None);
    let expected = Counts {
        affiliate_hour_orders: 22,
        affiliate_orders: 32,
        affiliate_reversed: 5,
        shopper_day_orders: 12,
        same_sale: false,
    };
    assert_eq!(history.counts("A"), Some(expected));
}

#[test]
fn another_order_of_the_same_sale_counts_up_to_ten_minutes_on_either_side() {
    let mut history = live();
    let click = history.click(LINK);
    history.wait(1_000);
    history.sold("A", &click, &serde_json::json!({}));
    let key = history.get("A").signals.sale_key.expect("a click of ours");
    let (own, other) = (history.book.conversion_id("A"), history.book.conversion_id("other"));
    for (conversion, apart, same) in [
        (other, 600, true),
        (other, -600, true),
        (other, 601, false),
        (other, -601, false),
        (own, 0, false),
    ] {
        let sale = Sale { conversion, ordered_at: at(history.now + apart) };
        history.book.risk.sales.insert(key, vec![sale]);
        let counts = history.counts("A").expect("everything is loaded");
        assert_eq!(counts.same_sale, same, "{apart}");
    }
    let far = Sale { conversion: other, ordered_at: at(history.now) };
    history.book.risk.sales = HashMap::from([(key ^ 1, vec![far])]);
    assert!(!history.counts("A").expect("everything is loaded").same_sale, "of another click");
}

#[test]
fn a_view_needs_its_order_and_every_one_of_its_counts() {
    let mut history = live();
    let click = history.click_by("shopper", "NP");
    history.sold("A", &click, &serde_json::json!({}));
    let placed = at(history.now);
    let all =
        [Key::Affiliate(AFFILIATE), Key::hour(AFFILIATE, placed), Key::day("shopper", placed)];
    let order = HashSet::from([history.book.conversion_id("A")]);
    let mut check = |orders: &HashSet<_>, keys: &[Key], there: bool| {
        let keys = keys.iter().cloned().collect();
        history.book.risk.loaded = Loaded::Only { orders: orders.clone(), keys };
        assert_eq!(history.counts("A").is_some(), there);
    };
    check(&order, &all, true);
    check(&HashSet::new(), &all, false);
    check(&order, &[], false);
    for missing in 0..all.len() {
        let mut some = all.to_vec();
        some.remove(missing);
        check(&order, &some, false);
    }
}

#[test]
fn a_click_that_did_not_earn_the_order_says_nothing_of_how_it_came() {
    let mut history = live();
    let click = history.click(LINK);
    history.wait(31 * DAY);
    let signals = history.sold("A", &click, &serde_json::json!({})).clone();
    assert_eq!((signals.click_to_order_seconds, signals.awaits_click), (None, None));
    assert!(signals.sale_key.is_some(), "but it still tells like sales");
}
