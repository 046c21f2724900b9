//! Ten thousand random histories: from its own facts and its event, every receipt comes out again.

use super::super::super::attribution::{Kind as By, Receipt, Setting, attribute};
use super::super::super::book::CouponVersion;
use super::*;

const HISTORIES: u64 = 10_000;
const ORDERS_MAX: u64 = 6;

/// xorshift64*: the same seed tells the same history.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).expect("a place in a list")]
    }
}

fn settings(dice: &mut Dice) -> Vec<Setting> {
    let orders: [&[By]; 5] = [
        &[By::Click, By::Coupon, By::Customer],
        &[By::Coupon, By::Click],
        &[By::Customer, By::Click, By::Coupon],
        &[By::Click],
        &[By::Coupon, By::Customer],
    ];
    let automatic: [&[By]; 3] = [&[], &[By::Coupon], &[By::Coupon, By::Customer]];
    (1..=u32::try_from(dice.below(3)).expect("few versions"))
        .map(|version| Setting {
            version,
            order: dice.of(&orders).to_vec(),
            automatic: dice.of(&automatic).to_vec(),
            in_force_from: at(T0 + i64::try_from(dice.below(40)).expect("few days") * DAY),
        })
        .collect()
}

fn history(dice: &mut Dice) -> History {
    let mut history = live();
    history.book.candidates.settings = settings(dice);
    let coupon = CouponVersion {
        affiliate: AffiliateId(Uuid::from_u128(5)),
        campaign: CampaignId(Uuid::from_u128(3)),
        in_force_from: at(T0 + DAY),
        ended_at: (dice.below(2) == 0).then(|| at(T0 + 20 * DAY)),
    };
    history.book.candidates.coupons.insert("save".to_owned(), vec![coupon]);
    let mut foreign = history.book.links[&LINK].clone();
    foreign.merchant = MerchantId(Uuid::from_u128(9));
    history.book.links.insert(43, foreign);
    let mut elsewhere = history.book.links[&LINK].clone();
    elsewhere.environment = Environment::Test;
    history.book.links.insert(44, elsewhere);
    history
}

/// One order with whatever it may carry; waits a while before and after its click.
fn any_order(history: &mut History, dice: &mut Dice, number: u64) {
    let mut pause = || i64::try_from(dice.below(17 * 86_400)).expect("few days");
    let (before, after) = (pause(), pause());
    history.wait(before);
    let click = match dice.below(8) {
        0 => None,
        1 => Some("clk_mangled".to_owned()),
        2 => Some(history.click(43)),
        3 => Some(history.click(44)),
        4 => Some(history.click(77)),
        _ => Some(history.click(LINK)),
    };
    history.wait(after);
    let mut event = serde_json::json!({
        "externalOrderId": format!("O{number}"), "orderAmount": "100.00", "currency": "NPR",
        "clickId": click, "couponCode": dice.of(&[None, Some("SAVE"), Some("other")]),
        "customerHash": dice.of(&[None, Some("ann"), Some("bob")]),
    });
    if dice.below(3) == 0 {
        let placed = history.now - i64::try_from(dice.below(20 * 86_400)).expect("few days");
        event["orderedAt"] = at(placed).to_string().into();
    }
    let kind = shared::id::EventKind::Conversion;
    history.tell(Event::from_json(kind, &event.to_string()).expect("an event"));
    let waiting = std::mem::take(&mut history.book.changes.newly_parked);
    for parked in waiting {
        history.book.resume(parked, at(history.now + LINK_WAIT_SECONDS));
    }
}

#[test]
fn every_receipt_comes_out_again_from_its_own_facts_and_its_event() {
    let mut winners = BTreeMap::<String, u64>::new();
    for seed in 1..=HISTORIES {
        let mut dice = Dice(seed);
        let mut history = history(&mut dice);
        for number in 0..=dice.below(ORDERS_MAX) {
            any_order(&mut history, &mut dice, number);
        }
        for order in history.book.orders.values() {
            let mut stored = order.attribution.clone();
            // What the rules said stands beside the receipt, not in it.
            stored.as_object_mut().expect("a receipt is an object").remove("pricing");
            let receipt: Receipt = serde_json::from_value(stored.clone()).expect("it reads");
            let again = super::super::super::attribution::Order {
                at: order.judged_at(),
                click_id: order.click_id.as_deref(),
                coupon_code: order.coupon_code.as_deref(),
                has_customer: order.customer_hash.is_some(),
            };
            let facts = receipt.facts.clone().expect("a receipt keeps its facts");
            let (verdict, recomputed) = attribute(again, &receipt.setting(), &facts);
            let text = serde_json::to_string(&recomputed).expect("plain data");
            let first = serde_json::to_string(&receipt).expect("plain data");
            assert_eq!(text, first, "seed {seed}, {}", order.external_order_id);
            assert_eq!(serde_json::to_value(&recomputed).expect("plain data"), stored);
            let earner = verdict.earner();
            assert_eq!(earner.map(|earner| earner.affiliate), order.affiliate, "seed {seed}");
            let by = earner.and_then(|earner| earner.by).map_or("nobody", By::as_str);
            *winners.entry(by.to_owned()).or_default() += 1;
        }
    }
    for by in ["click", "coupon", "customer", "nobody"] {
        assert!(winners[by] > HISTORIES / 20, "the histories say little of {by}: {winners:?}");
    }
}
