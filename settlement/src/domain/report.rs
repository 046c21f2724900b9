//! What an order status does to an order: facts first, then the table (MONEY §3, §4).

use super::commission::{Cause, Commission, Steps};
use super::hold;
use super::lifecycle::{Event, State, Verdict};
use super::notice::TakenBack;
use super::order::Order;
use super::outcome::{Code, Outcome};
use super::refund::{self, Left};
use jiff::Timestamp;
use rust_decimal::Decimal;
use shared::event::OrderStatusReport;
use shared::order_status::OrderStatus;

/// A status report with its times in the merchant's clock.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// The event that brought it.
    pub event_id: &'a str,
    /// What it says.
    pub report: &'a OrderStatusReport,
    /// When the edge accepted it, in the merchant's time.
    pub received_at: Timestamp,
}

impl Reported<'_> {
    /// When it happened; absent means when it was accepted.
    pub fn happened_at(&self) -> Timestamp {
        self.report.status_updated_at.unwrap_or(self.received_at)
    }
}

/// Applies a report to its order.
///
/// `Code::PayoutInFlight` leaves the order untouched: the event waits and comes again.
pub fn apply(order: &mut Order, reported: Reported<'_>, steps: &mut Steps) -> Outcome {
    // A release takes effect at its instant whenever the job runs, so it comes before this event.
    if let Some(commission) = &mut order.commission {
        commission.release_if_due(reported.received_at, steps);
    }
    let (code, detail) = decide(order, reported, steps);
    if let Some(commission) = &mut order.commission {
        // A window of no days is over as soon as it begins.
        commission.release_if_due(reported.received_at, steps);
    }
    let note = differing_click(order, reported.report);
    Outcome::new(code, detail + note).on(order.id, order.commission.is_some())
}

fn differing_click(order: &Order, report: &OrderStatusReport) -> &'static str {
    match (&order.click_id, &report.click_id) {
        (Some(known), Some(sent)) if known != sent => {
            " The click id differs from the conversion's and was not used."
        }
        (None, Some(_)) => " The conversion had no click id; the one sent here was not used.",
        _ => "",
    }
}

fn decide(order: &mut Order, reported: Reported<'_>, steps: &mut Steps) -> (Code, String) {
    let report = reported.report;
    if report.status.is_decision() {
        return decision(order, reported, steps);
    }
    if let Err(reason) = check_refund(order, report) {
        return (Code::RefundAmountInvalid, reason);
    }
    if report.status.is_reversal() {
        return reversal(order, reported, steps);
    }
    record_status(order, reported);
    let Some(commission) = &mut order.commission else {
        return (Code::Recorded, recorded(report.status));
    };
    let cause = Cause { at: reported.received_at, reason: report.reason.as_deref() };
    let Some(event) = hold::forward_event(report.status, commission.terms.hold_start) else {
        return (Code::NoChange, recorded(report.status));
    };
    let before = commission.state;
    let verdict = if event == Event::HoldStart {
        let until = hold::hold_until(
            reported.happened_at(),
            order.ordered_at,
            reported.received_at,
            commission.terms.hold_days,
        );
        commission.start_window(until, cause, steps)
    } else {
        commission.apply(event, cause, steps)
    };
    say(verdict, before, commission, report.status)
}

fn decision(order: &mut Order, reported: Reported<'_>, steps: &mut Steps) -> (Code, String) {
    let status = reported.report.status;
    let Some(commission) = &mut order.commission else {
        return (Code::NoCommission, "The conversion has no commission to decide on.".to_owned());
    };
    let happened_at = reported.happened_at();
    if commission.decided_at.is_some_and(|last| happened_at < last) {
        let sentence = "A later decision on this commission has already been taken.";
        return (Code::StaleDecision, sentence.to_owned());
    }
    let cause = Cause { at: reported.received_at, reason: reported.report.reason.as_deref() };
    let event = match status {
        OrderStatus::CommissionApproved => Event::MerchantApproves,
        _ => Event::MerchantRejects,
    };
    let before = commission.state;
    let verdict = commission.apply(event, cause, steps);
    // What is over stays as it is, and so does its row: one more decision leaves nothing on it.
    let is_over = matches!(before, State::Paid | State::Rejected);
    if matches!(verdict, Verdict::Move(_) | Verdict::Unchanged) && !is_over {
        commission.decided_at = Some(happened_at);
    }
    say(verdict, before, commission, status)
}

fn check_refund(order: &Order, report: &OrderStatusReport) -> Result<(), String> {
    if report.refunded_amount.is_some_and(|refunded| !order.currency.holds(refunded.normalize())) {
        let most = order.currency.minor_digits();
        let currency = order.currency;
        return Err(format!("refundedAmount has more than {most} decimals in {currency}."));
    }
    let sold = |sku: &str| {
        order.items.iter().any(|item| item.sku == sku)
            || (order.items.is_empty() && order.product.as_deref() == Some(sku))
    };
    if !report.items.is_empty() && !report.items.iter().any(|item| sold(&item.sku)) {
        return Err("The order has no line with any of these SKUs.".to_owned());
    }
    Ok(())
}

/// Why something taken back waits.
pub(in crate::domain) const IN_PAYOUT: &str =
    "The commission is in a payout; applied if that fails, without effect once it is paid.";

