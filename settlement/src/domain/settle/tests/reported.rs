//! What a status says of an order: its click id, its instants, what it takes back.

use super::*;
use shared::id::EventKind;

/// SKUs and how many units of each.
type Lines<'a> = &'a [(&'a str, u32)];

impl History {
    pub(super) fn tell_json(&mut self, kind: EventKind, json: &serde_json::Value) -> Outcome {
        self.tell(Event::from_json(kind, &json.to_string()).expect("an event"))
    }

    /// An order with lines and a SKU beside its total, which nobody earns unless a click is sent.
    fn basket(&mut self, id: &str, amount: &str, lines: Lines<'_>, beside: &[&str]) {
        let items: Vec<_> = lines
            .iter()
            .map(|(sku, quantity)| {
                serde_json::json!({ "sku": sku, "quantity": quantity, "unitPrice": "10.00" })
            })
            .collect();
        let mut json = serde_json::json!({
            "externalOrderId": id, "orderAmount": amount, "currency": "NPR", "items": items,
        });
        if let [sku, click @ ..] = beside {
            json["externalProductId"] = (*sku).into();
            json["clickId"] = click.first().copied().into();
        }
        self.tell_json(EventKind::Conversion, &json);
    }

    fn take_back(&mut self, id: &str, lines: Lines<'_>) -> Outcome {
        let items: Vec<_> = lines
            .iter()
            .map(|(sku, quantity)| serde_json::json!({ "sku": sku, "quantity": quantity }))
            .collect();
        let json =
            serde_json::json!({ "externalOrderId": id, "status": "returned", "items": items });
        self.tell_json(EventKind::OrderStatus, &json)
    }
}

#[test]
fn a_click_id_that_differs_is_noted_and_never_used() {
    let differs = " The click id differs from the conversion's and was not used.";
    let not_used = " The conversion had no click id; the one sent here was not used.";
    let first = live().click(LINK);
    let cases = [
        (Some(first.as_str()), Some(first.as_str()), ""),
        (Some(&first), Some("CLK_example123"), differs),
        (Some(&first), None, ""),
        (None, Some(&first), not_used),
        (None, None, ""),
    ];
    for (known, sent, note) in cases {
        let mut history = live();
        history.order("A", "100.00", known);
        let json = serde_json::json!({
            "externalOrderId": "A", "status": "pending", "clickId": sent,
        });
        let outcome = history.tell_json(EventKind::OrderStatus, &json);
        let plain = match known {
            Some(_) => "pending: recorded; the commission stays pending.",
            None => "Recorded pending; the conversion has no commission.",
        };
        assert_eq!(outcome.detail, format!("{plain}{note}"), "{known:?} {sent:?}");
    }
}

#[test]
fn a_decision_of_the_same_instant_is_not_stale() {
    let mut history = live();
    history.attributed("A", "100.00");
    history.wait(1000);
    history.report_at("A", S::CommissionApproved, None, Some(T0 + 500));
    let outcome = history.report_at("A", S::CommissionRejected, None, Some(T0 + 500));
    assert_eq!((outcome.code, history.state("A")), (Code::Applied, State::Rejected));
}

#[test]
fn what_is_taken_back_is_a_line_of_the_order_or_its_one_product() {
    let lines = [("TEA", 2), ("CUP", 1)];
    let cases: [(Lines<'_>, &[&str], &str, bool); 6] = [
        (&lines, &[], "TEA", true),
        (&lines, &[], "POT", false),
        (&lines, &["POT"], "POT", false),
        (&[], &["POT"], "POT", true),
        (&[], &["POT"], "TEA", false),
        (&[], &[], "TEA", false),
    ];
    for (lines, beside, sku, sold) in cases {
        let mut history = live();
        history.basket("A", "30.00", lines, beside);
        let outcome = history.take_back("A", &[(sku, 1)]);
        let expected = if sold { Code::Recorded } else { Code::RefundAmountInvalid };
        assert_eq!(outcome.code, expected, "{lines:?} {beside:?} {sku}");
        assert_eq!(history.get("A").returned.contains_key(sku), sold);
    }
    // One line that is known is enough.
    let mut history = live();
    history.basket("A", "30.00", &lines, &[]);
    assert_eq!(history.take_back("A", &[("POT", 1), ("TEA", 1)]).code, Code::Recorded);
}

#[test]
fn an_order_is_back_when_every_unit_of_every_line_is() {
    let twice = [("TEA", 1), ("TEA", 1), ("CUP", 2)];
    let cases: [(Lines<'_>, Lines<'_>, bool); 7] = [
        (&twice, &[("TEA", 1), ("CUP", 2)], false),
        (&twice, &[("TEA", 2), ("CUP", 1)], false),
        (&twice, &[("TEA", 2)], false),
        (&twice, &[("TEA", 2), ("CUP", 2)], true),
        (&twice, &[("TEA", 9), ("CUP", 9)], true),
        (&[], &[("POT", 1)], true),
        (&[("POT", 3)], &[("POT", 1)], false),
    ];
    for (lines, back, whole) in cases {
        let click = live().click(LINK);
        for beside in [&["POT"][..], &["POT", click.as_str()]] {
            // What came for nothing is taken back line by line as well.
            for amount in ["40.00", "0.00"] {
                let mut history = live();
                history.basket("A", amount, lines, beside);
                history.take_back("A", back);
                let order = history.get("A");
                let expected = whole.then_some(S::Returned);
                assert_eq!(order.reversed_by, expected, "{amount} {lines:?} {back:?} {beside:?}");
                assert_eq!(order.refunded, Decimal::ZERO);
            }
        }
    }
}

#[test]
fn of_a_total_and_lines_taken_back_the_smaller_rest_counts() {
    let click = live().click(LINK);
    let lines = [("TEA", 2), ("CUP", 2)];
    for (refunded, back, net) in [("10.00", 2, "2.00"), ("30.00", 1, "1.00")] {
        for total_first in [true, false] {
            let mut history = live();
            history.basket("A", "40.00", &lines, &["POT", &click]);
            assert_eq!(history.net("A"), "4.00");
            if total_first {
                history.report("A", S::Refunded, Some(refunded));
            }
            history.take_back("A", &[("TEA", back)]);
            if !total_first {
                history.report("A", S::Refunded, Some(refunded));
            }
            assert_eq!(history.net("A"), net, "{refunded} {back}");
        }
    }
}

#[test]
fn an_order_shows_the_status_with_the_latest_instant() {
    let mut history = live();
    history.order("A", "100.00", None);
    history.wait(5_000);
    let cases = [
        (S::Delivered, 900, S::Delivered, 900),
        (S::Confirmed, 899, S::Delivered, 900),
        (S::Paid, 900, S::Paid, 900),
        (S::Returned, 901, S::Returned, 901),
        (S::Confirmed, 902, S::Confirmed, 902),
    ];
    for (status, second, shown, shown_at) in cases {
        history.wait(10);
        history.report_at("A", status, None, Some(T0 + second));
        let order = history.get("A");
        assert_eq!((order.status, order.status_at), (shown, at(T0 + shown_at)), "{status:?}");
        assert_eq!(order.updated_at, at(history.now));
    }
    // Without an instant of its own, it happened when it was accepted.
    history.report("A", S::Delivered, None);
    assert_eq!(history.get("A").status_at, at(history.now));
}

#[test]
fn what_a_status_did_is_said_in_a_sentence() {
    let mut history = live();
    history.attributed("A", "100.00");
    let until = shared::time::format_instant(at(T0 + 100 + 14 * DAY));
    let steps = [
        (S::Pending, None, "pending: recorded; the commission stays pending.".to_owned()),
        (S::Confirmed, None, "confirmed: the commission went from pending to hold.".to_owned()),
        (
            S::Delivered,
            None,
            format!("delivered: the commission stays on hold; it is held until {until}."),
        ),
        (S::Paid, None, "paid: recorded; the commission stays hold.".to_owned()),
        (S::Refunded, Some("40.00"), "refunded: NPR 6.00 of the commission is left.".to_owned()),
        (
            S::CommissionApproved,
            None,
            "commission_approved: the commission went from hold to payable.".to_owned(),
        ),
        (S::Cancelled, None, "cancelled: the commission went from payable to rejected.".to_owned()),
        (
            S::Delivered,
            Some("again"),
            "delivered: skipped; a commission that is rejected does not change for it.".to_owned(),
        ),
    ];
    for (status, beside, detail) in steps {
        let outcome = match beside {
            Some("again") => history.report_at("A", status, None, Some(T0 + 150)),
            refunded => history.report("A", status, refunded),
        };
        assert_eq!(outcome.detail, detail);
    }
}
