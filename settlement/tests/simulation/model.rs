//! The books as a careful person would keep them: one order after the other, in whole minor units.
//!
//! Written from the rules, not from the code it is compared with; it calls none of it.

mod fraction;
mod judge;
pub mod people;
pub mod pricing;
mod report;
pub mod risk;

pub use pricing::{About, Pays, Rule};

use crate::told::{self, DAY, Micros, SECOND, Told};
use judge::Judged;
use pricing::Price;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How long a status waits for its order, and an order for its link.
const REPORT_WAIT: Micros = 90 * DAY;
const LINK_WAIT: Micros = DAY;
const AHEAD_MAX: Micros = DAY;
const LEAD_MAX: Micros = 300 * SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Waiting,
    Running,
    Approved,
    Payable,
    InFlight,
    Paid,
    Rejected,
}

#[derive(Debug, Clone)]
pub struct Commission {
    pub affiliate: usize,
    pub state: State,
    pub price: Price,
    pub net: i64,
    pub hold_until: Option<Micros>,
    pub hold_days: i64,
    /// 1: confirmed starts the window, 2: paid, 3: delivered.
    pub starts_at_rank: u32,
    pub decided_at: Option<Micros>,
    pub approved_at: Option<Micros>,
    pub created_at: Micros,
    pub risk: risk::Standing,
    /// Corrections, and whether the merchant bears them.
    pub corrections: Vec<(i64, bool)>,
    pub changed_at: Micros,
}

/// Where an order stands with the review queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    None,
    Waiting,
    Decided,
}

#[derive(Debug, Clone)]
pub struct Order {
    pub told: told::Order,
    pub ordered_at: Micros,
    pub received: Micros,
    /// When the edge accepted it, in real time, and its place in the stream.
    pub sent: (Micros, usize),
    /// The instant it is judged at.
    pub at: Micros,
    /// The link it went on without.
    pub missing: Option<u64>,
    /// What was reported of it: when it happened, when it came, its place.
    pub facts: Vec<(Micros, Micros, usize, told::Report)>,
    pub refunded: i64,
    pub returned: Vec<(&'static str, i64)>,
    pub is_reversed: bool,
    pub signals: risk::Signals,
    pub review: Review,
    pub commission: Option<Commission>,
}

/// A version of a campaign's windows.
#[derive(Debug, Clone, Copy)]
pub struct Windows {
    pub from: Micros,
    pub cookie_days: i64,
    pub hold_days: i64,
    pub starts_at_rank: u32,
}

#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub scope: usize,
    pub affiliate: usize,
    pub campaign: usize,
}

/// An accepted event; what became of it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub told: Told,
    pub received: Micros,
    pub code: Option<&'static str>,
}

#[derive(Debug, Clone)]
struct Parked {
    seq: usize,
    order: String,
    link: Option<u64>,
    /// Whether it waits for a payout's answer.
    is_in_flight: bool,
    expires: Micros,
}

/// One merchant's books in one environment.
#[derive(Debug, Default)]
pub struct Scope {
    pub is_test: bool,
    pub moves: Vec<(Micros, i64)>,
    pub rules: Vec<Rule>,
    pub campaigns: Vec<Vec<Windows>>,
    pub orders: BTreeMap<String, Order>,
    pub sent: Vec<Sent>,
    pub settled: usize,
    parked: Vec<Parked>,
    /// The latest order totals of each currency, oldest first.
    totals: [Vec<i64>; 3],
    /// Contents of reports already recorded.
    heard: HashSet<String>,
}

/// What all books share.
#[derive(Debug, Default)]
pub struct World {
    pub links: HashMap<u64, Link>,
    /// Click ids whose records have come, with their exact instants.
    pub clicks: HashMap<String, Micros>,
    /// Affiliates that were suspended, or no longer are: who, from when, which.
    pub suspensions: Vec<(usize, Micros, bool)>,
}

impl Scope {
    /// Books with nothing in them.
    pub fn empty(is_test: bool, campaigns: Vec<Vec<Windows>>) -> Self {
        Self { is_test, campaigns, ..Self::default() }
    }