fn reversal(order: &mut Order, reported: Reported<'_>, steps: &mut Steps) -> (Code, String) {
    let report = reported.report;
    let in_flight = |c: &Commission| c.state == State::PayableInFlight;
    if order.commission.as_ref().is_some_and(in_flight) {
        return (Code::PayoutInFlight, IN_PAYOUT.to_owned());
    }
    record_status(order, reported);
    let (before, told) = (taken_back(order), steps.notices.len());
    let left = record_taken_back(order, report);
    let after = taken_back(order);
    if left == Left::Nothing {
        order.reversed_by.get_or_insert(report.status);
    }
    let currency = order.currency;
    let Some(commission) = &mut order.commission else {
        return (Code::Recorded, recorded(report.status));
    };
    let reason = report.reason.as_deref().unwrap_or(report.status.as_str());
    let cause = Cause { at: reported.received_at, reason: Some(reason) };
    let stood = commission.state;
    let verdict = match left {
        Left::Nothing => commission.apply(Event::FullReversal, cause, steps),
        Left::Net(net) => {
            let key = match report.refunded_amount {
                Some(_) => format!("R={}", currency.format(order.refunded)),
                None => format!("items={}", reported.event_id),
            };
            let verdict = commission.adjust(net, &key, cause, steps);
            if verdict == Verdict::Unchanged && after != before {
                commission.tell_more_taken_back(cause.at, steps);
            }
            verdict
        }
    };
    after.tell(report.status, currency, &mut steps.notices[told..]);
    say(verdict, stood, commission, report.status)
}

/// What was taken back by now, by both measures.
fn taken_back(order: &Order) -> TakenBack {
    let returned = order.commission.as_ref().map(|commission| {
        refund::value_of_items(&commission.terms.lines, &order.returned, order.currency)
    });
    TakenBack { refunded: order.refunded, returned: returned.unwrap_or_default() }
}

/// Keeps the largest total and the largest units seen, and says what they leave together.
fn record_taken_back(order: &mut Order, report: &OrderStatusReport) -> Left {
    for item in &report.items {
        let known = order.returned.entry(item.sku.clone()).or_default();
        *known = item.quantity.max(*known);
    }
    if let Some(refunded) = report.refunded_amount {
        order.refunded = refunded.max(order.refunded);
    }
    if report.refunded_amount.is_none() && report.items.is_empty() {
        order.refunded = order.amount.max(order.refunded);
        return Left::Nothing;
    }
    if order.reversed_by.is_some() {
        return Left::Nothing;
    }
    let (amount, base) = match &order.commission {
        Some(commission) => (commission.amount, commission.terms.base),
        None => (order.amount, order.amount),
    };
    let mut left = Left::Net(amount);
    if order.refunded > Decimal::ZERO {
        left = left.smaller(refund::left_by_total(amount, base, order.refunded, order.currency));
    }
    if !order.returned.is_empty() {
        left = left.smaller(left_by_items(order));
    }
    left
}

fn left_by_items(order: &Order) -> Left {
    if let Some(commission) = &order.commission {
        let lines = &commission.terms.lines;
        return refund::left_by_items(lines, &order.returned, order.currency);
    }
    // Without a commission only "everything is back" matters.
    let back = |sku: &str| order.returned.get(sku).copied().unwrap_or(0);
    let mut sold = std::collections::BTreeMap::<&str, u64>::new();
    for item in &order.items {
        *sold.entry(&item.sku).or_default() += u64::from(item.quantity);
    }
    if order.items.is_empty() {
        sold.extend(order.product.as_deref().map(|sku| (sku, 1)));
    }
    let all = sold.iter().all(|(sku, units)| u64::from(back(sku)) >= *units);
    if all { Left::Nothing } else { Left::Net(order.amount) }
}

fn record_status(order: &mut Order, reported: Reported<'_>) {
    let happened_at = reported.happened_at();
    if happened_at >= order.status_at {
        order.status = reported.report.status;
        order.status_at = happened_at;
    }
    order.updated_at = reported.received_at;
}

fn recorded(status: OrderStatus) -> String {
    format!("Recorded {}; the conversion has no commission.", status.as_str())
}

fn say(
    verdict: Verdict,
    before: State,
    commission: &Commission,
    status: OrderStatus,
) -> (Code, String) {
    let (status, now) = (status.as_str(), commission.state.word());
    match verdict {
        Verdict::Move(_) => {
            let window = commission
                .hold_until
                .filter(|_| commission.state == State::HoldRunning)
                .map(|until| format!("; it is held until {}", shared::time::format_instant(until)))
                .unwrap_or_default();
            let from = before.word();
            let moved = if from == now {
                format!("the commission stays on {now}")
            } else {
                format!("the commission went from {from} to {now}")
            };
            (Code::Applied, format!("{status}: {moved}{window}."))
        }
        Verdict::Adjust => {
            let net = commission.currency.format(commission.net);
            let currency = commission.currency;
            (Code::Applied, format!("{status}: {currency} {net} of the commission is left."))
        }
        Verdict::Unchanged | Verdict::Remembered => {
            (Code::NoChange, format!("{status}: recorded; the commission stays {now}."))
        }
        Verdict::Denied => (
            Code::OrderStatusTransitionDenied,
            format!("{status}: skipped; a commission that is {now} does not change for it."),
        ),
        Verdict::Parked => (
            Code::PayoutInFlight,
            format!("{status}: waits until the payout with this commission has an answer."),
        ),
        // The table excludes it for merchants' events; a skipped event is the safe reading.
        Verdict::Impossible => (
            Code::OrderStatusTransitionDenied,
            format!("{status}: has no meaning for a commission that is {now}."),
        ),
    }
}
