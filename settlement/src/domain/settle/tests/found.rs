//! What seeded histories found once.

use super::*;

#[test]
fn a_status_that_went_on_with_its_order_is_not_taken_up_again() {
    let mut history = live();
    let click = history.click(77);
    history.order("A", "100.00", Some(&click));
    assert_eq!(history.report("A", S::Confirmed, None).code, Code::AwaitingConversion);
    // Both are over when the job comes, and it takes both up.
    history.wait(CONVERSION_WAIT_SECONDS);
    for parked in history.book.changes.newly_parked.clone() {
        history.book.resume(parked, at(history.now));
    }
    assert_eq!(history.outcome("e1").code, Code::InReview);
    assert_eq!(history.outcome("e2").code, Code::Recorded);
}

#[test]
fn a_decision_leaves_nothing_on_a_commission_that_is_over() {
    let mut history = live();
    history.attributed("A", "100.00");
    history.report("A", S::Refunded, None);
    history.wait(1000);
    for second in [T0 + 600, T0 + 500] {
        let outcome = history.report_at("A", S::CommissionRejected, None, Some(second));
        assert_eq!(outcome.code, Code::NoChange, "{second}");
    }
    let commission = history.get("A").commission.as_ref().expect("the order has a commission");
    assert_eq!(commission.decided_at, None);
}