    pub fn clock(&self, real: Micros) -> Micros {
        let made = self.moves.iter().filter(|(at, _)| *at <= real);
        real + made.map(|(_, seconds)| seconds * SECOND).sum::<Micros>()
    }

    /// An instant as whoever sent an event knew it: by the moves made before both.
    pub fn clock_known(&self, real: Micros, sent: Micros) -> Micros {
        self.clock(real.min(sent)) + (real - sent).max(0)
    }

    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    /// Settles in order up to a place of the stream.
    pub fn settle_up_to(&mut self, mine: usize, world: &World, place: usize) {
        while self.settled < place {
            let seq = self.settled;
            self.settled += 1;
            let sent = self.sent[seq].clone();
            let code = match &sent.told {
                Told::Order(order) => self.order(mine, world, seq, order, &sent, false),
                Told::Report(report) => self.report(seq, report, sent.received),
                Told::Advance(seconds) => {
                    self.moves.push((sent.received, *seconds));
                    "APPLIED"
                }
                Told::Garbage => "EVENT_INVALID",
            };
            self.sent[seq].code = Some(code);
            if let Told::Order(order) = &sent.told
                && matches!(code, "APPLIED" | "IN_REVIEW")
            {
                self.wake(&order.order);
            }
        }
    }

    /// Takes up what waits: its link is known, or its time is over.
    pub fn resume(&mut self, mine: usize, world: &World, now: Micros) {
        let now = self.clock(now);
        let is_landed = |parked: &Parked| {
            let commission = self.orders.get(&parked.order).and_then(|o| o.commission.as_ref());
            parked.is_in_flight && commission.is_some_and(|c| c.state != State::InFlight)
        };
        let is_due = |parked: &Parked| {
            parked.expires <= now
                || is_landed(parked)
                || parked.link.is_some_and(|link| world.links.contains_key(&link))
        };
        let mut due: Vec<Parked> = self.parked.iter().filter(|p| is_due(p)).cloned().collect();
        due.sort_by_key(|parked| {
            let sent = &self.sent[parked.seq];
            let told_at = if let Told::Report(report) = &sent.told { report.at } else { None };
            (told_at.unwrap_or(self.clock(sent.received)), sent.received, parked.seq)
        });
        for parked in due {
            let Some(place) = self.parked.iter().position(|p| p.seq == parked.seq) else {
                continue;
            };
            self.parked.remove(place);
            let sent = self.sent[parked.seq].clone();
            let is_over = parked.expires <= now;
            match &sent.told {
                Told::Order(order) => {
                    let code = self.order(mine, world, parked.seq, order, &sent, is_over);
                    self.sent[parked.seq].code = Some(code);
                    if code != "AWAITING_LINK" {
                        self.wake(&order.order);
                    }
                }
                Told::Report(report) => {
                    let is_known = self.orders.contains_key(&report.order);
                    let code = if is_over && !is_known {
                        "CONVERSION_NOT_FOUND"
                    } else {
                        self.report(parked.seq, report, sent.received)
                    };
                    self.sent[parked.seq].code = Some(code);
                }
                Told::Advance(_) | Told::Garbage => {}
            }
        }
        self.judge_again(mine, world, now);
    }

    /// Return windows that are over by now.
    pub fn release(&mut self, now: Micros) {
        let now = self.clock(now);
        let is_due = |order: &&Order| {
            order.commission.as_ref().is_some_and(|c| c.risk.is_due || report::is_over(c, now))
        };
        let due: Vec<String> =
            self.orders.values().filter(is_due).map(|order| order.told.order.clone()).collect();
        for name in due {
            let against = self.against(&self.orders[&name]);
            let Some(order) = self.orders.get_mut(&name) else { continue };
            report::release(order, &against, now);
            if order.commission.as_ref().is_some_and(|commission| commission.risk.is_due) {
                risk::score(order, &against, now);
            }
        }
    }

