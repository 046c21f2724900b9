//! From a commission's notices to what the event shows.

use super::{decimal, shown};
use crate::domain::notice::Kind;
use crate::domain::webhook::affiliate_order::standing::{OrderStatus as S, Shown, Standing};
use serde_json::{Value, json};

/// Where an order of 2,999.00 stands after these notices.
fn after(notices: &[(Kind, Value)]) -> Shown {
    let mut standing = None;
    for (kind, data) in notices {
        standing = Standing::after(standing, *kind, data);
    }
    standing.expect("a notice tells where it stands").shown(decimal("2999.00"))
}

fn step(kind: Kind, to: &str, net: &str) -> (Kind, Value) {
    (kind, json!({"to": to, "netAmount": net, "delta": "0.00", "holdUntil": null}))
}

fn with(mut step: (Kind, Value), more: Value) -> (Kind, Value) {
    let Value::Object(more) = more else { panic!("fields of the test") };
    step.1.as_object_mut().expect("data is an object").extend(more);
    step
}

fn window() -> Value {
    json!({"holdUntil": "2026-06-28T03:45:00Z"})
}

fn refund(total: &str) -> Value {
    json!({"orderStatus": "refunded", "refundedAmount": total})
}

fn reversed(by: &str) -> Value {
    json!({"orderStatus": by, "refundedAmount": "2999.00"})
}

fn correction(to: &str, net: &str, by: &str) -> (Kind, Value) {
    let more = json!({"correctionId": "c", "delta": by});
    with(step(Kind::CommissionAdjusted, to, net), more)
}

#[test]
fn each_state_of_a_commission_is_one_of_the_event_s_words() {
    use Kind as K;
    let cases = [
        (step(K::CommissionCreated, "pending", "299.90"), S::Pending),
        (step(K::CommissionHeld, "hold", "299.90"), S::Pending),
        (with(step(K::CommissionHeld, "hold", "299.90"), window()), S::Completed),
        (with(step(K::CommissionApproved, "approved", "299.90"), window()), S::Completed),
        // Approved by its merchant before any window began.
        (step(K::CommissionApproved, "approved", "299.90"), S::Completed),
        (with(step(K::CommissionPayable, "payable", "299.90"), window()), S::Completed),
        (with(step(K::CommissionPaid, "paid", "299.90"), window()), S::Completed),
    ];
    for (notice, expected) in cases {
        assert_eq!(
            after(std::slice::from_ref(&notice)),
            shown(expected, "299.90", "0"),
            "{notice:?}"
        );
    }
}

#[test]
fn a_rejection_is_a_refund_or_a_failure_by_what_led_to_it() {
    let cases = [
        (reversed("refunded"), S::Refunded),
        (reversed("returned"), S::Refunded),
        (reversed("cancelled"), S::Failed),
        (json!({}), S::Failed),
        (json!({"reason": "refunded"}), S::Failed),
        (json!({"reason": "Refused in risk review."}), S::Failed),
    ];
    for (more, expected) in cases {
        let created = step(Kind::CommissionCreated, "pending", "299.90");
        let rejected = with(step(Kind::CommissionRejected, "rejected", "0.00"), more.clone());
        assert_eq!(after(&[created, rejected]), shown(expected, "0", "0"), "{more}");
    }
}

#[test]
fn a_partial_refund_keeps_the_status_and_lowers_what_is_left() {
    let created = step(Kind::CommissionCreated, "pending", "299.90");
    let held = with(step(Kind::CommissionHeld, "hold", "299.90"), window());
    let adjusted = |to, net, total| with(step(Kind::CommissionAdjusted, to, net), refund(total));
    let early = [created.clone(), adjusted("pending", "200.00", "999.00")];
    assert_eq!(after(&early), shown(S::Pending, "200.00", "2000.00"));
    let held_with = |mut notice: (Kind, Value)| {
        notice = with(notice, window());
        notice
    };
    let first = held_with(adjusted("hold", "200.00", "999.00"));
    let second = held_with(adjusted("hold", "100.00", "1999.00"));
    let so_far = [created.clone(), held.clone(), first.clone()];
    assert_eq!(after(&so_far), shown(S::Completed, "200.00", "2000.00"));
    let so_far = [created.clone(), held.clone(), first.clone(), second];
    assert_eq!(after(&so_far), shown(S::Completed, "100.00", "1000.00"));
    // A step that takes nothing back keeps what was taken back before.
    let paid = with(step(Kind::CommissionPaid, "paid", "200.00"), window());
    assert_eq!(after(&[created, held, first, paid]), shown(S::Completed, "200.00", "2000.00"));
}

