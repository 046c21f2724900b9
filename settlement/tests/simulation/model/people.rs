//! What people decide, and what comes of it.

use super::report;
use super::risk;
use super::{Link, Order, Review, Scope, State, World};
use crate::told::{DAY, Micros, Report};

/// What became of a decision on risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Done,
    Already,
    Denied,
}

/// What became of a decision on an order of the review queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruled {
    Stands,
    Before,
    NotWaiting,
    NoCandidate,
    FullyReversed,
}

impl Scope {
    /// Clears or refuses a commission, after what had come due by then; a decision that is none
    /// leaves everything as it was.
    pub fn decide_risk(&mut self, name: &str, clears: bool, now: Micros) -> Said {
        let now = self.clock(now);
        let mut order = self.orders[name].clone();
        let against = self.against(&order);
        report::release(&mut order, &against, now);
        if order.commission.as_ref().is_some_and(|commission| commission.risk.is_due) {
            risk::score(&mut order, &against, now);
        }
        let Some(commission) = &mut order.commission else { return Said::Denied };
        let names = against.names();
        let is_known =
            commission.risk.cleared.as_ref().is_some_and(|cleared| names.is_subset(cleared));
        match (clears, commission.state) {
            // A reason that nobody had cleared held it, and holds no more.
            (true, State::Approved) if is_known => risk::score(&mut order, &against, now),
            (true, state) if is_known && state != State::Rejected => return Said::Already,
            (true, State::Payable | State::InFlight) | (false, State::Rejected) => {
                return Said::Already;
            }
            (true, State::Paid | State::Rejected) | (false, State::InFlight | State::Paid) => {
                return Said::Denied;
            }
            (false, _) => report::reject(commission, now),
            (true, state) => {
                commission.risk.cleared.get_or_insert_default().extend(names);
                if state == State::Approved {
                    commission.state = State::Payable;
                    commission.changed_at = now;
                }
            }
        }
        self.orders.insert(name.to_owned(), order);
        Said::Done
    }

    /// There is no candidate to confirm: only clicks bring orders here.
    pub fn confirm(&mut self, name: &str) -> Ruled {
        self.open_to_decide(name).map_or_else(|ruled| ruled, |_| Ruled::NoCandidate)
    }

    /// Nobody earns it.
    pub fn reject(&mut self, name: &str) -> Ruled {
        let mut order = match self.open_to_decide(name) {
            Ok(order) => order,
            Err(ruled) => return ruled,
        };
        order.review = Review::Decided;
        self.orders.insert(name.to_owned(), order);
        Ruled::Stands
    }

    /// An affiliate earns it, on a campaign's terms.
    pub fn assign(
        &mut self,
        world: &World,
        name: &str,
        (scope, affiliate, campaign): (usize, usize, usize),
        now: Micros,
    ) -> Ruled {
        let now = self.clock(now);
        let mut order = match self.open_to_decide(name) {
            Ok(order) => order,
            Err(ruled) => return ruled,
        };
        let untouched = order.clone();
        order.signals.is_suspended = self.is_suspended(world, affiliate, order.ordered_at);
        order.review = Review::Decided;
        let windows = self.window(campaign, order.at);
        if self.grant(&mut order, Link { scope, affiliate, campaign }, windows, now) {
            self.orders.insert(name.to_owned(), order);
            Ruled::Stands
        } else {
            // A refused decision leaves no trace, so that the next one is the first.
            self.orders.insert(name.to_owned(), untouched);
            Ruled::FullyReversed
        }
    }

    fn open_to_decide(&self, name: &str) -> Result<Order, Ruled> {
        let order = &self.orders[name];
        match order.review {
            Review::Waiting => Ok(order.clone()),
            Review::Decided => Err(Ruled::Before),
            Review::None => Err(Ruled::NotWaiting),
        }
    }

    /// What nobody has spoken of for so many days was delivered when they were over; its score is
    /// left to the release job.
    pub fn assume_delivered(&mut self, days: i64, now: Micros) {
        let before = self.clock(now) - days * DAY;
        for name in self.orders.keys().cloned().collect::<Vec<_>>() {
            let order = &self.orders[&name];
            let heard = order.facts.iter().map(|(_, received, _, _)| *received);
            let heard = heard.chain([order.received]).max().unwrap_or_default();
            let waits = order.commission.as_ref().is_some_and(|commission| {
                matches!(commission.state, State::Pending | State::Waiting)
                    && commission.created_at <= before
            });
            if !waits || heard > before {
                continue;
            }
            let (at, against) = (heard + days * DAY, self.against(order));
            let delivered = Report {
                order: name.clone(),
                status: "delivered",
                at: Some(at),
                zone: 0,
                refunded: None,
                items: Vec::new(),
            };
            let Some(order) = self.orders.get_mut(&name) else { continue };
            report::apply(order, &delivered, at, at, &against);
            order.facts.push((at, at, usize::MAX, delivered));
            if order.commission.as_ref().is_some_and(|c| c.approved_at.is_some()) {
                self.postpone_score(&name);
            }
        }
    }

    /// What was paid, with all corrections, stays between nothing and the whole.
    pub fn may_correct(&self, name: &str, minor: i64) -> bool {
        let Some(commission) = &self.orders[name].commission else { return false };
        let paid = match commission.state {
            State::Paid => commission.net,
            State::Rejected => 0,
            _ => return false,
        };
        let all: i64 = commission.corrections.iter().map(|(minor, _)| minor).sum();
        minor != 0 && (0..=commission.price.amount).contains(&(paid + all + minor))
    }

    pub fn correct(&mut self, name: &str, minor: i64, is_merchants: bool) {
        let commission = self.orders.get_mut(name).and_then(|order| order.commission.as_mut());
        if let Some(commission) = commission {
            commission.corrections.push((minor, is_merchants));
        }
    }
}
