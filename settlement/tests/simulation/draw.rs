//! What merchants tell, drawn to meet the edges of every rule.

use crate::model::Scope;
use crate::network::Network;
use crate::random::Random;
use crate::told::{self, DAY, Line, Micros, Refunded, SECOND, SentClick, Truth, ZONES};
use shared::click_id::{Click, ClickClass};
use shared::keys::ClickKeys;

/// How far back reports usually reach, in orders.
const RECENT: usize = 40;
const SKUS: [&str; 4] = ["A", "B", "C", "none"];

/// A click that was made, and may be recorded later.
#[derive(Debug, Clone)]
pub struct Made {
    pub sent: SentClick,
    pub exact: Micros,
    pub class: ClickClass,
}

pub fn order_name(number: usize) -> String {
    format!("O-{number}")
}

/// An order's currency hangs on its number, so that a report can know it before the order comes.
pub fn currency_of(number: usize) -> usize {
    match number % 11 {
        0 => 1,
        1 => 2,
        _ => 0,
    }
}

fn amount(random: &mut Random) -> i64 {
    match random.below(10) {
        0 => random.between(0, 9),
        1 => 100 * random.between(1, 50),
        2..7 => random.between(10, 9_999),
        _ => random.between(1_000, 300_000),
    }
}

pub fn click(
    random: &mut Random,
    network: &Network,
    scope: usize,
    now: Micros,
    keys: &ClickKeys,
) -> Made {
    let book = &network.books[scope];
    let link = match random.below(20) {
        0 => random.of(&network.books[(scope + 1) % network.books.len()].links),
        1 => random.of(&network.books[(scope + 2) % network.books.len()].links),
        2 => random.of(&book.late_links),
        _ => random.of(&book.links),
    };
    let age = match random.below(10) {
        0..5 => random.between(0, 7_200),
        5..7 => random.between(0, 10 * 86_400),
        7 => random.between(0, 40 * 86_400),
        8 => 86_400 * random.of(&[1, 7, 30]),
        _ => -random.between(0, 600),
    };
    let second = now.div_euclid(SECOND) - age;
    let is_human = random.percent(70);
    let other = ClickClass::ALL[random.below(ClickClass::ALL.len())];
    let class = if is_human { ClickClass::Human } else { other };
    let is_human = class == ClickClass::Human;
    let click = Click {
        link_number: link,
        clicked_at_seconds: u32::try_from(second).expect("this century"),
        class,
        random: random.next() & shared::click_id::U40_MAX,
    };
    let text = click.seal(keys);
    let exact = second * SECOND + 1_000 * random.between(0, 999);
    Made { sent: SentClick { text, truth: Truth::Made { link, second, is_human } }, exact, class }
}

/// A click id that is none.
fn broken(random: &mut Random, made: &Made) -> SentClick {
    if random.percent(50) {
        return SentClick { text: "clk_lost".to_owned(), truth: Truth::Damaged };
    }
    let mut text = made.sent.text.clone();
    let last = if text.pop() == Some('0') { '1' } else { '0' };
    text.push(last);
    SentClick { text, truth: Truth::Forged }
}

pub fn order(
    random: &mut Random,
    books: &Scope,
    number: usize,
    made: Option<&Made>,
    now: Micros,
) -> told::Order {
    let clock = books.clock(now);
    let lines: Vec<Line> = if random.percent(40) {
        let line = |random: &mut Random| Line {
            sku: random.of(&SKUS[..3]),
            quantity: random.of(&[1, 1, 1, 2, 3, 7]),
            price: amount(random) / 3,
        };
        (0..random.between(1, 3)).map(|_| line(random)).collect()
    } else {
        Vec::new()
    };
    let sum: i64 = lines.iter().map(|line| line.quantity * line.price).sum();
    let total = match random.below(4) {
        _ if lines.is_empty() => amount(random),
        0 => sum + random.between(0, 500),
        1 => sum - random.between(0, sum / 2),
        _ => sum,
    };
    let ordered_at = match random.below(10) {
        0..6 => None,
        6..8 => Some(clock - random.between(0, 3 * DAY)),
        8 => Some(clock + random.between(0, DAY)),
        _ if books.is_test => Some(clock + random.between(DAY, 2 * DAY)),
        _ => Some(clock),
    };
    told::Order {
        order: order_name(number),
        amount: total,
        currency: currency_of(number),
        click: match made {
            Some(made) if random.percent(6) => Some(broken(random, made)),
            made => made.map(|made| made.sent.clone()),
        },
        product: random.percent(40).then(|| random.of(&SKUS)),
        lines,
        status: random.percent(25).then(|| {
            random.of(&["pending", "confirmed", "delivered", "cancelled", "returned", "refunded"])
        }),
        ordered_at,
    }
}

pub fn report(random: &mut Random, books: &Scope, newest: usize, now: Micros) -> told::Report {
    let number = match random.below(20) {
        0 => random.below(newest + 1),
        1 => newest + random.below(4),
        _ => newest.saturating_sub(random.below(RECENT)),
    };
    let clock = books.clock(now);
    let status = random.of(&[
        "pending",
        "confirmed",
        "confirmed",
        "paid",
        "paid",
        "delivered",
        "delivered",
        "delivered",
        "cancelled",
        "returned",
        "refunded",
        "refunded",
        "refunded",
        "commission_approved",
        "commission_rejected",
    ]);
    let at = match random.below(10) {
        0..5 => None,
        5..8 => Some(clock - random.between(0, 5 * DAY)),
        8 => Some(clock + random.between(0, DAY)),
        _ if books.is_test => Some(clock + random.between(DAY, 2 * DAY)),
        _ => Some(clock - SECOND * random.between(0, 3)),
    };
    let mut report = told::Report {
        order: order_name(number),
        status,
        at,
        zone: random.below(ZONES.len()),
        refunded: None,
        items: Vec::new(),
    };
    if matches!(status, "cancelled" | "returned" | "refunded") {
        let whole = books.orders.get(&report.order).map_or(1_000, |order| order.told.amount);
        take_back(random, number, whole, &mut report);
    }
    report
}

fn take_back(random: &mut Random, number: usize, whole: i64, report: &mut told::Report) {
    match random.below(10) {
        0 | 1 => {}
        2 if random.percent(20) => report.refunded = Some(Refunded::TooFine),
        2..7 => {
            // A half, a quarter, three quarters: where roundings meet their ties.
            let minor = match random.below(3) {
                0 => whole * random.of(&[1, 2, 3]) / 4,
                _ => amount(random).max(1) / random.of(&[1, 1, 2, 10]),
            };
            let minor = minor.max(1);
            report.refunded = Some(Refunded::Minor { minor, currency: currency_of(number) });
        }
        _ => {
            for sku in SKUS {
                if random.percent(40) {
                    report.items.push((sku, random.between(1, 4)));
                }
            }
        }
    }
}