#[test]
fn units_count_by_what_they_had_cost_where_that_is_more() {
    let created = step(Kind::CommissionCreated, "pending", "299.90");
    for (refunded, returned, left) in [
        (None, Some("999.00"), "2000.00"),
        (Some("500.00"), Some("999.00"), "2000.00"),
        (Some("1999.00"), Some("999.00"), "1000.00"),
        (Some("9999.00"), None, "0.00"),
    ] {
        let mut more = json!({"orderStatus": "returned"});
        let amounts = [("refundedAmount", refunded), ("returnedAmount", returned)];
        for (name, amount) in amounts.into_iter().filter(|(_, amount)| amount.is_some()) {
            more[name] = json!(amount);
        }
        let adjusted = with(step(Kind::CommissionAdjusted, "pending", "200.00"), more);
        let shown = after(&[created.clone(), adjusted]);
        assert_eq!(shown.order_adjustment, decimal(left), "{refunded:?} {returned:?}");
    }
}

#[test]
fn a_shop_s_refusal_after_a_partial_refund_leaves_the_order_as_it_was_left() {
    let created = step(Kind::CommissionCreated, "pending", "299.90");
    let adjusted = with(step(Kind::CommissionAdjusted, "pending", "200.00"), refund("999.00"));
    let refused = step(Kind::CommissionRejected, "rejected", "0.00");
    let notices = [created.clone(), adjusted.clone(), refused];
    assert_eq!(after(&notices), shown(S::Failed, "0", "2000.00"));
    let whole = with(step(Kind::CommissionRejected, "rejected", "0.00"), reversed("refunded"));
    assert_eq!(after(&[created, adjusted, whole]), shown(S::Refunded, "0", "0"));
}

#[test]
fn corrections_are_added_whatever_the_state() {
    let created = step(Kind::CommissionCreated, "pending", "299.90");
    let paid = with(step(Kind::CommissionPaid, "paid", "299.90"), window());
    let less = correction("paid", "299.90", "-99.90");
    let more = correction("paid", "299.90", "50.00");
    let notices = [created.clone(), paid, less, more];
    assert_eq!(after(&notices[..3]), shown(S::Completed, "200.00", "0"));
    assert_eq!(after(&notices), shown(S::Completed, "250.00", "0"));
    for (by, status) in [("refunded", S::Refunded), ("cancelled", S::Failed)] {
        let rejected = with(step(Kind::CommissionRejected, "rejected", "0.00"), reversed(by));
        let granted = correction("rejected", "0.00", "299.90");
        let notices = [created.clone(), rejected, granted];
        assert_eq!(after(&notices), shown(status, "299.90", "0"), "{by}");
    }
}

#[test]
fn what_is_no_step_of_a_commission_changes_nothing() {
    let created = step(Kind::CommissionCreated, "pending", "299.90");
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.as_str().starts_with("commission.")) {
        let stranger = with(step(kind, "rejected", "0.00"), reversed("refunded"));
        assert_eq!(Standing::after(None, kind, &stranger.1), None, "{kind:?}");
        assert_eq!(after(&[created.clone(), stranger]), shown(S::Pending, "299.90", "0"));
    }
    for unreadable in [json!({}), json!({"to": "hold"}), json!({"to": "hold", "netAmount": 1})] {
        let notice = (Kind::CommissionHeld, unreadable);
        assert_eq!(after(&[created.clone(), notice]), shown(S::Pending, "299.90", "0"));
    }
}
