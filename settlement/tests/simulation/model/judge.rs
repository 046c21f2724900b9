//! Whose an order is, and what it earns: at once, or when its link comes after all.

use super::LEAD_MAX;
use super::{Commission, Link, Order, Review, Scope, State, Windows, World, pricing, report};
use crate::told::{self, DAY, Micros, SECOND, Truth};

/// Whose an order is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Judged {
    Won(Link, Windows),
    Lost,
    Missing(u64),
}

impl Scope {
    /// Whose click it was, and whether it was in time.
    pub(super) fn judge(
        &self,
        mine: usize,
        world: &World,
        told: &told::Order,
        (at, sent): (Micros, Micros),
    ) -> Judged {
        let Some(click) = &told.click else { return Judged::Lost };
        let Truth::Made { link, second, .. } = click.truth else { return Judged::Lost };
        let Some(found) = world.links.get(&link) else { return Judged::Missing(link) };
        if found.scope != mine {
            return Judged::Lost;
        }
        let real = world.clicks.get(&click.text).copied();
        let clicked = self.clock_known(real.unwrap_or(second * SECOND), sent);
        let windows = self.window(found.campaign, clicked);
        let is_in_time = at + LEAD_MAX >= clicked && at <= clicked + windows.cookie_days * DAY;
        if is_in_time { Judged::Won(*found, windows) } else { Judged::Lost }
    }

    pub(super) fn earned(
        &self,
        told: &told::Order,
        link: Link,
        windows: Windows,
        at: Micros,
        since: Micros,
    ) -> Option<Commission> {
        let price = pricing::price(told, link.campaign, &self.rules, at);
        let commission = Commission {
            affiliate: link.affiliate,
            state: State::Pending,
            net: price.amount,
            price,
            hold_until: None,
            hold_days: windows.hold_days,
            starts_at_rank: windows.starts_at_rank,
            decided_at: None,
            approved_at: None,
            created_at: since,
            risk: super::risk::Standing::default(),
            corrections: Vec::new(),
            changed_at: since,
        };
        (commission.price.amount > 0).then_some(commission)
    }

    /// An order that went on without its link is judged once more when the link is known; what was
    /// reported of it is told again, but for decisions on a commission that was not there.
    pub(super) fn judge_again(&mut self, mine: usize, world: &World, now: Micros) {
        let is_found = |order: &&Order| order.missing.is_some_and(|l| world.links.contains_key(&l));
        let mut found: Vec<Order> = self.orders.values().filter(is_found).cloned().collect();
        // As they came: what an order counts is there when the next one is scored.
        found.sort_by_key(|order| order.sent);
        for mut order in found {
            order.missing = None;
            self.orders.insert(order.told.order.clone(), order.clone());
            let name = order.told.order.clone();
            if !order.is_reversed && order.review == Review::Waiting {
                let told = order.told.clone();
                let judged = self.judge(mine, world, &told, (order.at, order.sent.0));
                let earner = match judged {
                    Judged::Won(link, _) => Some(link.affiliate),
                    Judged::Lost | Judged::Missing(_) => None,
                };
                let times = (order.ordered_at, order.at, order.sent.0);
                self.blame(&mut order.signals, mine, world, &told, times, earner);
                if let Judged::Won(link, windows) = judged {
                    order.review = Review::None;
                    // Taken back whole on the terms it would have: it stays as it was.
                    if !self.grant(&mut order, link, windows, now) {
                        continue;
                    }
                }
            }
            self.orders.insert(name, order);
        }
    }

    /// Gives an order to whoever earns it after all, and tells its reports again; not if they take
    /// all of it back.
    pub(super) fn grant(
        &mut self,
        order: &mut Order,
        link: Link,
        windows: Windows,
        now: Micros,
    ) -> bool {
        let before = order.clone();
        order.is_reversed = false;
        order.commission = self.earned(&order.told, link, windows, order.at, now);
        order.refunded = 0;
        order.returned.clear();
        self.orders.insert(order.told.order.clone(), order.clone());
        let against = self.against(order);
        let mut facts = order.facts.clone();
        facts.sort_by_key(|(happened, received, seq, _)| (*happened, *received, *seq));
        for (happened, received, _, fact) in facts {
            if !fact.status.starts_with("commission_") {
                report::apply(order, &fact, happened, received, &against);
            }
        }
        if order.is_reversed {
            self.orders.insert(before.told.order.clone(), before);
            return false;
        }
        report::release(order, &against, now);
        if let Some(commission) = &mut order.commission {
            commission.changed_at = commission.changed_at.max(now);
            commission.approved_at = commission.approved_at.map(|at| at.max(now));
        }
        true
    }

    pub(super) fn window(&self, campaign: usize, clicked: Micros) -> Windows {
        let versions = &self.campaigns[campaign];
        let begun = versions.iter().rfind(|version| version.from <= clicked);
        *begun.unwrap_or(&versions[0])
    }
}
