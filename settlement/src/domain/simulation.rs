//! A story of the sandbox: the events of one order's life, with the moves of the test clock between
//! them. The same seed tells the same story.

use rust_decimal::Decimal;
use shared::event::{ClockAdvance, Conversion, Event, OrderStatusReport};
use shared::money::Currency;
use shared::order_status::OrderStatus;
use shared::validate::{Scenario, Simulation};

const DAY_SECONDS: u64 = 86_400;
/// The whole story, in the parts that [`stages`] counts.
const WHOLE: u64 = 1_000;

/// What happens at one time of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happening {
    Order,
    Status(OrderStatus),
    /// Four tenths of the order are taken back.
    PartRefund,
}

/// When, in thousandths of the story, and what.
fn stages(scenario: Scenario) -> Vec<(u64, Happening)> {
    use Happening::{Order, PartRefund, Status};
    use OrderStatus::{Cancelled, Confirmed, Delivered, Refunded, Returned};
    let sent = [(0, Order), (50, Status(Confirmed)), (100, Status(Delivered))];
    let and = |last: (u64, Happening)| sent.into_iter().chain([last]).collect();
    match scenario {
        Scenario::Delivered | Scenario::Unattributed => sent.to_vec(),
        Scenario::PartialRefund => and((150, PartRefund)),
        Scenario::Returned => and((150, Status(Returned))),
        Scenario::LateRefund => and((900, Status(Refunded))),
        Scenario::Cancelled => vec![(0, Order), (50, Status(Cancelled))],
        Scenario::Undelivered => vec![(0, Order), (50, Status(Confirmed))],
        Scenario::LateOrder => vec![(900, Order)],
    }
}

/// The order id of a story.
pub fn order_id(story: Simulation) -> String {
    format!("sim-{}-{}", story.scenario.as_str(), story.seed)
}

/// Whether the order of a story is reported with its click.
pub fn has_click(story: Simulation) -> bool {
    story.scenario != Scenario::Unattributed
}

/// The 40 random bits of the story's click id.
pub fn click_random(story: Simulation) -> u64 {
    let scenario = Scenario::ALL.into_iter().position(|(_, known)| known == story.scenario);
    mix(u64::from(story.seed) << 8 | scenario.unwrap_or(0) as u64) >> 24
}

/// A whole amount from 1,000 to 9,990 that any currency can hold and four tenths of which is whole.
fn amount(story: Simulation) -> Decimal {
    Decimal::from(1_000 + mix(u64::from(story.seed)) % 900 * 10)
}

/// The events of a story, in order; together its moves are `days` long.
pub fn events(story: Simulation, currency: Currency, click_id: Option<&str>) -> Vec<Event> {
    let span = u64::from(story.days) * DAY_SECONDS;
    let mut events = Vec::new();
    let mut told_seconds = 0;
    let mut go_on = |to: u64, events: &mut Vec<Event>| {
        let at_seconds = span * to / WHOLE;
        if let Ok(seconds @ 1..) = u32::try_from(at_seconds - told_seconds) {
            events.push(Event::ClockAdvance(ClockAdvance { seconds }));
        }
        told_seconds = at_seconds;
    };
    for (at, happening) in stages(story.scenario) {
        go_on(at, &mut events);
        events.push(match happening {
            Happening::Order => Event::Conversion(order(story, currency, click_id)),
            Happening::Status(status) => Event::OrderStatus(report(story, status, None)),
            Happening::PartRefund => {
                let part = amount(story) * Decimal::from(4) / Decimal::from(10);
                Event::OrderStatus(report(story, OrderStatus::Refunded, Some(part)))
            }
        });
    }
    go_on(WHOLE, &mut events);
    events
}

fn order(story: Simulation, currency: Currency, click_id: Option<&str>) -> Conversion {
    Conversion {
        external_order_id: order_id(story),
        order_amount: amount(story),
        currency,
        click_id: click_id.map(str::to_owned),
        external_product_id: None,
        order_status: None,
        ordered_at: None,
        coupon_code: None,
        customer_hash: None,
        items: Vec::new(),
        metadata: None,
    }
}

fn report(
    story: Simulation,
    status: OrderStatus,
    refunded_amount: Option<Decimal>,
) -> OrderStatusReport {
    OrderStatusReport {
        external_order_id: order_id(story),
        status,
        click_id: None,
        status_updated_at: None,
        reason: None,
        refunded_amount: refunded_amount.map(|part| part.normalize()),
        items: Vec::new(),
        metadata: None,
    }
}

/// Spreads a seed over 64 bits (the finaliser of splitmix64).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).expect("a currency")
    }

    fn story(scenario: Scenario, seed: u32, days: u32) -> Simulation {
        Simulation { scenario, seed, days }
    }

    #[test]
    fn every_story_moves_the_clock_by_its_days_and_opens_with_or_without_its_click() {
        for (_, scenario) in Scenario::ALL {
            for days in [1, 7, 60, 366] {
                let events = events(story(scenario, 7, days), currency("NPR"), None);
                let moved: u64 = events
                    .iter()
                    .map(|event| match event {
                        Event::ClockAdvance(by) => u64::from(by.seconds),
                        Event::Conversion(_) | Event::OrderStatus(_) | Event::Shop(_) => 0,
                    })
                    .sum();
                assert_eq!(moved, u64::from(days) * DAY_SECONDS, "{scenario:?} {days}");
                let orders =
                    events.iter().filter(|event| matches!(event, Event::Conversion(_))).count();
                assert_eq!(orders, 1, "{scenario:?}");
            }
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_story_and_another_another() {
        let told = |seed| {
            let events = events(story(Scenario::PartialRefund, seed, 60), currency("JPY"), None);
            events.iter().map(Event::to_json).collect::<Vec<_>>()
        };
        assert_eq!(told(7), told(7));
        assert_ne!(told(7), told(8));
    }

    #[test]
    fn amounts_are_whole_in_every_part() {
        for seed in 0..2_000 {
            for event in events(story(Scenario::PartialRefund, seed, 60), currency("JPY"), None) {
                let amount = match event {
                    Event::Conversion(order) => order.order_amount,
                    Event::OrderStatus(report) => report.refunded_amount.unwrap_or_default(),
                    Event::Shop(_) | Event::ClockAdvance(_) => continue,
                };
                assert!(amount.normalize().scale() == 0 && amount < Decimal::from(10_000));
            }
        }
    }
}
