//! Refunds and rejections that meet a payout: drafted, approved, in flight, answered.

use crate::world::{FIRST, Place, World, cents};
use settlement::domain::payout_export::answers::Answer;
use settlement::flows::payout::process::Processed;

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_changes_an_approved_payout_and_brings_it_back_to_draft() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    world.payable(FIRST, "A-2", "20.00", "NPR").await;
    let drafted = world.run().await;
    world.approve(drafted.run).await;
    world.refund(0, "A-1", Some("5.00")).await;
    let payouts = world.payouts(drafted.run).await;
    assert_eq!((payouts[0].state.as_str(), payouts[0].amount), ("draft", cents(250)));
    world.refund(0, "A-2", None).await;
    let payouts = world.payouts(drafted.run).await;
    assert_eq!((payouts[0].state.as_str(), payouts[0].amount), ("draft", cents(50)));
    assert_eq!(world.text("select count(*)::text from payout_line").await, "1");
    assert!(matches!(world.try_process(drafted.run).await, Processed::Nothing(_)));
    world.approve(drafted.run).await;
    assert!(matches!(world.try_process(drafted.run).await, Processed::Sent(_)));
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_loses_its_last_line_is_cancelled() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let drafted = world.run().await;
    world.refund(0, "A-1", None).await;
    let payouts = world.payouts(drafted.run).await;
    assert_eq!(payouts[0].state, "cancelled");
    assert_eq!(world.run().await.lines, 0);
    world.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_in_flight_waits_and_is_skipped_once_the_payout_settled() {
    for (amount, rest) in [(None, ""), (Some("5.00"), "partial")] {
        let mut world = World::live().await;
        world.payable(FIRST, "A-1", "10.00", "NPR").await;
        let payouts = world.send().await;
        let refund = world.refund(0, "A-1", amount).await;
        assert_eq!(world.outcome(&refund).await, "parked PAYOUT_IN_FLIGHT", "{rest}");
        world.resume().await;
        assert_eq!(world.outcome(&refund).await, "parked PAYOUT_IN_FLIGHT", "{rest}");
        world.say("file-1", &payouts[0], Answer::Settled).await;
        world.resume().await;
        let outcome = world.outcome(&refund).await;
        assert_eq!(outcome, "skipped ORDER_STATUS_TRANSITION_DENIED", "{rest}");
        assert_eq!(world.text("select state || net_amount from commission").await, "paid1.00");
        world.assert_books_hold().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_in_flight_are_applied_in_their_own_order_once_the_payout_failed() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    world.payable(Place { merchant: 1, affiliate: 0 }, "B-1", "30.00", "NPR").await;
    let payouts = world.send().await;
    // The later refund is told first; each is of the total so far.
    let early =
        r#""status":"refunded","refundedAmount":"4.00","statusUpdatedAt":"2026-06-15T08:01:00Z""#;
    let late =
        r#""status":"refunded","refundedAmount":"5.00","statusUpdatedAt":"2026-06-15T08:02:00Z""#;
    let late = world.report(0, "A-1", late).await;
    let early = world.report(0, "A-1", early).await;
    let rejected = world.report(1, "B-1", r#""status":"commission_rejected""#).await;
    world.settle().await;
    for event in [&early, &late, &rejected] {
        assert_eq!(world.outcome(event).await, "parked PAYOUT_IN_FLIGHT");
    }
    world.say("file-1", &payouts[0], Answer::Failed).await;
    world.resume().await;
    for event in [&early, &late, &rejected] {
        assert_eq!(world.outcome(event).await, "applied APPLIED");
    }
    let steps = "select string_agg(data->>'netAmount', ' ' order by position) from webhook_event
                 where type = 'commission.adjusted'";
    assert_eq!(world.text(steps).await, "0.60 0.50");
    let shown = "select string_agg(commission.state || net_amount, ' ' order by external_order_id)
                 from commission join conversion using (conversion_id)";
    assert_eq!(world.text(shown).await, "payable0.50 rejected0");
    world.assert_books_hold().await;
    world.hear().await;
    assert_eq!(world.send().await[0].amount, cents(50));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commission_of_which_nothing_is_left_keeps_no_payout_from_going_out() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "1.00", "NPR").await;
    world.payable(FIRST, "A-2", "20.00", "NPR").await;
    let drafted = world.run().await;
    // 0.04 at 10 % is 0.004: nothing.
    world.refund(0, "A-1", Some("0.96")).await;
    assert_eq!(world.text("select count(*)::text from payout_line").await, "1");
    world.refund(0, "A-1", None).await;
    world.approve(drafted.run).await;
    assert!(matches!(world.try_process(drafted.run).await, Processed::Sent(_)));
    let payouts = world.payouts(drafted.run).await;
    assert_eq!((payouts[0].state.as_str(), payouts[0].amount), ("processing", cents(200)));
    world.assert_books_hold().await;
    // The same, of which nothing was left before there was a draft.
    world.payable(FIRST, "A-3", "1.00", "NPR").await;
    world.refund(0, "A-3", Some("0.96")).await;
    assert_eq!(world.run().await.lines, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_waited_for_a_failed_payout_is_applied_before_the_next_one() {
    let mut world = World::live().await;
    world.payable(FIRST, "A-1", "10.00", "NPR").await;
    let payouts = world.send().await;
    world.refund(0, "A-1", None).await;
    world.say("file-1", &payouts[0], Answer::Failed).await;
    assert_eq!(world.run().await.lines, 0);
    world.resume().await;
    assert_eq!(world.text("select state from commission").await, "rejected");
    assert_eq!(world.run().await.lines, 0);
    world.assert_books_hold().await;
}
