//! Risk counted by hand: what speaks against an order, in points, and who has to look at it.

use super::{Order, Scope, State, World};
use crate::told::{self, Micros, SECOND, Truth};
use std::collections::BTreeSet;

const HOUR: Micros = 3_600 * SECOND;
const SAME_SALE_WITHIN: Micros = 600 * SECOND;
const TOTALS_KEPT: usize = 100;
const TOTALS_NEEDED: usize = 20;
const LOOKED_AT_FROM: i64 = 60;

/// What is known when the order comes.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each speaks against the order by itself")]
pub struct Signals {
    pub is_not_human: bool,
    pub is_quick: bool,
    pub is_outlier: bool,
    pub is_faulty: bool,
    pub is_suspended: bool,
    /// The click whose record has not come.
    pub awaits: Option<String>,
}

/// Where a commission stands with its risk.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// What a person has cleared; nobody has decided before that.
    pub cleared: Option<BTreeSet<&'static str>>,
    /// Whether it is to be scored by the next release job.
    pub is_due: bool,
    /// Points of the last score, and what followed.
    pub last: Option<(i64, &'static str)>,
}

/// What speaks against an order at this moment: each thing with its points.
#[derive(Debug, Clone, Default)]
pub struct Against(pub Vec<(&'static str, i64)>);

impl Against {
    pub fn points(&self) -> i64 {
        self.0.iter().map(|(_, points)| points).sum::<i64>().min(100)
    }

    pub fn names(&self) -> BTreeSet<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }

    fn needs_a_person(&self) -> bool {
        self.points() >= LOOKED_AT_FROM || self.names().contains("affiliate_suspended")
    }
}

/// Scores an approved commission: payable, or it waits for a person.
pub fn score(order: &mut Order, against: &Against, at: Micros) {
    let Some(commission) = &mut order.commission else { return };
    commission.risk.is_due = false;
    let cleared = commission.risk.cleared.as_ref();
    let is_known = cleared.is_some_and(|cleared| against.names().is_subset(cleared));
    let outcome = match (against.needs_a_person(), is_known) {
        (false, _) => "clear",
        (true, true) => "cleared",
        (true, false) => "review",
    };
    commission.risk.last = Some((against.points(), outcome));
    if outcome != "review" {
        commission.state = State::Payable;
        commission.changed_at = at;
    }
}

impl Scope {
    /// What is known of a new order; its total is the newest from now on.
    pub(super) fn signals(
        &mut self,
        mine: usize,
        world: &World,
        told: &told::Order,
        (ordered_at, at, sent): (Micros, Micros, Micros),
        affiliate: Option<usize>,
    ) -> Signals {
        let mut signals = Signals { is_outlier: self.is_outlier(told), ..Signals::default() };
        let totals = &mut self.totals[told.currency];
        totals.push(told.amount);
        if totals.len() > TOTALS_KEPT {
            totals.remove(0);
        }
        self.blame(&mut signals, mine, world, told, (ordered_at, at, sent), affiliate);
        signals
    }

    /// What speaks against the click and against whoever earns the order by it.
    pub(super) fn blame(
        &self,
        signals: &mut Signals,
        mine: usize,
        world: &World,
        told: &told::Order,
        (ordered_at, at, sent): (Micros, Micros, Micros),
        affiliate: Option<usize>,
    ) {
        let Some(click) = &told.click else { return };
        match click.truth {
            Truth::Forged => signals.is_faulty = true,
            Truth::Made { link, .. } if world.links.get(&link).is_some_and(|l| l.scope != mine) => {
                signals.is_faulty = true;
            }
            Truth::Made { second, is_human, .. } if affiliate.is_some() => {
                let real = world.clicks.get(&click.text).copied();
                let clicked = self.clock_known(real.unwrap_or(second * SECOND), sent);
                signals.is_not_human = !is_human;
                signals.is_quick = at.div_euclid(SECOND) - clicked.div_euclid(SECOND) < 10;
                signals.awaits = real.is_none().then(|| click.text.clone());
            }
            Truth::Made { .. } | Truth::Damaged => {}
        }
        if let Some(affiliate) = affiliate {
            signals.is_suspended = self.is_suspended(world, affiliate, ordered_at);
        }
    }

    pub(super) fn is_suspended(&self, world: &World, affiliate: usize, at: Micros) -> bool {
        let own = world.suspensions.iter().filter(|(who, _, _)| *who == affiliate);
        let mut begun = own.filter(|(_, from, _)| self.clock(*from) <= at);
        begun.next_back().is_some_and(|(_, _, is_suspended)| *is_suspended)
    }

    fn is_outlier(&self, told: &told::Order) -> bool {
        let mut totals = self.totals[told.currency].clone();
        if totals.len() < TOTALS_NEEDED {
            return false;
        }
        totals.sort_unstable();
        let half = totals.len() / 2;
        let twice_median = match totals.len() % 2 {
            0 => totals[half - 1] + totals[half],
            _ => 2 * totals[half],
        };
        twice_median > 0 && 2 * told.amount > 10 * twice_median
    }

    /// What speaks against an order at this moment.
    pub(super) fn against(&self, order: &Order) -> Against {
        let Some(commission) = &order.commission else { return Against::default() };
        let signals = &order.signals;
        let hour = order.ordered_at.div_euclid(HOUR);
        let (mut orders, mut in_hour, mut reversed, mut is_same_sale) = (0, 0, 0, false);
        for other in self.orders.values() {
            let apart = (other.ordered_at - order.ordered_at).abs();
            is_same_sale |= other.told.order != order.told.order
                && is_same(&other.told, &order.told)
                && apart <= SAME_SALE_WITHIN;
            let earner = other.commission.as_ref().map(|commission| commission.affiliate);
            if earner == Some(commission.affiliate) {
                orders += 1;
                in_hour += i64::from(other.ordered_at.div_euclid(HOUR) == hour);
                reversed += i64::from(other.is_reversed);
            }
        }
        let all = [
            ("affiliate_suspended", 0, signals.is_suspended),
            ("click_not_human", 40, signals.is_not_human),
            ("quick_order", 30, signals.is_quick),
            ("affiliate_velocity", 20, in_hour > 20),
            ("refund_rate", 20, orders >= 20 && 100 * reversed > 30 * orders),
            ("amount_outlier", 20, signals.is_outlier),
            ("faulty_click", 30, signals.is_faulty),
            ("same_sale", 20, is_same_sale),
        ];
        let held = all.into_iter().filter(|(_, _, holds)| *holds);
        Against(held.map(|(name, points, _)| (name, points)).collect())
    }

    /// A score that was only just made is left to the release job; whether there was one.
    pub fn postpone_score(&mut self, order: &str) -> bool {
        let commission = self.orders.get_mut(order).and_then(|order| order.commission.as_mut());
        let Some(commission) = commission.filter(|commission| !commission.risk.is_due) else {
            return false;
        };
        assert!(matches!(commission.state, State::Approved | State::Payable), "{commission:?}");
        commission.state = State::Approved;
        commission.risk = Standing { is_due: true, last: None, ..commission.risk.clone() };
        true
    }

    /// The record of a click comes: an order in review that lacked it is scored again.
    pub fn click_recorded(&mut self, text: &str) {
        for order in self.orders.values_mut() {
            if order.signals.awaits.as_deref() == Some(text) {
                order.signals.awaits = None;
                if let Some(commission) = &mut order.commission {
                    commission.risk.is_due |= commission.state == State::Approved;
                }
            }
        }
    }
}

fn is_same(one: &told::Order, other: &told::Order) -> bool {
    let click = |order: &told::Order| order.click.as_ref().map(|click| click.text.clone());
    let has_form = one.click.as_ref().is_some_and(|click| click.truth != Truth::Damaged);
    has_form
        && click(one) == click(other)
        && one.amount == other.amount
        && one.currency == other.currency
}