    /// Statuses that waited for an order: as they happened, then as they came.
    fn wake(&mut self, order: &str) {
        let mut waiting: Vec<(Micros, Micros, usize)> = Vec::new();
        for parked in self.parked.iter().filter(|p| p.order == order && p.link.is_none()) {
            let sent = &self.sent[parked.seq];
            let Told::Report(report) = &sent.told else { continue };
            let happened = report.at.unwrap_or_else(|| self.clock(sent.received));
            waiting.push((happened, sent.received, parked.seq));
        }
        waiting.sort_unstable();
        self.parked.retain(|p| p.order != order || p.link.is_some());
        for (_, received, seq) in waiting {
            let Told::Report(report) = self.sent[seq].told.clone() else { continue };
            let code = self.report(seq, &report, received);
            self.sent[seq].code = Some(code);
        }
    }

    fn order(
        &mut self,
        mine: usize,
        world: &World,
        seq: usize,
        told: &told::Order,
        sent: &Sent,
        is_over: bool,
    ) -> &'static str {
        let received = self.clock(sent.received);
        let waits = self.parked.iter().any(|p| p.order == told.order && p.link.is_some());
        if self.orders.contains_key(&told.order) || waits {
            return "DUPLICATE_ORDER";
        }
        let ordered_at = told.ordered_at.unwrap_or(received);
        if self.is_test && ordered_at > received + AHEAD_MAX {
            return "TIME_AHEAD";
        }
        let at = ordered_at.min(received);
        let judged = self.judge(mine, world, told, (at, sent.received));
        let missing = match judged {
            Judged::Missing(link) if !is_over => {
                let (order, link) = (told.order.clone(), Some(link));
                let expires = received + LINK_WAIT;
                self.parked.push(Parked { seq, order, link, is_in_flight: false, expires });
                return "AWAITING_LINK";
            }
            Judged::Missing(link) => Some(link),
            Judged::Won(..) | Judged::Lost => None,
        };
        let mut order = Order {
            told: told.clone(),
            ordered_at,
            received,
            sent: (sent.received, seq),
            at,
            missing,
            facts: Vec::new(),
            refunded: 0,
            returned: Vec::new(),
            is_reversed: false,
            signals: risk::Signals::default(),
            review: if matches!(judged, Judged::Won(..)) { Review::None } else { Review::Waiting },
            commission: None,
        };
        let earner = match judged {
            Judged::Won(link, _) => Some(link.affiliate),
            _ => None,
        };
        order.signals = self.signals(mine, world, told, (ordered_at, at, sent.received), earner);
        if let Judged::Won(link, windows) = judged {
            order.commission = self.earned(told, link, windows, at, received);
        }
        if let Some(status) = told.status {
            let inside = told::Report::inside(told, status);
            order.facts.push((received, received, seq, inside.clone()));
            self.orders.insert(told.order.clone(), order.clone());
            let against = self.against(&order);
            report::apply(&mut order, &inside, received, received, &against);
        }
        self.orders.insert(told.order.clone(), order);
        if matches!(judged, Judged::Won(..)) { "APPLIED" } else { "IN_REVIEW" }
    }

    fn report(&mut self, seq: usize, told: &told::Report, received_real: Micros) -> &'static str {
        let received = self.clock(received_real);
        let happened = told.at.unwrap_or(received);
        if self.is_test && happened > received + AHEAD_MAX {
            return "TIME_AHEAD";
        }
        let against = self.orders.get(&told.order).map(|order| self.against(order));
        let (Some(order), Some(against)) = (self.orders.get_mut(&told.order), against) else {
            let expires = received + REPORT_WAIT;
            let order = told.order.clone();
            self.parked.push(Parked { seq, order, link: None, is_in_flight: false, expires });
            return "AWAITING_CONVERSION";
        };
        let content = format!(
            "{} {} {:?} {:?} {:?}",
            told.order, told.status, told.at, told.refunded, told.items
        );
        if self.heard.contains(&content) {
            return "DUPLICATE_STATUS";
        }
        let code = report::apply(order, told, happened, received, &against);
        if code == "PAYOUT_IN_FLIGHT" {
            let (order, expires) = (told.order.clone(), Micros::MAX);
            self.parked.push(Parked { seq, order, link: None, is_in_flight: true, expires });
            return code;
        }
        self.heard.insert(content);
        order.facts.push((happened, received, seq, told.clone()));
        code
    }
}
