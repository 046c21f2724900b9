//! What a status does to an order and its commission, told as a list of ifs.

use super::pricing::{left_by_items, left_by_total};
use super::risk::{self, Against};
use super::{Commission, Order, State};
use crate::told::{DAY, Micros, Refunded, Report};

/// Whether a return window is over by `now`.
pub fn is_over(commission: &Commission, now: Micros) -> bool {
    commission.state == State::Running && commission.hold_until.is_some_and(|until| until <= now)
}

/// Ends a return window that is over by `now`, at its own instant.
pub fn release(order: &mut Order, against: &Against, now: Micros) {
    let over = order.commission.as_ref().filter(|commission| is_over(commission, now));
    if let Some(until) = over.and_then(|commission| commission.hold_until) {
        firm(order, against, until);
    }
}

fn firm(order: &mut Order, against: &Against, at: Micros) {
    if let Some(commission) = &mut order.commission {
        commission.state = State::Approved;
        commission.approved_at = Some(at);
        commission.changed_at = at;
    }
    risk::score(order, against, at);
}

pub fn reject(commission: &mut Commission, at: Micros) {
    commission.state = State::Rejected;
    commission.risk.is_due = false;
    commission.net = 0;
    commission.changed_at = at;
}

/// Applies a report; answers the outcome's code.
pub fn apply(
    order: &mut Order,
    told: &Report,
    happened: Micros,
    received: Micros,
    against: &Against,
) -> &'static str {
    release(order, against, received);
    let code = match told.status {
        "commission_approved" | "commission_rejected" => {
            decide(order, told, (happened, received), against)
        }
        _ if is_wrong(order, told) => "REFUND_AMOUNT_INVALID",
        "cancelled" | "returned" | "refunded" => take_back(order, told, received),
        _ => go_on(order, told, happened, received),
    };
    release(order, against, received);
    code
}

fn decide(
    order: &mut Order,
    told: &Report,
    (happened, received): (Micros, Micros),
    against: &Against,
) -> &'static str {
    let Some(commission) = &mut order.commission else { return "NO_COMMISSION" };
    if commission.decided_at.is_some_and(|last| last > happened) {
        return "STALE_DECISION";
    }
    let grants = told.status == "commission_approved";
    match (grants, commission.state) {
        (true, State::Rejected) | (_, State::Paid) => return "ORDER_STATUS_TRANSITION_DENIED",
        (false, State::InFlight) => return "PAYOUT_IN_FLIGHT",
        _ => {}
    }
    if commission.state == State::Rejected {
        return "NO_CHANGE";
    }
    commission.decided_at = Some(happened);
    match (grants, commission.state) {
        (true, State::Approved | State::Payable | State::InFlight) => return "NO_CHANGE",
        (true, _) => firm(order, against, received),
        (false, _) => reject(commission, received),
    }
    "APPLIED"
}

/// A total finer than the minor unit, or units of nothing that was sold.
fn is_wrong(order: &Order, told: &Report) -> bool {
    let is_sold = |sku: &&str| {
        let lines = &order.told.lines;
        lines.iter().any(|line| line.sku == *sku)
            || (lines.is_empty() && order.told.product == Some(*sku))
    };
    told.refunded == Some(Refunded::TooFine)
        || (!told.items.is_empty() && !told.items.iter().any(|(sku, _)| is_sold(sku)))
}

fn take_back(order: &mut Order, told: &Report, received: Micros) -> &'static str {
    let state = order.commission.as_ref().map(|commission| commission.state);
    if state == Some(State::InFlight) {
        return "PAYOUT_IN_FLIGHT";
    }
    for (sku, units) in &told.items {
        match order.returned.iter_mut().find(|(known, _)| known == sku) {
            Some((_, most)) => *most = (*most).max(*units),
            None => order.returned.push((sku, *units)),
        }
    }
    if let Some(Refunded::Minor { minor, .. }) = told.refunded {
        order.refunded = order.refunded.max(minor);
    }
    let is_whole = told.refunded.is_none() && told.items.is_empty();
    if is_whole {
        order.refunded = order.refunded.max(order.told.amount);
    }
    let left = if is_whole || order.is_reversed { None } else { left(order) };
    order.is_reversed |= left.is_none();
    let Some(commission) = &mut order.commission else { return "RECORDED" };
    match commission.state {
        State::Rejected => return "NO_CHANGE",
        State::Paid => return "ORDER_STATUS_TRANSITION_DENIED",
        _ => {}
    }
    match left {
        None => reject(commission, received),
        Some(net) if net < commission.net => {
            commission.net = net;
            commission.changed_at = received;
        }
        Some(_) => return "NO_CHANGE",
    }
    "APPLIED"
}

/// The smaller of what the total and the units leave; `None`: nothing at all.
fn left(order: &Order) -> Option<i64> {
    let Some(commission) = &order.commission else { return left_of_order(order) };
    let by_total = match order.refunded {
        0 => Some(commission.price.amount),
        refunded => left_by_total(&commission.price, refunded),
    };
    let by_items = match order.returned.as_slice() {
        [] => Some(commission.price.amount),
        returned => left_by_items(&commission.price, returned),
    };
    Some(by_total?.min(by_items?))
}

/// Without a commission only "everything is back" counts.
fn left_of_order(order: &Order) -> Option<i64> {
    if order.refunded > 0 && order.refunded >= order.told.amount {
        return None;
    }
    let back = |sku: &str| {
        order.returned.iter().find(|(known, _)| *known == sku).map_or(0, |(_, units)| *units)
    };
    let sold = |sku: &str| -> i64 {
        let lines = order.told.lines.iter().filter(|line| line.sku == sku);
        lines.map(|line| line.quantity).sum()
    };
    let mut is_all_back = order.told.lines.iter().all(|line| back(line.sku) >= sold(line.sku));
    if order.told.lines.is_empty() {
        is_all_back = order.told.product.is_none_or(|sku| back(sku) >= 1);
    }
    (order.returned.is_empty() || !is_all_back).then_some(order.told.amount)
}

fn go_on(order: &mut Order, told: &Report, happened: Micros, received: Micros) -> &'static str {
    let Some(commission) = &mut order.commission else { return "RECORDED" };
    if commission.state == State::Rejected {
        return "ORDER_STATUS_TRANSITION_DENIED";
    }
    let rank = match told.status {
        "confirmed" => 1,
        "paid" => 2,
        "delivered" => 3,
        _ => 0,
    };
    let is_open = matches!(commission.state, State::Pending | State::Waiting);
    if rank > 0 && rank >= commission.starts_at_rank && is_open {
        let start = happened.max(order.ordered_at).min(received);
        commission.state = State::Running;
        commission.hold_until = Some(start + commission.hold_days * DAY);
    } else if rank > 0 && rank < commission.starts_at_rank && commission.state == State::Pending {
        commission.state = State::Waiting;
    } else {
        return "NO_CHANGE";
    }
    commission.changed_at = received;
    "APPLIED"
}
